"""Every setting of data and training, once: its name, type, limits, default, and what it does.

The command line makes its options and their help of the groups below, so nothing slow is imported here. What
is None is chosen from the data. What a person says is checked when `DataSettings`, `TrainingSettings` or an
`Augment` are made of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_type_hints

from convscope.errors import LONGEST, SettingsError, UnknownName, got
from convscope.text import cut

if TYPE_CHECKING:
    from pydantic import ValidationError


FEWEST_FOLDS = 2


class Limits:
    """Bounds of a number, named as pydantic does: ge, gt, le, lt; its own take time to import."""

    def __init__(self, **bounds: float) -> None:
        self.bounds = bounds

    def __get_pydantic_core_schema__(self, kind: Any, handler: Any) -> Any:  # noqa: ANN401
        """The check of the type, with these limits."""
        return {**handler(kind), **self.bounds}


Share = Annotated[float, Limits(ge=0, lt=1)]
Count = Annotated[int, Limits(ge=1)]
Repeats = Annotated[int, Limits(ge=2)]
Positive = Annotated[float, Limits(gt=0)]
NotNegative = Annotated[float, Limits(ge=0)]
Seed = Annotated[int, Limits(ge=0, lt=2**63)]
Degrees = Annotated[float, Limits(ge=0, le=180)]


class Typed:
    """How what a person may type becomes the value, before its type is checked."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read

    def __get_pydantic_core_schema__(self, kind: Any, handler: Any) -> Any:  # noqa: ANN401
        """The check of the type, behind the reading."""
        from pydantic_core.core_schema import no_info_before_validator_function

        return no_info_before_validator_function(self.read, handler(kind))


def _device(name: object) -> object:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", str(name)):
        raise ValueError(f"expected auto, cpu, cuda, cuda:1 or mps; got {_said(name)}.")
    return name


class Fold(NamedTuple):
    """One of several parts of equal size that judge in turn: its place, 1 …, and how many there are."""

    number: int
    of: int


def _fold(given: object) -> object:
    """A fold as it is written: its place and how many there are."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", str(given))
    if given is not None and not (found and 1 <= int(found[1]) <= int(found[2]) >= FEWEST_FOLDS):
        raise ValueError(f"expected 2/5, the second of five (two at least); got {_said(given)}.")
    return given


def read_size(given: object) -> object:
    """A size: one number for height and width, height x width, or depth x height x width.

    >>> read_size(64), read_size("64"), read_size("48x64"), read_size("30x30x30")
    ((64, 64), (64, 64), (48, 64), (30, 30, 30))
    """
    if isinstance(given, int | str) and not isinstance(given, bool):
        if not re.fullmatch(r"[1-9][0-9]{0,8}(x[1-9][0-9]{0,8}){0,2}", str(given)):
            raise ValueError(
                f"expected 64, 48x64 (height x width) or 30x30x30 (depth x height x width); got {given}."
            )
        sides = tuple(map(int, str(given).split("x")))
        return sides * 2 if len(sides) == 1 else sides
    return given


def read_augment(given: object) -> object:
    """Random changes: "shift=0.1,flip", "none", or "auto" (None: to be chosen).

    >>> read_augment("shift=0.1,flip").shift
    0.1
    """
    if not isinstance(given, str):
        return given
    if given == "auto":
        return None
    return Augment(**({} if given == "none" else dict(_changes(given))))


def _changes(text: str) -> Iterator[tuple[str, Any]]:
    known = [field.name for field in fields(Augment)]
    for change in text.split(","):
        name, given, amount = (part.strip() for part in change.partition("="))
        if name not in known:
            raise ValueError(str(UnknownName("random change", name, known)))
        if name != "flip" and not given:
            raise ValueError(f"{name} needs an amount, such as {name}=0.1.")
        yield name, amount if given else True


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """What of the data is a sample, its label and its group."""

    label: str | None = None
    """Column that holds the class. Otherwise label, class, target or y; of signals the first, if none is."""
    label_from: str | None = None
    """Where a file's name says its class: a regular expression whose first group is the class, for example
    "([a-z]+)_"."""
    target: str | None = None
    """Column to predict: words and few whole numbers are classes, other numbers are values."""
    group: str | None = None
    """Samples that belong together (of a patient, a day) and stay in one part: a column, or folder. Otherwise
    found in the data; none: each sample by itself."""
    images: str | None = None
    """Folder of the pictures that a table names without their path or ending."""
    sample: str | None = None
    """Column that says which sample a row belongs to, where a sample is many rows."""


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """What becomes of the data before training."""

    val: float = 0.1
    """Share of the training part that is held back to find the best epoch, where DATA has no such part."""
    test: float = 0.2
    """Share that is held back for the final test, where DATA has no such part."""
    scale: Literal["set", "sample"] = "set"
    """Bring values to mean 0 and standard deviation 1: by the training part, or each sample by itself."""


@dataclass(frozen=True, kw_only=True)
class PictureSettings:
    """How pictures and volumes are read."""

    size: Annotated[tuple[int, ...] | None, Typed(read_size)] = None
    """Bring pictures to this size: 64, or 48x64 pixels (height x width); volumes to 30x30x30 (depth first).
    Otherwise chosen from the data."""
    channels: int | None = None
    """1: grey, 3: colour; for sounds 1: mono, 2: stereo. Chosen from the data otherwise."""
    fit: Literal["letterbox", "crop", "stretch"] = "letterbox"
    """How a picture comes into the size: with bars, with its edges cut off, or distorted."""


@dataclass(frozen=True, kw_only=True)
class SignalSettings:
    """How signals are read."""

    unequal: Literal["pad", "crop", "resample"] = "pad"
    """How signals come to one length: filled up at the end, cut off, or stretched."""
    length: int | None = None
    """That length in points. Otherwise the longest (pad), the shortest (crop) or the median (resample)."""
    rate: int | None = None
    """Points a second that sounds are brought to. Otherwise chosen from the files."""


@dataclass(frozen=True, kw_only=True)
class SequenceSettings:
    """How a table with a column of dates is read."""

    window: int | None = None
    """Rows that the network sees. Otherwise chosen by their spacing. Labelled recordings are cut into pieces
    of so many points."""
    stride: int | None = None
    """Rows from a window to the next one. Otherwise 1; of pieces of a recording: a window."""
    horizon: int | None = None
    """How many rows ahead the target is; 1, the next row, if not given; 0: that of the same row."""
    time: str | None = None
    """Column that holds the time. Otherwise the one with dates."""
    series: str | None = None
    """Column that names the series of a row, a city for example. Otherwise found by repeated times."""


@dataclass(frozen=True, kw_only=True)
class LearningSettings:
    """How it is trained; what is not given is chosen from the data."""

    epochs: Positive | None = None
    """Passes over the training part; 0.5 is half a pass."""
    batch: Annotated[int, Limits(gt=0)] | Literal["full"] | None = None
    """Samples for each update of the weights. full: all of them (batch gradient descent); 1: stochastic."""
    optimizer: Literal["sgd", "momentum", "adam", "adamw"] | None = None
    """The rule that turns a gradient into an update."""
    lr: Positive | None = None
    """Learning rate, the size of an update; its peak, where the schedule moves it."""
    schedule: Literal["constant", "step", "cosine", "onecycle"] | None = None
    """How the learning rate moves during training."""
    loss: Literal["cross-entropy", "mse", "mae"] | None = None
    """What training makes small: cross-entropy for classes; mse (squared) or mae (absolute error) for values.
    mse for classes is the squared distance to 1 for the true class and 0 for the others."""
    label_smoothing: Share | None = None
    """Certainty taken from the true class: with 0.1 the network aims at 90 %, not at 100 %."""
    balance: Literal["none", "weights", "sampling"] | None = None
    """Rare classes: count their errors for more, or show them more often. Chosen from the data otherwise."""
    weight_decay: NotNegative | None = None
    """How strongly weights are pulled towards 0."""
    clip: Positive | None = None
    """Shorten a gradient that is longer than this."""
    best_by: Literal["accuracy", "balanced", "loss"] | None = None
    """What the best epoch, whose weights are kept, is chosen by on the validation part: accuracy, balanced
    accuracy (where rare classes count for more, this is the choice), or loss (so of values)."""
    patience: Count | None = None
    """Stop early after this many epochs in which validation got no better."""
    refit: Share | None = None
    """Share of the epochs, the last ones, in which the validation samples are learnt too: 0.3, or 0 for none.
    Chosen from the data otherwise."""
    augment: Annotated["Augment | None", Typed(read_augment)] = None
    """Random changes of training samples: shift=0.1,flip, or any of shift, crop, scale and cutout (shares of
    the size), rotate (degrees), flip, gain, colour and noise (shares of the values). none: no change; auto:
    chosen from the data."""
    seed: Seed = 0
    """Start of all random numbers: the same seed gives the same split and the same weights."""


@dataclass(frozen=True, kw_only=True)
class MachineSettings:
    """What it is computed with."""

    device: Annotated[str, Typed(_device)] = "auto"
    """Where to compute: cpu, cuda, cuda:1 (the second GPU) or mps (a Mac's); auto takes a CUDA GPU if there
    is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Numbers of 32 or 16 bits; auto measures a few steps, and takes bf16 where it is faster."""
    threads: Count | None = None
    """Processor threads to compute with."""


@dataclass(frozen=True, kw_only=True)
class RecordSettings:
    """What is kept of the way there."""

    snapshots: Annotated[int, Limits(ge=0)] = 20
    """How many moments of the training keep their weights, closer together at its beginning; 0: none."""
    snapshot_budget: Positive = 64.0
    """Megabytes that they may take together; of a large network fewer are kept."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Settings whose fields are checked and converted when they are made."""

    __pydantic_config__ = {"extra": "forbid", "allow_inf_nan": False}  # noqa: RUF012 - pydantic's name for it

    def __post_init__(self) -> None:
        """Raise SettingsError, a ValueError too, for what no field can be."""
        for name, value in checked(type(self), vars(self)).items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, kw_only=True)
class Augment(Checked):
    """Random changes of training samples; everything 0 or off means none.

    >>> Augment(shift=0.1, flip=True) == Augment(shift=0.1, flip=True, crop=0.0, rotate=0.0, noise=0.0)
    True
    """

    shift: Share = 0.0  # up to this share of each axis, in whole positions
    flip: bool = False  # mirrored left-right, every second time
    crop: Share = 0.0  # cut out a window smaller by up to this share, and enlarge it
    rotate: Degrees = 0.0  # up to this many degrees either way, in the last two axes
    scale: Share = 0.0  # larger or smaller by up to this share
    cutout: Share = 0.0  # a box of this share of each axis gets its channel's mean
    gain: Share = 0.0  # all values larger or smaller by up to this share
    colour: Share = 0.0  # brightness, contrast and saturation stronger or weaker by up to this share
    noise: NotNegative = 0.0  # normal noise, this share of each channel's standard deviation

    @property
    def bends(self) -> bool:
        """Whether values between positions are needed."""
        return bool(self.crop or self.rotate or self.scale)


@dataclass(frozen=True, kw_only=True)
class DataSettings(Checked, SequenceSettings, SignalSettings, PictureSettings, SampleSettings, SplitSettings):
    """What the person said about the data; None means: choose from the data, and say so.

    After loading, `Dataset.settings` holds the same with every None filled in, so that prediction decodes its
    files in just the same way.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - a share that is no number is refused with the others

    seed: Seed = 0  # of the split
    fold: Annotated[str | None, Typed(_fold)] = None  # 2/5: the second of five parts is the test part

    @property
    def place(self) -> Fold | None:
        """The fold that is judged; None where the share `test` is."""
        return self.fold and Fold(*map(int, self.fold.split("/")))  # type: ignore[return-value]


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Checked, MachineSettings, RecordSettings, LearningSettings):
    """What the person said about training; None means: choose from the data, and say so."""


@cache
def _model(kind: type[Checked]) -> Any:  # noqa: ANN401 - a class of pydantic's, which takes time to import
    from pydantic import ConfigDict, create_model

    hints = get_type_hints(kind, include_extras=True)
    known: dict[str, Any] = {
        each.name: (hints[each.name], ... if each.default is MISSING else each.default)
        for each in fields(kind)
    }
    return create_model(kind.__name__, __config__=ConfigDict(**kind.__pydantic_config__), **known)


def checked(kind: type[Checked], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a settings class, each of its type and within its limits.

    Raises:
        SettingsError: an unknown field, or what it cannot be.

    >>> checked(Augment, {"shift": "0.1"})["shift"]
    0.1
    """
    from pydantic import ValidationError

    try:
        valid = _model(kind)(**given)
    except ValidationError as error:
        raise SettingsError(str(error.errors()[0]["loc"][0]), limit(error)) from None
    return {each.name: getattr(valid, each.name) for each in fields(kind)}


def limit(error: "ValidationError") -> str:
    """What a value should have been, and what it is."""
    first = error.errors()[0]
    if first["type"] == "value_error":
        return str(first.get("ctx", {}).get("error"))  # our own words
    if first["type"] == "unexpected_keyword_argument":
        return f"it has no '{cut(str(first['loc'][-1]), LONGEST)}'."
    given = first["input"]
    return f"{first['msg'][0].lower()}{first['msg'][1:]}; got {_said(given)}."


def _said(given: object) -> str:
    """As it would be typed."""
    return cut(str(given), LONGEST) if isinstance(given, str | int | float | None) else got(given)
