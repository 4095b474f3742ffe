"""Which samples a run has seen in training: other data are judged by those that it has not."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from convscope.data.check.duplicates import digests
from convscope.data.dataset import Dataset
from convscope.errors import DataError
from convscope.run.manifest import Manifest

if TYPE_CHECKING:
    from convscope.run.run import Run

NAME = "seen.bin"
HASH = np.dtype("<u8")  # of a sample: the first 8 bytes of that of all its values
BLOCK = 1024  # rows
PARTS = ("train", "val")  # what the weights and the best epoch were found by


def content(dataset: Dataset) -> bytes:
    """The file: a hash of each sample of training and validation, ascending."""
    rows = torch.cat([dataset.parts[part] for part in PARTS])
    return np.unique(_hashes(dataset.inputs, rows)).tobytes()


def unseen(run: "Run", dataset: Dataset, rows: Tensor) -> tuple[Tensor, str]:
    """Those of the rows whose samples are new to the run, and a sentence on what is judged.

    Raises:
        DataError: none is new.
    """
    every, source = f"{len(rows):,}", dataset.source
    known = _known(run)
    if known is None:
        return rows, (
            f"measured on {every} samples of {source}; whether some of them were seen in training cannot be"
            " told: the run's own data are not there any more"
        )
    found = _hashes(dataset.inputs.to(getattr(torch, run.settings.facts.values)), rows)
    new = rows[torch.from_numpy(~np.isin(found, known))]
    if not len(new):
        raise DataError(
            f"all {every} samples of {source} were seen in training: nothing is left to judge by.\n"
            "  Give others; or leave --data out, to measure on the run's own test part."
        )
    if len(new) == len(rows):
        return rows, f"measured on {every} samples of {source}; none of them was seen in training"
    return new, (
        f"measured on {len(new):,} of {every} samples of {source}:"
        f" the other {len(rows) - len(new):,} were seen in training"
    )


def _known(run: "Run") -> np.ndarray | None:
    """The hashes; of a run that has no such file by its data. None: these are not there any more."""
    if (kept := Manifest.read(run.path).content(NAME)) is not None:
        return np.frombuffer(kept, HASH)
    try:
        return np.frombuffer(content(run.dataset()), HASH)
    except DataError:
        return None


def _hashes(inputs: Tensor, rows: Tensor) -> np.ndarray:
    """(row,) a block at a time: the samples may be mapped from a file that is larger than the memory."""
    each = (digests(inputs[piece]) for piece in rows.split(BLOCK))
    return np.array([int.from_bytes(one[:8], "little") for some in each for one in some], HASH)
