"""Forms in which data lie on a disk, one file each; a new one is a file here and a line in `FORMATS`."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import Dataset, DataSettings
from convscope.data.formats import (
    audio,
    cifar,
    dicom,
    edf,
    idx,
    nifti,
    npz,
    pictures,
    sequences,
    signal_files,
    stacks,
    wfdb,
)


class Format(NamedTuple):
    """One way in which data can lie on a disk."""

    recognises: Callable[[Path], bool]
    load: Callable[[Path, DataSettings, bool], Dataset]
    what: str  # one line for the person who asks what is understood


FORMATS: dict[str, Format] = {
    "npz": Format(
        npz.recognises, npz.load, "an .npz file with X and y, or X_train, y_train, X_test and y_test"
    ),
    "idx": Format(idx.recognises, idx.load, "a folder with the four IDX files of MNIST or its relatives"),
    "cifar": Format(cifar.recognises, cifar.load, "CIFAR-10's binary version, as archive or folder"),
    "nifti": Format(
        nifti.recognises, nifti.load, "a folder with a folder of NIfTI volumes a class, or a table of them"
    ),
    "dicom": Format(
        dicom.recognises, dicom.load, "a folder with a folder a class, in it a folder of DICOM slices each"
    ),
    "stacks": Format(
        stacks.recognises, stacks.load, "a folder with a folder a class of TIFF or GIF files of many frames"
    ),
    "audio": Format(audio.recognises, audio.load, "WAV files in a folder a class, or named by a CSV file"),
    "table": Format(
        pictures.recognises_table,
        pictures.load_table,
        "a CSV or TSV file with a path and a label for each picture",
    ),
    "sequences": Format(
        sequences.recognises, sequences.load, "a CSV or TSV table with a column of dates, a row a time"
    ),
    "signals": Format(
        signal_files.recognises,
        signal_files.load,
        "signals as rows of .csv, .tsv, .txt or .ts, the class first or in a column of its own",
    ),
    "wfdb": Format(wfdb.recognises, wfdb.load, "WFDB records (.hea, .dat) with annotations of beats"),
    "edf": Format(edf.recognises, edf.load, "EDF or BDF recordings with annotations, or in a folder a class"),
    "folder": Format(
        pictures.recognises,
        pictures.load,
        "a folder with a folder of pictures a class, or train, val and test",
    ),
}
