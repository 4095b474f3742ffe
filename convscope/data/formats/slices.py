"""DICOM files that are a picture each (X-rays, single slices), in one folder a class; needs pydicom."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import folder, listing
from convscope.data.files.decoding import each
from convscope.data.files.folder import Wanted
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import PART_NAMES, Listed, Reader
from convscope.data.pictures import choosing, dicom
from convscope.errors import BadFile, DataError

ENDINGS = (".dcm", ".dicom", ".ima")
LOOKED_AT = 3  # folders, and files in them, that show whether they are series
WINDOW = "values are those of the DICOM files in their own unit; windows, made for the eye, are not applied"


def _is_slice(path: Path) -> bool:
    """Whether a file without an ending is a DICOM file."""
    if path.suffix[1:].isalpha() or path.name == "DICOMDIR" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return dicom.is_dicom(file.read(dicom.MAGIC.stop))
    except OSError:
        return False


WANTED = Wanted(ENDINGS, "picture", inside=_is_slice)


def recognises(path: Path) -> bool:
    """Whether a folder has DICOM files directly in its classes, or of several series in each folder."""
    if not path.is_dir() or not any(map(WANTED.takes, folder.peek(path, WANTED))):
        return False
    top = folder.unwrapped(path, WANTED)
    files = [file for file in folder.peek(top, WANTED) if WANTED.takes(file) and file.is_file()]
    if not files:
        return False
    places = [file.relative_to(top).parts[:-1] for file in files]
    classes = {place[: _depth(place)] for place in places}
    if classes <= set(places):  # each class has some directly in its folder
        return True
    deeper = [file.parent for file, place in zip(files, places, strict=True) if place not in classes]
    return all(_is_of_several(inside) for inside in list(dict.fromkeys(deeper))[:LOOKED_AT])


def _depth(place: tuple[str, ...]) -> int:
    """How many folders name the class, and its part if there is one."""
    return 2 if place and place[0].casefold() in PART_NAMES else 1


def _is_of_several(place: Path) -> bool:
    """Whether the first files of a folder are each of a series of its own."""
    files = [file for file in folder.children(place, []) if WANTED.takes(file)][:LOOKED_AT]
    try:
        series = [str(dicom.about(file).get("SeriesInstanceUID")) for file in files]
    except DataError:
        return False
    return len(files) > 1 and len(set(series)) == len(files)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load DICOM files as pictures, in the unit of the files; the layouts are those of pictures.

    Where no folders say what belongs together, the patients in the files' headers do.

    Raises:
        DataError: pydicom is missing; or as for pictures.
    """
    dicom.pydicom()
    found = folder.scan(path, WANTED, settings)
    if not found.listed:
        raise DataError(
            f"{path} holds DICOM files, but none in a folder of a class.\n"
            "  Put those of each class into a folder of its own: FOLDER/CLASS/picture.dcm."
        )
    listed, said = _by_patient(found.listed, settings)
    reader = Reader("image", WANTED.what, _choose, choosing.read)
    remarks = [*found.remarks, *said]
    return listing.dataset(listed, path, path, settings, strict, reader, found.skipped, remarks, found.passed)


def _by_patient(listed: list[Listed], settings: DataSettings) -> tuple[list[Listed], list[str]]:
    """The pictures of a patient are a group, where headers name patients with several pictures."""
    if settings.group is not None or any(item.group for item in listed):
        return listed, []
    heads = list(each(dicom.about, [item.file for item in listed], "looking"))
    names = ["" if isinstance(head, BadFile) else str(head.get("PatientID") or "") for head in heads]
    counts = Counter(filter(None, names))
    if len(counts) < 2 or max(counts.values()) < 2:
        return listed, []
    grouped = [item._replace(group=name or None) for item, name in zip(listed, names, strict=True)]
    said = f"the {len(counts):,} patients that the files name are groups: each stays in one part"
    return grouped, [f"{said}; --group none deals their pictures out one by one"]


def _choose(files: Sequence[Path], settings: DataSettings) -> tuple[DataSettings, list[str]]:
    settings, remarks = choosing.choose(files, settings)
    heads = [head for head in each(dicom.about, files) if not isinstance(head, BadFile)]
    inverted = sum(map(dicom.is_inverted, heads))
    turned = f"{inverted:,} of {len(heads):,} pictures were stored with white as 0 (MONOCHROME1) and inverted"
    return settings, [*remarks, WINDOW, *([turned] if inverted else [])]


def header(path: Path) -> Claim:
    """Size and channels of a picture, none of it decoded."""
    one = dicom.about(path)
    form = dicom.mode(one)
    return Claim(
        (3 if form == "RGB" else 1, int(one.Rows), int(one.Columns)), "float32" if form == "F" else "uint8"
    )


FORMAT = Format(
    what="a folder with a folder a class of DICOM files, a picture each",
    recognises=recognises,
    load=load,
    files=Files(
        one="DICOM picture",
        form="1 or 3 channels × height × width",
        kinds=("image",),
        takes=lambda path: WANTED.takes(path) and path.is_file(),
        ending=lambda head: ENDINGS[0] if dicom.is_dicom(head) else "",
        header=header,
        decode=choosing.sample,
    ),
)
