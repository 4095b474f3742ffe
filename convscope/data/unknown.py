"""What is said of a path that no format takes: what was found, what it nearly is, and what to do."""

import os
from collections import Counter
from itertools import islice
from pathlib import Path

from convscope.data.files import litter
from convscope.data.formats import FORMATS
from convscope.data.reading import accepted
from convscope.data.unpacking import WHAT
from convscope.errors import DataError
from convscope.text import printable

CSV = "Save it as CSV: a row a sample with a label, or a row a time with a date."
TABLE = f"a table of another program. {CSV}"
EXPORT = (
    "made for one training program. Write its samples out: pictures into a folder a class, or arrays X and y"
    " into an .npz file"
)
NETWORK = "a saved network, no data. Look into it with convscope look; to train, give the data themselves"
ARCHIVE = (
    "an archive of a kind that is not read. Unpack it and give the folder, or pack it as .zip or .tar.gz"
)
KNOWN = {
    (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".wmv"): (
        "a video; videos are not read. Save its pictures (ffmpeg -i FILE folder/class/%05d.png), or short"
        " clips as stacks (.tif, .gif)"
    ),
    (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"): f"a spreadsheet. {CSV}",
    (".sav", ".dta", ".sas7bdat", ".rds", ".rda", ".rdata", ".orc", ".avro"): TABLE,
    (".db", ".sqlite", ".sqlite3", ".mdb", ".accdb"): f"a database. {CSV}",
    (
        ".arrow",
        ".feather",
    ): "an Arrow table. Save it as Parquet: pyarrow.parquet.write_table(table, 'data.parquet')",
    (".tfrecord", ".tfrecords", ".lmdb", ".rec", ".beton", ".mdb", ".msgpack", ".webdataset"): EXPORT,
    (".pt", ".pth", ".ckpt", ".safetensors", ".onnx", ".keras", ".pb", ".tflite"): NETWORK,
    (".rar", ".7z", ".zst", ".lz4", ".iso", ".dmg"): ARCHIVE,
    (".gz", ".bz2", ".xz"): "one compressed file of a kind that is not read. Unpack it",
    (
        ".json",
    ): 'a JSON file. Write an object a line (.jsonl): {"file_name": …, "label": …} or its values and label',
    (
        ".xml",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
    ): "a file of settings or annotations. Give the folder of the samples",
    (".pdf", ".docx", ".doc", ".pptx", ".html", ".htm", ".md", ".rst"): "a document, no data",
    (".py", ".ipynb", ".r", ".m", ".js"): "a program, no data. Give what it reads",
    (
        ".heic",
        ".heif",
        ".avif",
        ".raw",
        ".cr2",
        ".nef",
        ".dng",
        ".psd",
        ".svg",
        ".jp2",
        ".jxl",
        ".exr",
        ".pgm",
        ".ppm",
    ): ("a picture of a kind that is not read. Save it as PNG or JPEG"),
    (
        ".nrrd",
        ".mha",
        ".mhd",
        ".mgz",
        ".mgh",
        ".mnc",
    ): "a volume of a kind that is not read. Save it as NIfTI (.nii.gz)",
    (
        ".fif",
        ".set",
        ".vhdr",
        ".eeg",
        ".bdf",
        ".gdf",
        ".cnt",
    ): "a recording of a kind that is not read. Save it as EDF",
    (".shp", ".las", ".laz", ".ply", ".pcd", ".obj", ".stl", ".off"): (
        "a shape or a cloud of points. Save it as voxels: X (sample, depth, height, width) and y in .npz"
    ),
}  # endings → what such a file is, and what to do
MOST = 10_000  # files of a folder that are counted
SHOWN = 4


class NoFormatError(DataError):
    """A path that no format takes."""


def said(path: Path) -> str:
    """Words on a path that exists, and that no format takes: for training."""
    what, advice = _found(path)
    return f"{what}{advice}"


def unfit(path: Path, kind: str) -> str:
    """The same for prediction, which asks for no labels: what is given there instead."""
    what, _ = _found(path)
    return f"{what}.\n  This run is of the kind '{kind}': give {accepted(kind)}; or a folder of these."


def _found(path: Path) -> tuple[str, str]:
    """What it is, without the full stop; and the rest: what to do with it to train."""
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        return f"{path} is neither a file nor a folder", ".\n  Give one of these."
    if path.stat().st_size == 0:
        return f"{path} is an empty file", ".\n  Get it again."
    if known := _known(path.name):
        return f"{path} is {known}", "."
    for form in FORMATS.values():
        if path.name.lower().endswith(form.parts):
            what = f"{path} is a part of something that takes more files: {form.what}"
            return what, ".\n  Give their folder."
        if form.files and not form.files.many and form.files.takes(path):
            return _alone(path, form.files.one)
    head = _head(path)
    like = next((form.files for form in FORMATS.values() if form.files and form.files.ending(head)), None)
    if like is not None and not _is_text(head):
        ending = like.ending(head)
        what = f"{path} begins as a {like.one} ({ending}) does, but its name ends otherwise"
        return what, f".\n  If it is one, rename it to {path.stem}{ending}."
    what = "text" if _is_text(head) else "no text"
    size = f"{path.stat().st_size:,} bytes"
    return f"{path} is a file of {size}, {what}, of no kind that is known", f".{_understood()}"


def _known(name: str) -> str:
    return next((words for endings, words in KNOWN.items() if name.lower().endswith(endings)), "")


def _alone(path: Path, one: str) -> tuple[str, str]:
    return f"{path} is one {one}", (
        ", without a label beside it.\n"
        f"  To train, give a folder with a folder a class of such files, or a table of files and labels.\n"
        f"  To say what it shows: convscope predict RUN {path.name}"
    )


def _of_folder(path: Path) -> tuple[str, str]:
    files = list(islice(_files(path), MOST))
    if not files:
        return f"{path} is an empty folder", f".{_understood()}"
    kinds = Counter(file.suffix.lower() or "without ending" for file in files)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(SHOWN))
    more = f" and {len(kinds) - SHOWN} more kinds" if len(kinds) > SHOWN else ""
    start = f"{path} is a folder with {'at least ' if len(files) == MOST else ''}{listed}{more}"
    common = next(
        file for file in files if (file.suffix.lower() or "without ending") == kinds.most_common(1)[0][0]
    )
    if known := _known(common.name):
        return f"{start}.\n  {printable(common.name)} is {known}", "."
    for form in FORMATS.values():
        if form.files and not form.files.many and form.files.takes(common):
            return start, (
                f".\n  They lie side by side: nothing says which class each {form.files.one} is of.\n"
                '  Put each class into a folder of its own; or say it by the names: --label-from "(.*)_";'
                " or give a table of files and labels."
            )
    return start, f".\n  Nothing of it is data of a known kind.{_understood()}"


def _files(path: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not litter.is_litter(name)]
        found += [Path(place, name) for name in sorted(names) if not litter.is_litter(name)]
        if len(found) >= MOST:
            break
    return found


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(512)
    except OSError:
        return b""


def _is_text(head: bytes) -> bool:
    return b"\0" not in head and not any(byte < 9 for byte in head)


def _understood() -> str:
    every = (*(form.what for form in FORMATS.values()), *WHAT.values())
    return "\n  It understands" + "".join(f"\n    {what}" for what in every)
