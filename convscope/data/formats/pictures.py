"""Pictures in one folder a class, or named by a table."""

import re
from dataclasses import replace
from pathlib import Path

from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import folder, listing, table
from convscope.data.files.folder import Found, Wanted
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import Reader
from convscope.data.pictures import choosing, decode
from convscope.data.samples import ANY
from convscope.data.signals import pairs
from convscope.errors import DataError

PICTURES = Wanted(tuple(decode.SUFFIXES), "picture")
READER = Reader("image", PICTURES.what, choosing.choose, choosing.read)
NO_CLASS = re.compile(
    r"(image|img|photo|picture|input|scan)s?([\W_]|part|\d|$)|jpe?gs?$|^(train|valid|val|test|data)",
    re.IGNORECASE,
)  # names of folders that say nothing of a class, where a table does
LAYOUTS = (
    "It understands\n"
    "    FOLDER/CLASS/picture.jpg                  and splits the pictures itself\n"
    "    FOLDER/train|val|test/CLASS/picture.jpg   as you split them\n"
    "    TABLE.csv                                 with a column of paths and one of labels\n"
    f"  with pictures ending in {' '.join(sorted(decode.SUFFIXES))}."
)


def recognises(path: Path) -> bool:
    """Whether this is a folder that holds folders or pictures."""
    return path.is_dir() and any(
        folder.is_folder(child) or child.suffix.lower() in decode.SUFFIXES
        for child in folder.children(path, [])
    )


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load a folder of pictures; each class is a folder, and pictures may lie in folders below it.

    Links are followed. Hidden files are passed over, those without a picture's ending counted in a remark.

    Raises:
        DataError: no pictures, one class only, classes that differ in case only, a class that train does not
            have; with `strict` any broken file.
    """
    if labels := _labels_beside(path, settings):
        data = load_table(labels, settings, strict)
        return replace(data, remarks=(f"the labels are those of the table {labels.name}", *data.remarks))
    found = folder.scan(path, PICTURES, settings)
    if not found.listed:
        raise DataError(_nothing(path, found))
    return listing.dataset(
        found.listed, path, path, settings, strict, READER, found.skipped, found.remarks, found.passed
    )


def recognises_table(path: Path) -> bool:
    """Whether this is a CSV or TSV file with a column of paths, or of names of files."""
    return table.first(path) is not None


def _labels_beside(path: Path, settings: DataSettings) -> Path | None:
    """The only table in a folder that names its pictures with labels, where no folders say them."""
    column = settings.label or settings.target or settings.images
    inside = [child for child in folder.children(path, []) if folder.is_folder(child)]
    named = len(inside) < 2 or all(NO_CLASS.search(child.name) for child in inside)
    if settings.label_from or not (named or column):
        return None
    tables = [file for file in folder.children(path, []) if table.names_files(file)]
    if len(tables) > 1 and len(train := [file for file in tables if pairs.stem(file) == ("", "train")]) == 1:
        return train[0]  # Kaggle's test.csv and the rest are to be predicted
    if len(tables) > 1:
        names = ", ".join(file.name for file in tables)
        raise DataError(
            f"{path} holds several tables that name its pictures with a label: {names}.\n"
            f"  Name the one to train on: {tables[0]}"
        )
    return tables[0] if tables else None


def load_table(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load the pictures that a table names, see `table.load`."""
    return table.load(path, settings, strict, READER)


def header(path: Path) -> Claim:
    """Size and channels of a picture, none of it decoded."""
    head = decode.header(path)
    return Claim((1 if decode.is_grey(head.mode) else 3, head.height, head.width), "uint8")


def _ending(head: bytes) -> str:
    """Whichever it is: Pillow goes by the content too."""
    known = any(head.startswith(magic) for magic in decode.MAGIC) or head[8:12] == b"WEBP"
    return ".png" if known else ""


def _nothing(path: Path, found: Found) -> str:
    seen = [*found.remarks, *(f"{item.file}: {item.reason}" for item in found.skipped)]
    what = "".join(f"\n    {line}" for line in seen[: listing.SHOWN]) or "\n    an empty folder"
    return (
        f"{path} holds no pictures in class folders. It was found that\n{what.lstrip(chr(10))}\n  {LAYOUTS}"
    )


FILES = Files(
    one="picture",
    form="1 or 3 channels × height × width",
    kinds=("image", ANY),
    takes=PICTURES.takes,
    ending=_ending,
    header=header,
    decode=choosing.sample,
)
FOLDER = Format(
    what="a folder with a folder of pictures a class, or train, val and test",
    recognises=recognises,
    load=load,
    files=FILES,
)
NAMES = Format(
    what="a CSV or TSV file with a name and a label for each picture, in the folder that --images names",
    recognises=table.looks_like_one,
    load=load_table,
)
TABLE = Format(
    what="a CSV or TSV file with a path and a label for each picture",
    recognises=recognises_table,
    load=load_table,
)
