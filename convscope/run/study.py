"""The folder of a study: several trainings, each a whole run, and one sealed file on all of them.

| file | what it is |
| --- | --- |
| study.json | what was asked for; at the end what came out; with its own SHA-256 |
| network.py | of a network that was handed over in Python and has no file of its own |
| <run>/ | a run for each training |
| predictions.csv, report.html | what all of them say together; made anew at any time |
"""

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from convscope import outputs
from convscope.errors import RunError
from convscope.paths import expanded
from convscope.run import files, folders, trust
from convscope.run.manifest import sealed, unsealed
from convscope.settings import DataSettings, TrainingSettings

FORMAT = 1
ADVICE = "Take it from a backup; the runs inside are whole without it."


class StudySettings(BaseModel):
    """What was asked for: one training several times, on `folds` of the data or from `seeds` beginnings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str  # catalogue name or absolute path
    folds: int | None = None
    seeds: int | None = None
    network: str | None = None
    width: float | None = None
    depth: int | None = None
    strict: bool = False
    tensorboard: bool = False
    data: DataSettings
    training: TrainingSettings

    @property
    def what(self) -> str:
        """Such as "5 folds"."""
        return f"{self.folds} folds" if self.folds else f"{self.seeds} seeds"

    @property
    def count(self) -> int:
        """How many trainings."""
        return self.folds or self.seeds or 0

    def fold(self, number: int) -> str | None:
        """The fold of a training, as the settings of data name it; of seeds the same for all, or none."""
        return f"{number}/{self.folds}" if self.folds else self.data.fold

    def seed(self, number: int) -> int:
        """The seed of a training."""
        return self.training.seed + (0 if self.folds else number - 1)

    @property
    def each(self) -> str:
        """What one training is called."""
        return "fold" if self.folds else "start"


def create(root: Path, settings: StudySettings, code: bytes | None = None) -> Path:
    """Make the folder of a study; `code` of a network that has no file of its own lies in it, too.

    Raises:
        RunError: it cannot be written.
    """
    name = folders.stem(settings.source, settings.what, date.today())

    def fill(folder: Path) -> None:
        write(folder, settings, {})
        if code is not None:
            outputs.replace(folder / trust.CODE, code)

    try:
        return folders.make(expanded(root).absolute(), name, fill)
    except OSError as error:
        raise RunError(
            f"no folder can be made in {root}: {error.strerror or error}.\n"
            "  Free space, or choose another place."
        ) from error


def write(folder: Path, settings: StudySettings, result: dict[str, Any]) -> None:
    """Write study.json.

    Raises:
        OSError: no space left …; the old one is untouched.
    """
    asked = settings.model_dump(mode="json", exclude_none=True)
    body = {"format": FORMAT, "asked": asked, "result": result}
    outputs.replace(folder / folders.STUDY, sealed(body).encode())


def read(folder: Path) -> tuple[StudySettings, dict[str, Any]]:
    """What was asked for, and what came out; empty before the end.

    Raises:
        RunError: study.json is missing, damaged or of a newer convscope.
    """
    path = folder / folders.STUDY
    with files.reading(path, ADVICE):
        form, asked, result = unsealed(files.content(path).decode("utf-8"), "format", "asked", "result")
    if form != FORMAT:
        raise RunError(f"{path} was written by a newer convscope.\n  Update: pip install --upgrade convscope")
    try:
        return StudySettings.model_validate(asked), result
    except ValidationError as error:
        raise RunError(f"{path} has settings that make no sense.\n  {ADVICE}") from error
