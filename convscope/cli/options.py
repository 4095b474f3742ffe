"""The options of `convscope train`, in the groups that its help shows, and how they become settings.

Names, types, defaults and help are those of `settings`; only what is typed in another form stands here again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from convscope.errors import ConvscopeError, UnknownName
from convscope.settings import Augment, DataSettings, LearningSettings, PictureSettings, TrainingSettings

if TYPE_CHECKING:
    from pydantic import ValidationError


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


@dataclass(frozen=True, kw_only=True)
class PictureOptions(PictureSettings):
    """The same, as it is typed."""

    size: str | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


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


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(LearningSettings):
    """The same, as it is typed."""

    augment: str | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


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
    typed = _merged(groups)
    return _checked(DataSettings, typed | {"size": parse_size(typed.get("size")), "seed": seed})


def training_settings(*groups: Any) -> TrainingSettings:  # noqa: ANN401 - of options
    """Turn what was typed into the settings of training."""
    typed = _merged(groups)
    return _checked(TrainingSettings, typed | {"augment": parse_augment(typed.get("augment"))})


def _merged(groups: Sequence[Any]) -> dict[str, Any]:
    return {name: value for group in groups for name, value in vars(group).items()}


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


def parse_augment(text: str | None) -> Augment | None:
    """Read random changes: "shift=0.1,flip", "none", or "auto" (None: to be chosen).

    >>> parse_augment("shift=0.1,flip").shift
    0.1
    """
    if text in (None, "auto"):
        return None
    if text == "none":
        return Augment()
    return _checked(Augment, dict(_changes(text, [field.name for field in fields(Augment)])), "augment: ")


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
    return f"{str(error.errors()[0]['loc'][0]).replace('_', '-')}: {limit(error)}"


def limit(error: "ValidationError") -> str:
    """What a value should have been, and what it is."""
    first = error.errors()[0]
    return f"{first['msg'][0].lower()}{first['msg'][1:]}; got {first['input']}."
