"""What lies beside samples and is none: masks; and whole data sets that are made for another task."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

from convscope.data.files.litter import names_in

WORDS = r"masks?|seg|segm|segmentation|segmented|gt|groundtruth|ground_truth|labels?|annotations?|superpixels"
MASK = re.compile(rf"(.+?)[ _.-]+({WORDS})([ _-]?\d+)?", re.IGNORECASE)
SURE = re.compile(r"masks?|seg.*", re.IGNORECASE)  # also beside a_t1 and a_t2, not only beside a
ENDING = re.compile(r"(\.nii)?\.[^.]+$")
PICTURES = frozenset(["image", "img", "jpegimage", "photo", "picture", "imagestr", "imagests"])
MASKS = frozenset(
    [
        *("mask", "label", "annotation", "segmentation", "groundtruth", "gt", "labelstr", "labelsts"),
        *("segmentationclas", "segmentationobject", "trimap", "xml", "imageset", "bbox", "boxe"),
    ]
)
DEPTH, EACH = 3, 4  # how deep, and at how many files of a kind in a folder, is looked for boxes
YOLO = re.compile(r"\s*\d+(\s+-?\d*\.?\d+([eE]-?\d+)?){4,}\s*$")
COCO = re.compile(rb'"(annotations|bbox|segmentation)"\s*:')
DETECTION = (
    "{source} is made for finding things in pictures: {what}, such as {file}. That is detection, the work of"
    " another tool (Ultralytics' YOLO, torchvision's detection models); convscope tells what a whole picture"
    " shows.\n"
    "  To sort the things: cut them out, and put each kind into a folder of its own."
)
SEGMENTATION = (
    "{source} is made for drawing outlines: {what}, such as {file}. That is segmentation, the work of another"
    " tool (nnU-Net, segmentation_models.pytorch); convscope tells what a whole picture shows.\n"
    "  To sort the pictures: put those of each class into a folder of its own, without the masks."
)


def rest_of(path: Path, files: Sequence[str]) -> list[str]:
    """Say that a file was named, and the others of its data set are read with it.

    >>> rest_of(Path("data/test_batch"), ["data_batch_1", "data_batch_2", "test_batch"])
    ['test_batch is one file of a data set: data_batch_1, data_batch_2 beside it are read, too']
    """
    others = [name for name in files if name != path.name]
    return [f"{path.name} is one file of a data set: {', '.join(others)} beside it are read, too"]


def masks(files: Sequence[Path]) -> set[Path]:
    """The files that are masks of others beside them: a_mask.png of a.png, p_seg.nii of p_t1.nii."""
    if not any(MASK.fullmatch(ENDING.sub("", file.name)) for file in files):
        return set()  # as nearly always: folder by folder takes five times as long
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    return {file for inside in folders.values() for file in _masks_of_folder(inside)}


def _masks_of_folder(files: Sequence[Path]) -> Iterator[Path]:
    found = [(file, MASK.fullmatch(ENDING.sub("", file.name))) for file in files]
    stems = sorted(ENDING.sub("", file.name).casefold() for file, match in found if not match)
    known = set(stems)
    for file, match in found:
        if match:
            base = match[1].casefold()
            at = bisect_left(stems, base + "_")
            near = SURE.fullmatch(match[2]) and at < len(stems) and stems[at].startswith(base + "_")
            if base in known or near:
                yield file


def companions(folders: Sequence[Path]) -> list[Path]:
    """The folders that hold masks or annotations of those in a folder called images."""
    if not any(_word(folder) in PICTURES for folder in folders):
        return []
    return [folder for folder in folders if _word(folder) in MASKS]


def _word(folder: Path) -> str:
    """What a folder is called: Train_Masks → mask, images → image.

    >>> [_word(Path(name)) for name in ("Train_Masks", "images", "labelsTr", "ground-truth")]
    ['mask', 'image', 'labelstr', 'groundtruth']
    """
    letters = re.sub(r"[\W\d_]+", "", folder.name.casefold())
    return re.sub(r"^(training|train|test|valid|val)(?=.)", "", letters).removesuffix("s")


def other_task(top: Path) -> str | None:
    """Say that a folder is a data set for detection or segmentation; None where nothing in it says so."""
    for file in _signs(top, DEPTH):
        if what := _boxes(file):
            return DETECTION.format(source=top, what=what, file=file.name)
    for folder in (top, *(path for path in _entries(top) if path.is_dir())):
        for beside in companions([path for path in _entries(folder) if path.is_dir()]):
            first = next((path for path in beside.rglob("*.*")), beside)
            what = f"the folder {beside.name} beside the pictures"
            return SEGMENTATION.format(source=top, what=what, file=first.name)
    return None


def _entries(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in names_in(folder)]
    except OSError:
        return []


def _signs(folder: Path, depth: int) -> Iterator[Path]:
    """A few files below a folder that may hold boxes."""
    inside = _entries(folder)
    for ending in (".yaml", ".yml", ".txt", ".json", ".xml"):
        yield from [path for path in inside if path.suffix.lower() == ending and path.is_file()][:EACH]
    if depth:
        for inner in [path for path in inside if not path.suffix and path.is_dir()][: 2 * EACH]:
            yield from _signs(inner, depth - 1)


def _boxes(file: Path) -> str | None:
    """What a file says of boxes in pictures."""
    try:
        with file.open("rb") as stream:
            head = stream.read(1 << 16)
    except OSError:
        return None
    text, ending = head.decode("utf-8", "replace"), file.suffix.lower()
    if ending in (".yaml", ".yml"):
        return (
            "it describes a YOLO data set" if re.search(r"^\s*(nc|names)\s*:", text, re.MULTILINE) else None
        )
    if ending == ".txt":
        lines = [line for line in text.splitlines()[:EACH] if line.strip()]
        return "it has YOLO's boxes" if lines and all(map(YOLO.match, lines)) else None
    if ending == ".xml":
        return "it has Pascal VOC's boxes" if "<annotation" in text and "<bndbox" in text else None
    coco = (
        file.name.startswith("instances_")
        or ("coco" in file.name.lower())
        or (b'"file_name"' in head and b'"images"' in head)
    )
    if coco or COCO.search(head):
        return "it has COCO's annotations"
    return "it has labelme's outlines" if b'"shapes"' in head and b'"imagePath"' in head else None
