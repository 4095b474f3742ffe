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

DATA, NETWORK, TRAINING, PICTURES, SIGNALS, SEQUENCES, MACHINE, RUN = (
    Group(name, sort_key=place, help=text)
    for place, (name, text) in enumerate(
        {
            "Data": "",
            "Network": "",
            "Training": "",
            "Pictures and volumes": "",
            "Signals": "Numbers in a row: heartbeats, sounds, sensors.",
            "Sequences": "One table with a column of dates: what comes next?",
            "Machine": "",
            "Run": "",
        }.items(),
        1,
    )
)

Flag = Annotated[bool, Parameter(show_default=False)]
Json = Annotated[Flag, Parameter(name="--json", help="Print one JSON value and nothing else.")]


class UsageError(ConvscopeError):
    """An argument that makes no sense; the command line ends with 2 instead of 1."""


@Parameter(name="*", group=DATA)
@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What becomes of the data before training."""

    val: float = 0.1
    """Share of the training part that is held back to find the best epoch, where DATA has no such part."""
    test: float = 0.2
    """Share that is held back for the final test, where DATA has no such part."""
    scale: Literal["set", "sample"] = "set"
    """Bring values to mean 0 and standard deviation 1: by the training part, or each sample by itself."""
    size: Annotated[str | None, Parameter(group=PICTURES)] = None
    """Bring pictures to this size: 64, or 48x64 pixels (height x width); volumes to 30x30x30 (depth first).
    Otherwise chosen from the data."""
    channels: Annotated[int | None, Parameter(group=PICTURES)] = None
    """1: grey, 3: colour; for sounds 1: mono, 2: stereo. Chosen from the data otherwise."""
    fit: Annotated[Literal["letterbox", "crop", "stretch"], Parameter(group=PICTURES)] = "letterbox"
    """How a picture comes into the size: with bars, with its edges cut off, or distorted."""
    label: Annotated[str | None, Parameter(group=SIGNALS)] = None
    """Column that holds the class. Otherwise label, class, target or y; or the first."""
    unequal: Annotated[Literal["pad", "crop", "resample"], Parameter(group=SIGNALS)] = "pad"
    """How signals come to one length: filled up at the end, cut off, or stretched."""
    length: Annotated[int | None, Parameter(group=SIGNALS)] = None
    """That length in points. Otherwise the longest (pad), the shortest (crop) or the median (resample)."""
    rate: Annotated[int | None, Parameter(group=SIGNALS)] = None
    """Points a second that sounds are brought to. Otherwise chosen from the files."""
    target: Annotated[str | None, Parameter(group=SEQUENCES)] = None
    """Column to predict: words and few whole numbers are classes, other numbers are values."""
    window: Annotated[int | None, Parameter(group=SEQUENCES)] = None
    """Rows that the network sees. Otherwise chosen by their spacing."""
    horizon: Annotated[int | None, Parameter(group=SEQUENCES)] = None
    """How many rows ahead the target is; 1, the next row, if not given."""
    time: Annotated[str | None, Parameter(group=SEQUENCES)] = None
    """Column that holds the time. Otherwise the one with dates."""
    series: Annotated[str | None, Parameter(group=SEQUENCES)] = None
    """Column that names the series of a row, a city for example. Otherwise found by repeated times."""


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
    loss: Literal["cross-entropy", "mse", "mae"] | None = None
    """What training makes small: cross-entropy for classes; mse (squared) or mae (absolute error) for values.
    mse for classes is the squared distance to 1 for the true class and 0 for the others."""
    label_smoothing: float | None = None
    """Certainty taken from the true class: with 0.1 the network aims at 90 %, not at 100 %."""
    balance: Literal["none", "weights", "sampling"] | None = None
    """Rare classes: count their errors for more, or show them more often. Chosen from the data otherwise."""
    weight_decay: float | None = None
    """How strongly weights are pulled towards 0."""
    clip: float | None = None
    """Shorten a gradient that is longer than this."""
    patience: int | None = None
    """Stop early after this many epochs in which validation got no better."""
    augment: str | None = None
    """Random changes of training samples: shift=0.1,flip, or any of shift, crop, scale and cutout (shares of
    the size), rotate (degrees), flip, gain and noise (shares of the values). none: no change; auto: chosen
    from the data."""
    seed: int = 0
    """Start of all random numbers: the same seed gives the same split and the same weights."""
    device: Annotated[str, Parameter(group=MACHINE)] = "auto"
    """Where to compute: cpu, cuda, cuda:1 (the second GPU) or mps (a Mac's); auto takes a CUDA GPU if there
    is one."""
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


def parse_size(text: str | None) -> tuple[int, ...] | None:
    """Read a size: one number for height and width, height x width, or depth x height x width.

    >>> parse_size("64"), parse_size("48x64"), parse_size("30x30x30")
    ((64, 64), (48, 64), (30, 30, 30))
    """
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]*(x[1-9][0-9]*){0,2}", text):
        raise UsageError(
            f"--size: expected 64, 48x64 (height x width) or 30x30x30 (depth x height x width); got '{text}'."
        )
    sides = tuple(map(int, text.split("x")))
    return sides * 2 if len(sides) == 1 else sides


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
