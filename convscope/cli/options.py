"""The options of `convscope train`, in the groups that its help shows, and how they become settings.

Names, types, defaults and help are those of `settings`; only what is typed in another form stands here again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Annotated, Any

from cyclopts import Group, Parameter

from convscope.errors import ConvscopeError, SettingsError
from convscope.settings import (
    DataSettings,
    LearningSettings,
    MachineSettings,
    PictureSettings,
    Repeats,
    TrainingSettings,
)

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


def _at_least_one(_: object, given: int | None) -> None:
    """As `Count` says, whose limits are looked at only where settings are made of what was typed."""
    if given is not None and given < 1:
        raise ValueError(f"expected a whole number of 1 or more; got {given}.")


AtLeastOne = Annotated[int, Parameter(validator=_at_least_one)]
Flag = Annotated[bool, Parameter(show_default=False)]
Json = Annotated[Flag, Parameter(name="--json", help="Print one JSON value and nothing else.")]


class UsageError(ConvscopeError):
    """An argument that makes no sense; the command line ends with 2 instead of 1."""


@dataclass(frozen=True, kw_only=True)
class PictureOptions(PictureSettings):
    """The same, as it is typed."""

    size: str | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


@Parameter(name="*", group=NETWORK)
@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """What is trained."""

    network: str | None = None
    """A name that `convscope networks` lists, or your own: file.py:ClassOrFunction, or net.keras."""
    width: float | None = None
    """Multiply the number of channels of every layer."""
    depth: int | None = None
    """Layers, or blocks, as the network counts them."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(LearningSettings):
    """The same, as it is typed."""

    augment: str | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


@dataclass(frozen=True, kw_only=True)
class MachineOptions(MachineSettings):
    """The same, as it is typed: a run that goes on has a device already."""

    device: Annotated[str | None, Parameter(show_default=lambda _: MachineSettings.device)] = None  # pyright: ignore[reportIncompatibleVariableOverride]


@Parameter(name="*", group=RUN)
@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What is kept and what is shown."""

    folds: Repeats | None = None
    """Train once for each of so many parts of the data, which judges a network that learnt from the others:
    an honest figure for small data. A test part that the data come with is left alone."""
    seeds: Repeats | None = None
    """Train so many times on the same parts, from other weights: how much of the result is chance."""
    runs: str = "runs"
    """Folder in which the folder of this run is made, or the run to go on with is found."""
    resume: str | None = None
    """Go on with a run (or all of --folds or --seeds) that was interrupted, to the same result as if it had
    not been: its folder, its name, or latest. With more --epochs, train on a finished one."""
    strict: Flag = False
    """Stop at a file that cannot be read, instead of naming it and going on without it."""
    tensorboard: Flag = False
    """Log the figures for TensorBoard, too, in the run's folder: tensorboard --logdir runs."""
    quiet: Flag = False
    """Show the result only."""
    json: Flag = False
    """Print the result as one JSON object on standard output, and everything else on standard error."""


def given(*groups: Any) -> list[str]:  # noqa: ANN401 - of options
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


def data_settings(*groups: Any, seed: int) -> DataSettings:  # noqa: ANN401 - of options
    """Turn what was typed into the settings of the data."""
    return _checked(DataSettings, _merged(groups) | {"seed": seed})


def training_settings(*groups: Any) -> TrainingSettings:  # noqa: ANN401 - of options
    """Turn what was typed into the settings of training."""
    typed = _merged(groups)
    return _checked(TrainingSettings, typed | {"device": typed.get("device") or MachineSettings.device})


def _merged(groups: Sequence[Any]) -> dict[str, Any]:
    return {name: value for group in groups for name, value in vars(group).items()}


def _checked(settings: type, fields: dict[str, Any]) -> Any:  # noqa: ANN401 - a `settings`
    with as_typed():
        return settings(**fields)


@contextmanager
def as_typed() -> Iterator[None]:
    """Tell of a setting that cannot be by the option that it was typed as."""
    try:
        yield
    except SettingsError as error:
        raise UsageError(f"--{error.setting.replace('_', '-')}: {error.words}") from None
