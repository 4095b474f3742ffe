"""The options of `convscope train`, in the groups that its help shows, and how they become settings.

Names and defaults are those of `DataSettings` and `TrainingSettings`, which cannot be used here: they stand
in rooms that import torch, and `--help` should not wait for it. A test holds the two together.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from convscope.errors import ConvscopeError, UnknownName

if TYPE_CHECKING:
    from pydantic import ValidationError

    from convscope.data import DataSettings
    from convscope.training.settings import Augment, TrainingSettings

DATA, NETWORK, TRAINING, MACHINE, RUN = (
    Group(name, sort_key=place)
    for place, name in enumerate(["Data", "Network", "Training", "Machine", "Run"], 1)
)

Flag = Annotated[bool, Parameter(show_default=False)]
Json = Annotated[Flag, Parameter(name="--json", help="Print one JSON value and nothing else.")]


class UsageError(ConvscopeError):
    """An argument that makes no sense; the command line ends with 2 instead of 1."""


@Parameter(name="*", group=DATA)
@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What becomes of the data before training."""

    size: str | None = None
    """Bring pictures to this size: 64, or 48x64 pixels (height x width). Otherwise chosen from the data."""
    channels: Literal[1, 3] | None = None
    """1: grey, 3: colour. Chosen from the data otherwise."""
    fit: Literal["letterbox", "crop", "stretch"] = "letterbox"
    """How a picture comes into the size: with bars, with its edges cut off, or distorted."""
    val: float = 0.1
    """Share of the training part that is held back to find the best epoch, where DATA has no such part."""
    test: float = 0.2
    """Share that is held back for the final test, where DATA has no such part."""


@Parameter(name="*", group=NETWORK)
@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """What is trained."""

    network: str | None = None
    """A name that `convscope networks` lists, or your own: file.py:ClassOrFunction."""
    width: float | None = None
    """Multiply the number of channels of every layer."""
    depth: int | None = None
    """Layers, or blocks, as the network counts them."""


@Parameter(name="*", group=TRAINING)
@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How it is trained; what is not given is chosen from the data."""

    epochs: float | None = None
    """Passes over the training part; 0.5 is half a pass."""
    batch: int | Literal["full"] | None = None
    """Samples for each update of the weights. full: all of them (batch gradient descent); 1: stochastic."""
    optimizer: Literal["sgd", "momentum", "adam", "adamw"] | None = None
    """The rule that turns a gradient into an update."""
    lr: float | None = None
    """Learning rate, the size of an update; its peak, where the schedule moves it."""
    schedule: Literal["constant", "step", "cosine", "onecycle"] | None = None
    """How the learning rate moves during training."""
    loss: Literal["cross-entropy", "mse"] = "cross-entropy"
    """What training makes small. mse: squared distance to 1 for the true class and 0 for the others."""
    label_smoothing: float | None = None
    """Certainty taken from the true class: with 0.1 the network aims at 90 %, not at 100 %."""
    class_weights: Flag = False
    """Count errors on rare classes for more, so that every class weighs the same."""
    weight_decay: float | None = None
    """How strongly weights are pulled towards 0."""
    clip: float | None = None
    """Shorten a gradient that is longer than this."""
    patience: int | None = None
    """Stop early after this many epochs in which validation got no better."""
    augment: str | None = None
    """Random changes of training samples: shift=0.1,flip, or any of shift, crop, scale and cutout (shares of
    the size), rotate (degrees), flip. none: no change; auto: chosen from the data."""
    seed: int = 0
    """Start of all random numbers: the same seed gives the same split and the same weights."""
    device: Annotated[Literal["auto", "cpu", "cuda"], Parameter(group=MACHINE)] = "auto"
    """Where to compute; auto takes the GPU if there is one."""
    precision: Annotated[Literal["auto", "fp32", "bf16"], Parameter(group=MACHINE)] = "auto"
    """Numbers of 32 or 16 bits; auto takes bf16 where the machine is faster with it."""
    threads: Annotated[int | None, Parameter(group=MACHINE)] = None
    """Processor threads to compute with."""


@Parameter(name="*", group=RUN)
@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What is kept and what is shown."""

    runs: str = "runs"
    """Folder in which the folder of this run is made."""
    resume: str | None = None
    """Go on with a run that was interrupted, to the same result as if it had not been: its folder, its name,
    or latest."""
    strict: Flag = False
    """Stop at a file that cannot be read, instead of naming it and going on without it."""
    quiet: Flag = False
    """Show the result only."""
    json: Flag = False
    """Print the result as one JSON object on standard output, and everything else on standard error."""


def given(*groups: DataOptions | NetworkOptions | TrainingOptions) -> list[str]:
    """The options that were typed: those that are not at their default.

    >>> given(NetworkOptions(depth=3), TrainingOptions(weight_decay=0.1))
    ['--depth', '--weight-decay']
    """
    return [
        f"--{field.name.replace('_', '-')}"
        for group in groups
        for field in fields(group)
        if getattr(group, field.name) != field.default
    ]


def data_settings(options: DataOptions, seed: int) -> "DataSettings":
    """Turn what was typed into the settings of the data."""
    from convscope.data import DataSettings

    return _checked(DataSettings, asdict(options) | {"size": parse_size(options.size), "seed": seed})


def training_settings(options: TrainingOptions) -> "TrainingSettings":
    """Turn what was typed into the settings of training."""
    from convscope.training.settings import TrainingSettings

    return _checked(TrainingSettings, asdict(options) | {"augment": parse_augment(options.augment)})


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read a size in pixels: one number, or height x width.

    >>> parse_size("64"), parse_size("48x64")
    ((64, 64), (48, 64))
    """
    if text is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]*)(?:x([1-9][0-9]*))?", text)
    if not match:
        raise UsageError(f"--size: expected 64, or 48x64 (height x width); got '{text}'.")
    return int(match[1]), int(match[2] or match[1])


def parse_augment(text: str | None) -> "Augment | None":
    """Read random changes: "shift=0.1,flip", "none", or "auto" (None: to be chosen).

    >>> parse_augment("shift=0.1,flip").shift
    0.1
    """
    from convscope.training.settings import Augment

    if text in (None, "auto"):
        return None
    if text == "none":
        return Augment()
    return _checked(Augment, dict(_changes(text, list(Augment.model_fields))), "augment: ")


def _changes(text: str, known: list[str]) -> Iterator[tuple[str, str | bool]]:
    for change in text.split(","):
        name, given, amount = (part.strip() for part in change.partition("="))
        if name not in known:
            raise UsageError(f"--augment: {UnknownName('random change', name, known)}")
        if name != "flip" and not given:
            raise UsageError(f"--augment: {name} needs an amount, such as {name}=0.1.")
        yield name, amount if given else True


def _checked(settings: type, fields: dict[str, Any], where: str = "") -> Any:  # noqa: ANN401 - a `settings`
    from pydantic import ValidationError

    try:
        return settings(**fields)
    except ValidationError as error:
        raise UsageError(f"--{where}{_sentence(error)}") from None


def _sentence(error: "ValidationError") -> str:
    first = error.errors()[0]
    field = str(first["loc"][0]).replace("_", "-")
    return f"{field}: {first['msg'][0].lower()}{first['msg'][1:]}; got {first['input']}."
