"""settings.toml: everything a run was trained with, nothing left open."""

import platform
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tomli_w
import torch
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from convscope.data import CATALOGUE
from convscope.data.dataset import Dataset, DataSettings, Kind
from convscope.data.samples import SampleSpec, limits
from convscope.data.unpacking import around
from convscope.errors import RunError
from convscope.network.keras_file import is_named
from convscope.paths import expanded
from convscope.run import files, trust
from convscope.run.manifest import Manifest
from convscope.settings import TrainingSettings

NAME = "settings.toml"
FORMAT = 1
WIDTH = 90  # characters of a list that goes on one line
TRAINED = (
    "What this run was trained with, nothing left open.",
    "[training]  how the weights were found; same settings, same data, same seed: same weights (on a CPU)",
)
RECORDED = (
    "What is known of this run, which was trained in a loop of somebody's own.",
    "[recorded]  what was said of that loop; all else of it is unknown",
)
EXPLAINED = """\
# {}
#   [data]      what was read, and how it was made ready
#   [network]   its name, and its scale where it has one
#   {}
#   [facts]     what was found in the data, and which versions did the work
# It is here to be read. A changed file is refused, for then the weights would not be what it says.

"""


@dataclass(frozen=True, kw_only=True)
class DataPart(DataSettings):
    """Where the data came from, and how they were made ready."""

    source: str  # catalogue name or absolute path

    def plain(self) -> DataSettings:
        """The same without the source: what `data.load` takes."""
        return DataSettings(**{each.name: getattr(self, each.name) for each in fields(DataSettings)})


class NetworkPart(BaseModel):
    """Which network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str  # of the table, file.py:Class, or a .keras file
    width: float | None = None
    depth: int | None = None
    handed: bool | None = None  # handed over in Python as an object that no file makes again

    @property
    def own(self) -> tuple[str, str] | None:
        """File and class of a person's own network; None for one of ours.

        >>> NetworkPart(name="nets/mine.py:Small").own
        ('nets/mine.py', 'Small')
        """
        file, _, attribute = self.name.rpartition(":")
        return (file, attribute) if file.endswith(".py") else None

    @property
    def file(self) -> str | None:
        """The file that makes a network that is not ours: a person's own, or one that Keras has saved.

        >>> NetworkPart(name="nets/mine.py:Small").file, NetworkPart(name="net.keras").file
        ('nets/mine.py', 'net.keras')
        """
        if self.own:
            return self.own[0]
        return self.name if is_named(self.name) else None

    def within(self, folder: Path) -> str:
        """What makes the network, where a run's folder has the copy of its file.

        >>> NetworkPart(name="nets/mine.py:Small").within(Path("run"))
        'run/network.py:Small'
        """
        if not self.file:
            return self.name
        return f"{self.copy_in(folder)}:{self.own[1]}" if self.own else str(self.copy_in(folder))

    def copy_in(self, folder: Path) -> Path:
        """The copy of its file in a run's folder."""
        return folder / (trust.CODE if self.own else trust.KERAS)


class EstimatorPart(BaseModel):
    """What an estimator was fitted on, where one made the run: scikit-learn has no names, but types."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample: tuple[int, ...] | None = None  # sizes of a sample as it was handed over; None: no array
    shape: tuple[int, ...] | None = None  # that rows of numbers were brought to
    labels: str  # the type of the labels, as NumPy writes it


LoopSettings = dict[str, bool | int | float | str]  # what a person says of their own loop


class Facts(BaseModel):
    """What was found and who did it; prediction needs some of it, the reader the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    created: str  # date and time with offset, ISO 8601
    kind: Kind
    task: Literal["classification", "regression"] = "classification"
    classes: tuple[str, ...]  # for regression the target's name alone
    channels: int
    space: tuple[int, ...]
    values: str  # what raw samples are: uint8, float16 or float32
    features: tuple[str, ...] = ()  # names of the channels
    columns: tuple[str, ...] = ()  # names of a sample's values, where a table names them
    rate: float | None = None  # positions a second
    limits: tuple[float, float] | None = None  # the smallest and the largest number of training samples
    samples: dict[str, int]  # part → number
    fingerprint: str  # of the data, see `fingerprint`
    versions: dict[str, str]
    remarks: tuple[str, ...] = ()  # what was chosen, and what was found on the way

    @property
    def regression(self) -> bool:
        """Whether the run gives values and not classes."""
        return self.task == "regression"


class RunSettings(BaseModel):
    """All settings of one run.

    >>> "source" in {field.name for field in fields(RunSettings.model_fields["data"].annotation)}
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DataPart
    network: NetworkPart
    training: TrainingSettings
    facts: Facts
    estimator: EstimatorPart | None = None
    recorded: LoopSettings | None = None  # trained in a loop of a person's own, and what they said of it

    @model_validator(mode="before")
    @classmethod
    def _of_a_recorded_run(cls, document: Any) -> Any:  # noqa: ANN401 - whatever is in the file
        """Nobody knows the settings of such a training, so the file has none: they are left open."""
        if isinstance(document, dict) and "recorded" in document:
            return {"training": TrainingSettings(), **document}
        return document

    @classmethod
    def of(
        cls, dataset: Dataset, network: NetworkPart, training: TrainingSettings, remarks: tuple[str, ...] = ()
    ) -> "RunSettings":
        """Settings of a run that begins now.

        Args:
            dataset: what will be trained on; its settings are resolved.
            network: which network.
            training: resolved settings (no None but patience and clip).
            remarks: sentences on what was chosen, beside those of the data set.
        """
        data = DataPart(source=absolute(dataset.source), **vars(dataset.settings))
        facts = Facts(
            created=datetime.now().astimezone().isoformat(timespec="seconds"),
            kind=dataset.kind,
            task="regression" if dataset.regression else "classification",
            classes=dataset.classes,
            channels=dataset.channels,
            space=dataset.space,
            values=str(dataset.inputs.dtype).removeprefix("torch."),
            features=dataset.features,
            columns=dataset.columns,
            rate=dataset.rate,
            limits=limits(dataset),
            samples={part: len(rows) for part, rows in dataset.parts.items()},
            fingerprint=fingerprint(dataset),
            versions=versions(),
            remarks=(*dataset.remarks, *remarks),
        )
        return cls(data=data, network=network, training=training, facts=facts)

    @property
    def spec(self) -> SampleSpec:
        """What a sample is, and how a file becomes one as in training."""
        facts = self.facts
        return SampleSpec(
            shape=(facts.channels, *facts.space),
            kind=facts.kind,
            dtype=facts.values,
            settings=self.data.plain(),
            features=facts.features,
            classes=facts.classes,
            rate=facts.rate,
            limits=facts.limits,
            columns=facts.columns,
        )

    @classmethod
    def read(cls, manifest: Manifest) -> "RunSettings":
        """The settings in a run folder, as its manifest proves them.

        Raises:
            RunError: they are damaged; and as `from_toml` does.
        """
        text = (manifest.content(NAME) or b"").decode("utf-8", "surrogateescape")
        return cls.from_toml(text, manifest.folder / NAME)

    def as_bytes(self) -> bytes:
        """The content of settings.toml; a name of a file may be no UTF-8."""
        return self.to_toml().encode("utf-8", "surrogateescape")

    def to_toml(self) -> str:
        """The settings as a person reads them.

        What is None is left out: TOML has no word for nothing.
        """
        unknown = set() if self.recorded is None else {"training"}
        document = {"format": FORMAT, **self.model_dump(mode="json", exclude_none=True, exclude=unknown)}
        return EXPLAINED.format(*(RECORDED if unknown else TRAINED)) + _on_one_line(tomli_w.dumps(document))

    @classmethod
    def from_toml(cls, text: str, path: Path) -> "RunSettings":
        """Read settings back.

        Args:
            text: the content.
            path: the file, for the message.

        Raises:
            RunError: it is not TOML, of a newer convscope, or a setting is missing or makes no sense.
        """
        with files.reading(path, "Take it from a backup, or train again."):
            document = tomllib.loads(text)
            number = document.pop("format", None)
            if isinstance(number, int) and number > FORMAT:
                raise RunError(_newer(path, document))
            try:
                return cls.model_validate(document)
            except ValidationError as error:
                raise RunError(_faults(path, error)) from error


def _newer(path: Path, document: dict[str, Any]) -> str:
    """What to say of settings that a newer convscope wrote."""
    written_by = document.get("facts", {}).get("versions", {}).get("convscope", "newer")
    return (
        f"{path} was written by convscope {written_by}, which this version ({versions()['convscope']})"
        " cannot read.\n"
        "  Update: pip install --upgrade convscope"
    )


def absolute(source: str) -> str:
    """A source that is found from any folder: an absolute path, or the catalogue name as it is."""
    path = expanded(source)
    return str(path.resolve()) if source not in CATALOGUE and (path.exists() or around(path)) else source


def versions() -> dict[str, str]:
    """Versions of what computes the numbers."""
    try:
        own = version("convscope")
    except PackageNotFoundError:  # run from a source folder
        own = "unknown"
    return {
        "convscope": own,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def fingerprint(dataset: Dataset) -> str:
    """16 hexadecimal digits that change when samples, labels or the split change.

    All labels and rows enter, but only 64 of the samples: a whole data set may take seconds to read.
    """
    some = torch.linspace(0, len(dataset.inputs) - 1, 64).round().long()
    tensors = [dataset.labels, *dataset.parts.values(), dataset.inputs[some]]
    content = b"".join(tensor.contiguous().numpy().tobytes() for tensor in tensors)
    return files.digest(content + repr((dataset.classes, tuple(dataset.inputs.shape))).encode())[:16]


def _on_one_line(toml: str) -> str:
    """Short lists on one line: tomli_w gives each element its own."""

    def joined(found: re.Match) -> str:
        elements = (element.strip().removesuffix(",") for element in found[1].removesuffix("\n").split("\n"))
        line = f"[{', '.join(elements)}]"
        return line if len(line) <= WIDTH else found[0]

    return re.sub(r"(?<== )\[\n((?:    .*,\n)+)\]$", joined, toml, flags=re.MULTILINE)


def _faults(path: Path, error: ValidationError) -> str:
    lines = [f"    {'.'.join(map(str, fault['loc']))}: {_fault(fault)}" for fault in error.errors()[:5]]
    return (
        f"{path} has settings that make no sense:\n"
        + "\n".join(lines)
        + "\n  Take it from a backup, or train again."
    )


def _fault(fault: Mapping[str, Any]) -> str:
    """What is wrong with one setting; pydantic has two words for one that is unknown."""
    unknown = fault["type"] in ("unexpected_keyword_argument", "extra_forbidden")
    return "there is no such setting" if unknown else fault["msg"]
