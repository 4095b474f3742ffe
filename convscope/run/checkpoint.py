"""checkpoint.json + checkpoint-<step>.safetensors: a moment from which training goes on to the same bits.

checkpoint.json is the pointer: it is replaced when everything it speaks of is safely on the disk, and the
older checkpoint is removed after that. Nothing but `state` needs torch.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from convscope import outputs
from convscope.errors import RunError
from convscope.run import files
from convscope.run.manifest import Manifest
from convscope.run.rows import TABLES, TableMark

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
NAME = "checkpoint.json"
LOOKS = 3  # at a folder that a training is writing at the same time, before it is called damaged
ADVICE = (
    "Training cannot go on from it. Take the file from a backup; or remove the run folder and train again.\n"
    "  The best weights so far are in best.safetensors."
)


class CheckpointRecord(NamedTuple):
    """What checkpoint.json says.

    Attributes:
        step: updates done.
        file: the safetensors file with the state.
        sha256: its hash.
        tables: what each of the tables was at that moment.
    """

    step: int
    file: str
    sha256: str
    tables: dict[str, TableMark]

    @classmethod
    def read(cls, manifest: Manifest) -> "CheckpointRecord | None":
        """The checkpoint of a run folder; None where there is none (yet, or any more).

        Raises:
            RunError: it is damaged.
        """
        data, path = manifest.content(NAME), manifest.folder / NAME
        if data is None:
            return None
        with files.reading(path, ADVICE):
            document = json.loads(data)
            marks = document["tables"]  # those of before had fewer
            tables = {name: TableMark(*marks[name]) for name in TABLES if name in marks}
            if not re.fullmatch(r"checkpoint-\d+(-again)?\.safetensors", document["file"]):
                raise ValueError(f"{document['file']!r} is not the name of a checkpoint")
            return cls(document["step"], document["file"], document["sha256"], tables)

    def as_bytes(self) -> bytes:
        """The content of checkpoint.json."""
        return (json.dumps(self._asdict(), indent=2) + "\n").encode()

    def verify(self, folder: Path) -> None:
        """Check the state and the tables against their hashes.

        Raises:
            RunError: one is missing or damaged.
        """
        path = folder / self.file
        with files.reading(path, ADVICE):
            sound = files.digest_of(path) == self.sha256
        if not sound:
            raise RunError(_damaged(path))
        for name, mark in self.tables.items():
            with files.reading(folder / name, ADVICE):
                sound = mark.holds(folder / name)
            if not sound:
                raise RunError(_damaged(folder / name))

    def state(self, folder: Path) -> "dict[str, Tensor]":
        """Everything that training needs to go on.

        Raises:
            RunError: the file is missing or damaged.
        """
        from convscope.run.weights import unpack

        path = folder / self.file
        with files.reading(path, ADVICE):
            data = files.content(path)
        if files.digest(data) != self.sha256:
            raise RunError(_damaged(path))
        return unpack(data, str(path))


def proven(manifest: Manifest, name: str) -> bytes:
    """What of a table is on record: all of it, or what it was at the last checkpoint.

    Raises:
        RunError: it is missing or damaged.
    """
    if name in manifest.versions:
        return manifest.content(name) or b""
    moment = CheckpointRecord.read(manifest)
    if moment is None or name not in moment.tables:
        return b""
    path, mark = manifest.folder / name, moment.tables[name]
    with files.reading(path, ADVICE):
        data = files.content(path)[: mark.bytes]
    if files.digest(data) != mark.sha256:
        raise RunError(_damaged(path))
    return data


def steady(folder: Path, look: Callable[[Path], T]) -> T:
    """Look at a run folder; one that is being written may change under our eyes: then look again.

    Raises:
        RunError: a file is missing or damaged.
    """
    for _ in range(LOOKS - 1):
        try:
            return look(folder)
        except RunError:
            if not files.is_held(folder):
                raise
            time.sleep(0.1)
    return look(folder)


def verified(folder: Path) -> Manifest:
    """The manifest of a run folder, after every file of the run was found to agree with it.

    Raises:
        RunError: a file is missing or damaged.
    """
    return steady(folder, _verify)


def _verify(folder: Path) -> Manifest:
    manifest = Manifest.read(folder)
    manifest.verify()
    if moment := CheckpointRecord.read(manifest):
        moment.verify(folder)
    return manifest


def save_state(folder: Path, step: int, data: bytes, before: CheckpointRecord | None) -> tuple[str, str]:
    """Write the packed state beside the checkpoint `before`; gives the file's name and SHA-256.

    Raises:
        OSError: no space left …
    """
    name = f"checkpoint-{step}.safetensors"
    if before and before.file == name:  # the same step once more: never overwrite what the pointer points to
        name = f"checkpoint-{step}-again.safetensors"
    outputs.replace(folder / name, data)
    return name, files.digest(data)


def _damaged(path: Path) -> str:
    return f"{path} {files.CHANGED}\n  {ADVICE}"
