"""What a person wants to look at → a session: a run, a model with an input, a data set, or the example."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from convscope import data as data_room
from convscope import network, recipe
from convscope.data import CATALOGUE, DataSettings
from convscope.data.dataset import Dataset
from convscope.data.files import cache
from convscope.errors import ConvscopeError, DataError, RunError
from convscope.lint import explained
from convscope.network import NETWORKS
from convscope.network.model import Model
from convscope.network.own import is_own
from convscope.opening import Opened, open_model, typed
from convscope.paths import expanded
from convscope.randomness import seeded
from convscope.run import folders, load
from convscope.training.events import Event
from convscope.web.session import Session

SEED = 0  # of the weights of a network that nobody trained
EXAMPLE = {"source": "mnist-sample", "network": "plain", "epochs": 2}  # a few seconds on two cores


def session_of(name: str, inputs: Sequence[str] = (), *, classes: int = 10) -> Session:
    """Open what a person names.

    Args:
        name: a run, a model as `open_model` takes it, or data: a name of the catalogue or a path.
        inputs: what it is run on; of a run or data, the first sample of its test part if not given.
        classes: scores of a network that is built.

    Raises:
        ConvscopeError: there is nothing of that name, or it cannot be read.
    """
    if is_data(name):
        return _of_data(name, inputs)
    opened = open_model(name, inputs, classes=classes)
    if opened.run is None:
        return Session(opened)
    try:
        dataset = opened.run.dataset()
    except DataError as error:  # the network can be looked at without them
        first = str(error).partition("\n")[0].rstrip(":.")
        return Session(opened, note=f"without its data: {first}", without_data=True)
    return Session(opened, dataset, sample=None if inputs else 0, note=opened.run.caveat)


def is_data(name: str) -> bool:
    """Whether this names data and no model; names of the catalogue and of networks come before paths.

    >>> is_data("mnist-sample"), is_data("plain"), is_data("nn.Conv2d(1, 8, 3)"), is_data("latest")
    (True, False, False, False)
    """
    path = expanded(name)
    if name in CATALOGUE:
        return True
    if name in NETWORKS or typed.is_typed(name) or name.endswith(".keras") or path.name == folders.LATEST:
        return False
    if is_own(name) and not path.is_dir():
        return False
    return path.exists() and not folders.is_run(path) and not folders.inside(path)


def latest() -> str | None:
    """The run that `latest` in ./runs points to, where there is one."""
    try:
        return str(folders.find(folders.ROOT / folders.LATEST))
    except RunError:
        return None


def example() -> Path | None:
    """The example's run, where it was made before."""
    for path in reversed(folders.inside(_home())):
        try:
            if load(path).finished:
                return path
        except ConvscopeError:
            continue  # damaged, or of another version: a new one is made
    return None


def make_example() -> Iterator[Event | recipe.Loaded | recipe.Created | recipe.Judged]:
    """Train the example's network; once, for it is kept in the cache folder."""
    yield from recipe.stream(recipe.plan(**EXAMPLE, runs=_home()))


def _home() -> Path:
    return cache.home() / "example"


def _of_data(name: str, inputs: Sequence[str]) -> Session:
    """The data in the network that would be trained on them, before training."""
    dataset = data_room.load(name, DataSettings())
    rows = dataset.parts["train"]
    kind, scale = network.default(dataset.kind, len(rows), dataset.space)
    model = _untrained(dataset, kind, scale)
    opened = Opened(
        name,
        model,
        (dataset.inputs[:1].clone(memory_format=torch.contiguous_format),),
        given=(str(dataset.names[0]),),
        classes=() if dataset.regression else dataset.classes,
    )
    note = f"the network '{kind}', not trained: its weights are drawn at random"
    return Session(opened, dataset, sample=_sample(inputs), note=note)


@explained()
def _untrained(dataset: Dataset, name: str, scale: dict[str, float]) -> Model:
    shape = dataset.channels, len(dataset.classes), dataset.space
    rows = dataset.parts["train"] if len(dataset.parts["train"]) else torch.arange(len(dataset.labels))
    with seeded(SEED):
        model = network.build_model(name, *shape, regression=dataset.regression, **scale)  # pyright: ignore[reportArgumentType]
    return model.fit(dataset.inputs, dataset.labels, rows).eval()


def _sample(inputs: Sequence[str]) -> int:
    """Which sample of the test part is the first one on the page."""
    if not inputs:
        return 0
    found = re.fullmatch(r"(?:test:)?(\d{1,9})", inputs[0])
    if found is None or len(inputs) > 1:
        raise DataError(f"--input of data is one of its test samples, such as test:17; got {inputs[0]}.")
    return int(found[1])
