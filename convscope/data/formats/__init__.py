"""Forms in which data lie on a disk, one file each; a new one is a file here and a line in `FORMATS`."""

from convscope.data.files.format import Format
from convscope.data.formats import (
    array_files,
    audio,
    cifar,
    dicom,
    edf,
    idx,
    matrices,
    metadata,
    nifti,
    pictures,
    pixels,
    recording_files,
    sequences,
    signal_files,
    slices,
    stacks,
    wfdb,
)

FORMATS: dict[str, Format] = {
    "arrays": array_files.FORMAT,
    "idx": idx.FORMAT,
    "cifar": cifar.FORMAT,
    "nifti": nifti.FORMAT,
    "dicom": dicom.FORMAT,
    "metadata": metadata.FORMAT,
    "slices": slices.FORMAT,
    "stacks": stacks.FORMAT,
    "audio": audio.FORMAT,
    "wfdb": wfdb.FORMAT,
    "edf": edf.FORMAT,
    "table": pictures.TABLE,
    "matrices": matrices.FORMAT,
    "sequences": sequences.FORMAT,
    "pixels": pixels.FORMAT,
    "signals": signal_files.FORMAT,
    "recordings": recording_files.FORMAT,
    "folder": pictures.FOLDER,
    "names": pictures.NAMES,
}
