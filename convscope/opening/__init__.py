"""What a person names, opened: a run, a network, `file.py:Class`, a `.keras` file, a layer as it is typed.

    open_model("plain", ["mnist-sample:3"])
    open_model("nn.Conv1d(2, 5, 3, stride=2)", ["2x5"])
    open_model("latest", ["test:17"])

| file | what it opens |
| --- | --- |
| typed.py | a layer as it is written in Python, without running any Python |
| samples.py | what the model is given: random numbers, a file, a sample of a data set |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

from convscope.errors import NetworkError, ShapeError, guess
from convscope.lint import explained
from convscope.network import NETWORKS, build, keras_file
from convscope.network.own import build_own, is_own
from convscope.opening import samples, typed
from convscope.opening.samples import ModelInput, Place
from convscope.paths import expanded
from convscope.randomness import seeded
from convscope.run import Run, folders, load

__all__ = ["Opened", "open_model"]

Made = TypeVar("Made")
CLASSES = 10
SEED = 0  # of weights and inputs that are drawn: the same words give the same numbers


@dataclass(frozen=True)
class Opened:
    """A model with something to run it on.

    Attributes:
        name: as the person wrote it.
        model: in evaluation mode.
        inputs: what it is called with, ONE sample each: (1, …); (length, 1, …) for a recurrent layer that
            wants its samples on the second axis.
        keywords: further inputs by name.
        given: a line for each input: what it is.
        classes: names of the outputs, of a run; else empty.
        run: the run that it comes from.
        place: of the first input in the run's data, where it is one of its samples.
    """

    name: str
    model: nn.Module
    inputs: tuple[Tensor, ...]
    keywords: dict[str, Tensor] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    run: Run | None = None
    place: Place | None = None


def open_model(name: str, inputs: Sequence[str] = (), *, classes: int = CLASSES) -> Opened:
    """Open a model by what it is called.

    Args:
        name: a network that `convscope networks` lists, a run (folder, name in ./runs, "latest"),
            `file.py:ClassOrFunction`, a `.keras` file, or layers as they are typed. A network's name comes
            first: write `./runs/plain` for a run that is called so.
        inputs: one word for each input, see `samples`. A run and a `.keras` file know their own.
        classes: scores of a network that is built.

    Raises:
        ConvscopeError: there is no such model or input, or it cannot be read; says what there is.

    >>> opened = open_model("nn.Conv1d(2, 5, 3, stride=2)", ["2x5"])
    >>> opened.model, opened.inputs[0].shape, opened.given
    (Conv1d(2, 5, kernel_size=(3,), stride=(2,)), torch.Size([1, 2, 5]), ('random numbers, 2 × 5',))
    """
    if typed.is_typed(name):
        return _assembled(name, _seeded(lambda: typed.layer(name)), inputs)
    if keras_file.is_named(name):
        return _keras(name, inputs)
    if is_own(name) and not Path(name).is_dir():
        given = _given(name, inputs)
        channels, *space = _first(given).tensor.shape[1:] or (1,)
        with explained():
            made = _seeded(lambda: build_own(name, channels, classes, tuple(space)))
        return _finished(name, made, given)
    if name in NETWORKS:
        given = _given(name, inputs)
        shape = tuple(_first(given).tensor.shape[1:])
        if len(shape) < 2:
            raise ShapeError(f"network '{name}' takes channel × space, such as 1x28x28; got {inputs[0]}.")
        return _finished(name, _seeded(lambda: build(name, shape[0], classes, shape[1:])), given)
    return _run(name, inputs)


def _assembled(name: str, model: nn.Module, inputs: Sequence[str]) -> Opened:
    """Torch's recurrent layers and attention want the samples on the second axis, unless told otherwise."""
    axis = 1 if getattr(model, "batch_first", True) is False else 0
    return _finished(name, model, _given(name, inputs, axis))


def _keras(name: str, inputs: Sequence[str]) -> Opened:
    model, own = _seeded(lambda: keras_file.load(expanded(name)))
    return _finished(name, model, _given(name, inputs or own))


def _run(name: str, inputs: Sequence[str]) -> Opened:
    run = load(_found(name))
    given = [samples.of_run(word, run, SEED + place) for place, word in enumerate(inputs)]
    given = given or [samples.like_those_of(run, SEED)]
    return _finished(name, run.model(), given, run)


def _finished(name: str, model: nn.Module, given: Sequence[ModelInput], run: Run | None = None) -> Opened:
    return Opened(
        name,
        model.eval(),
        tuple(each.tensor for each in given if not each.keyword),
        {each.keyword: each.tensor for each in given if each.keyword},
        tuple(each.words for each in given),
        run.classes if run else (),
        run,
        _first(given).place,
    )


def _given(name: str, inputs: Sequence[str], axis: int = 0) -> list[ModelInput]:
    if not inputs:
        raise NetworkError(f"say what '{name}' is run on: --input, for example 1x28x28.\n  {samples.FORMS}")
    return [samples.read(word, SEED + place, axis) for place, word in enumerate(inputs)]


def _first(given: Sequence[ModelInput]) -> ModelInput:
    """The input that a network is built for."""
    return next((each for each in given if not each.keyword), given[0])


def _seeded(make: Callable[[], Made]) -> Made:
    """Weights are drawn from the seed, and nobody else's random numbers change."""
    with seeded(SEED):
        return make()


def _found(name: str) -> Path:
    """The folder of a run; where there is none, what a model can be."""
    path = expanded(name)
    if len(path.parts) > 1 or path.exists() or name == folders.LATEST:
        return folders.find(name)
    known = [*NETWORKS, *(run.name for run in folders.inside(folders.ROOT))]
    if name in known:
        return folders.find(name)
    raise NetworkError(
        f"there is no model '{name}'{guess(name, known)}\n"
        f"  A model is a network ({', '.join(NETWORKS)}), a run (its folder, or latest),\n"
        '  file.py:Class, a .keras file, or a layer as it is typed, such as "nn.Conv2d(1, 8, 3)".'
    )
