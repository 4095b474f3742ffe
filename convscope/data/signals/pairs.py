"""Texts that belong together, X_TRAIN and X_TEST beside each other: a part each."""

import re
from collections.abc import Sequence
from pathlib import Path

from convscope.data.dataset import DataSettings
from convscope.data.files.listing import PART_NAMES
from convscope.data.signals import text as signal_text
from convscope.data.signals.rows import FIRST, class_name, column_names, cut
from convscope.errors import DataError

PART = re.compile(rf"^(?:(.*)[_-])?({'|'.join(PART_NAMES)})$", re.IGNORECASE)
PREFERRED = (".ts", ".tsv", ".csv", ".txt")  # where the same set lies there in several forms


def texts(folder: Path) -> list[Path]:
    """Text files in a folder that are named after a part, the preferred form first."""
    named = [file for file in folder.iterdir() if file.is_file() and stem(file) is not None]
    return sorted(named, key=lambda file: (PREFERRED.index(signal_text.ending(file)), file.name))


def stem(file: Path) -> tuple[str, str] | None:
    """("ECG5000", "train") for ECG5000_TRAIN.tsv.gz; None for a name that holds no part."""
    end = signal_text.ending(file)
    match = PART.match(file.name[: file.name.lower().rindex(end)]) if end else None
    return (match[1] or "", PART_NAMES[match[2].lower()]) if match else None


def parts(path: Path) -> dict[str, Path]:
    """Part → file: the file itself and its relatives in the same folder and form; alone, it is train."""
    own = stem(path)
    if own is None:
        return {"train": path}
    found = {own[1]: path}
    for file in texts(path.parent):
        other = stem(file)
        if other and other[0] == own[0] and signal_text.ending(file) == signal_text.ending(path):
            found.setdefault(other[1], file)
    return (
        {part: found[part] for part in ("train", "val", "test") if part in found}
        if "train" in found
        else {"train": path}
    )


def chosen(folder: Path) -> Path:
    """The training file of the one data set in a folder."""
    pairs = [file for file in texts(folder) if parts(file).keys() >= {"train", "test"}]
    sets = {found[0] for file in pairs if (found := stem(file))}
    if len(sets) > 1:
        raise DataError(
            f"{folder} holds several data sets: {', '.join(sorted(sets))}.\n"
            "  Give the path of one training file."
        )
    return pairs[0]


def said(files: dict[str, Path]) -> list[str]:
    """Which file is which part, where there are several."""
    if len(files) == 1:
        return []
    return ["parts as the files say: " + ", ".join(f"{part} {file.name}" for part, file in files.items())]


def with_labels(
    given: Path, files: dict[str, Path], lines: dict[str, list[str]], settings: DataSettings
) -> tuple[dict[str, Path], list[str]]:
    """The files that hold labels: a test.csv that lacks them is one to be predicted.

    Raises:
        DataError: it is the file that was `given`.
    """
    if signal_text.ending(files["train"]) == ".ts":
        return files, []
    names = column_names(lines["train"])
    kept, remarks = dict(files), []
    for part, file in files.items():
        own = column_names(lines[part])
        lacks = set(names) - set(own)
        if part == "train" or not (len(lacks) == 1 or (settings.target or settings.label) in lacks):
            continue
        if names[0] == FIRST and _first_cells(lines[part]) <= _first_cells(lines["train"]):
            continue  # without a header rows may be of any length; these begin with a class
        missing = ", ".join(f"'{name}'" for name in sorted(lacks))
        if file == given:
            raise DataError(
                f"{file.name} has no column {missing}, which {files['train'].name} beside it has: it"
                " says nothing to learn, or to judge by.\n"
                f"  Predict it: convscope predict latest {file}; train on {files['train']}."
            )
        del kept[part]
        remarks.append(
            f"{file.name} beside it is not used, for it has no column {missing}; what the network says"
            f" of it tells convscope predict latest {file}"
        )
    return kept, remarks


def _first_cells(lines: Sequence[str]) -> set[str]:
    return {class_name(cut(line)[0]) for line in lines if line.strip()}
