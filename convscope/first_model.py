"""Which network is trained, and the model as it is before its first step."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from convscope import network, run
from convscope.data import Dataset
from convscope.data.files import cache
from convscope.lint import explained
from convscope.lint.first_batch import first_batch
from convscope.network.handed import Settled, settle
from convscope.network.keras_network import KerasNetwork
from convscope.network.layers import MadeFor
from convscope.network.model import Model, assemble
from convscope.planning import Plan
from convscope.randomness import seeded
from convscope.training import TrainingSettings
from convscope.training.events import Notice


class Begun(NamedTuple):
    """A network before its training.

    Attributes:
        part: as the settings of the run name it.
        model: the network with its first and last step.
        code: the file that makes it; None: a network of the house, or one that no file makes again.
        start: the weights that it was handed over with; None where the seed makes them.
        reasons: why it was chosen, where nobody named it; what was done with a Keras model.
    """

    part: run.NetworkPart
    model: Model
    code: Path | None
    start: dict[str, Tensor] | None
    reasons: list[str]


@explained()
def of_plan(plan: Plan, dataset: Dataset) -> Begun:
    """What a person named or handed over; else the default of the house for such data.

    Raises:
        NetworkError: it cannot be made, or does not fit the samples.
    """
    seed, scale = plan.training.seed, {knob: getattr(plan, knob) for knob in network.KNOBS}
    if plan.network is None:
        name, usual = network.default(dataset.kind, len(dataset.parts["train"]), dataset.space)
        known = {knob: value for knob, value in scale.items() if value is not None}
        part = run.NetworkPart(name=name, **{**usual, **known})
        return Begun(part, _built(part.name, part, dataset, seed), None, None, [_on_default(name)])
    if isinstance(plan.network, str):
        part = run.NetworkPart(name=plan.network, **scale)
        code = Path(part.file) if part.file else None
        model = _built(part.name, part, dataset, seed)
        return Begun(part, model, code, None, _of_keras(model, "said"))
    own = handed_over(plan, dataset)
    part = run.NetworkPart(name=own.name, **scale, handed=None if own.file else True)
    code = Path(run.NetworkPart(name=own.file).file or "") if own.file else None
    if own.body is None:
        model = _built(own.file or "", part, dataset, seed)
        return Begun(part, model, code, None, _of_keras(model, "said"))
    return Begun(part, _around(own.body, dataset), code, own.body.state_dict(), [])


def of_run(begun: run.Run, dataset: Dataset) -> Model:
    """The model of a run that has no checkpoint yet, as it was before its first step."""
    model = begun.untrained()
    if (start := begun.start()) is not None:
        model.network.load_state_dict(start)
    return _fitted(model.train(), dataset)


@explained()
def handed_over(plan: Plan, dataset: Dataset) -> Settled:
    """A network that was handed over in Python, with the file that makes it again where there can be one."""
    scale = {knob: getattr(plan, knob) for knob in network.KNOBS if getattr(plan, knob) is not None}
    shape = MadeFor(dataset.channels, len(dataset.classes), dataset.space)
    return settle(plan.network, shape, cache.home() / "networks", plan.training.seed, scale)


def doubts(begun: Begun, dataset: Dataset, settings: TrainingSettings) -> Iterator[Notice]:
    """What looks wrong in a person's own network, before time is spent on it."""
    yield from map(Notice, _of_keras(begun.model, "doubts"))
    if begun.part.name not in network.NETWORKS:
        yield from (Notice(found.sentence()) for found in first_batch(begun.model, dataset, settings))


def _built(name: str, part: run.NetworkPart, dataset: Dataset, seed: int) -> Model:
    """By its name: the same seed gives the same weights."""
    shape = dataset.channels, len(dataset.classes), dataset.space
    knobs = {"width": part.width, "depth": part.depth}
    steps = {"scale": dataset.settings.scale, "regression": dataset.regression}
    with seeded(seed):
        return _fitted(network.build_model(name, *shape, **knobs, **steps), dataset)


def _around(body: nn.Module, dataset: Dataset) -> Model:
    """Around a network that has weights."""
    scale, regression = dataset.settings.scale, dataset.regression
    return _fitted(assemble(body.train(), dataset.channels, scale=scale, regression=regression), dataset)


def _fitted(model: Model, dataset: Dataset) -> Model:
    return model.fit(dataset.inputs, dataset.labels, dataset.parts["train"])


def _of_keras(model: Model, what: str) -> list[str]:
    """Sentences on a network that is a Keras model."""
    return list(getattr(model.network, what)) if isinstance(model.network, KerasNetwork) else []


def _on_default(name: str) -> str:
    return f"network '{name}': the best of the house for its time"
