"""Files in one folder a class: root/class/*, or root/train|val|test/class/*."""

import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files import beside, groups, listing, naming
from convscope.data.files.decoding import shown
from convscope.data.files.listing import PART_NAMES, Listed
from convscope.data.files.tree import Wanted, children, files_below, folders_in, identity_of, is_folder, peek
from convscope.data.names import natural
from convscope.errors import DataError

DEEPEST = 5  # folders in folders around the data
VARIANT = re.compile(
    r"^(colou?r(ed)?|gr[ae]y(scale)?|rgb|segmented|cropped|resized|original|augmented|augmentation|raw|processed)"
    r"([\W_]*(images?|imgs?|data|dataset|\d+.*))?$",
    re.IGNORECASE,
)  # names of folders that hold the same pictures, made ready in one way or another
KINDS = {
    "pictures": (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    "sounds": (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".aif", ".aiff", ".opus", ".wma"),
    "volumes": (".nii", ".gz", ".dcm", ".mha", ".mhd", ".nrrd"),
    "videos": (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg"),
    "archives": (".zip", ".tar", ".tgz", ".rar", ".7z"),
}  # what endings mean


class Found(NamedTuple):
    """What lies in a folder."""

    listed: list[Listed]
    skipped: list[Skipped]
    remarks: list[str]
    passed: list[Skipped]  # what is no sample, and why


class FolderPlace(NamedTuple):
    """A folder of samples."""

    folder: Path
    label: str  # "" where the files' names say it
    part: str  # train, val, test, or "" where no folder says so


class Taken(NamedTuple):
    """A file of a class, and the folders between them."""

    file: Path
    trail: tuple[str, ...]
    label: str
    part: str


def scan(
    root: Path, wanted: Wanted, settings: DataSettings = DataSettings(), *, classes: bool = True
) -> Found:
    """List every wanted file with its class, part and group, in natural order.

    Args:
        root: what the person gave; folders around the data alone are passed through.
        wanted: what counts as a sample.
        settings: `label_from` and `group`.
        classes: whether the folders must be classes; recordings may say themselves what they are.

    Raises:
        DataError: settings that a folder has no use for, a pattern or a group that is not there, folders that
            are no classes.
    """
    demand_no_columns(settings, root)
    found, others = Found([], [], [], []), Counter[str]()
    top = unwrapped(root, wanted)
    if top != root:
        found.remarks.append(f"the data lie in {top.relative_to(root)}/, the only folder that holds any")
    places = _by_name(top, wanted, found) if settings.label_from else _by_folder(top, root, wanted, found)
    taken = [file for place in places for file in _take(place, root, wanted, found, others)]
    if settings.label_from:
        taken = _named(taken, naming.pattern(settings.label_from), root, found)
    else:
        if classes:
            _demand_classes(root, top, taken, wanted, others)
        taken = _without_masks(taken, root, wanted, found)
    lying = [groups.Lying(file.trail, file.file.name) for file in taken]
    named, said = groups.of_folders(lying, settings, root)
    found.listed.extend(
        Listed(file.file, file.label, file.part, group, bound=False)
        for file, group in zip(taken, named, strict=True)
    )
    found.remarks.extend([*said, *groups.on_kinds(lying, grouped=any(named)), *_on_others(others, wanted)])
    return found


def demand_no_columns(settings: DataSettings, root: Path) -> None:
    """Raise DataError for a setting that names a column, where there is no table."""
    for name in ("label", "target", "sample", "images"):
        if (value := getattr(settings, name)) is not None:
            raise DataError(
                f"--{name} {value}: {root} is a folder, whose folders are the classes; there is no table.\n"
                f"  Leave --{name} out, or give the table that names the files."
            )


def unwrapped(root: Path, wanted: Wanted) -> Path:
    """The folder that holds the classes or parts: archives unpack into a folder in a folder."""
    top = root
    for _ in range(DEEPEST):
        inside = children(top, [])
        folders = [child for child in inside if is_folder(child)]
        folders = [folder for folder in folders if folder not in beside.companions(folders)]
        if any(wanted.takes(child) for child in inside) or len(folders) < 1:
            return top
        holding = (each for each in folders if len(folders) == 1 or _any(each, wanted))
        full = list(islice(holding, 2))  # two are enough to know
        if len(full) != 1 or full[0].name.casefold() in PART_NAMES:
            return top
        inner = children(full[0], [])
        if not any(map(is_folder, inner)) or any(wanted.takes(child) for child in inner):
            return top
        top = full[0]
    return top


def _any(folder: Path, wanted: Wanted) -> bool:
    """Whether there seem to be samples below a folder."""
    return any(wanted.takes(child) for child in peek(folder, wanted))


def _by_folder(top: Path, root: Path, wanted: Wanted, found: Found) -> list[FolderPlace]:
    """The classes: in the folders of parts, or below them, or without any."""
    folders = _without_companions(folders_in(top, found.skipped), found)
    parts = [
        folder
        for folder in folders
        if folder.name.casefold() in PART_NAMES and _is_part(folder, wanted, found.skipped)
    ]
    others = [folder for folder in folders if folder not in parts]
    if parts and others:
        names = ", ".join(folder.name for folder in others[: listing.SHOWN])
        found.remarks.append(f"not used, because they lie beside {parts[0].name}/: {names}")
    loose = [child for place in (top, *parts) for child in children(place, []) if _is_wanted(child, wanted)]
    if loose:
        found.remarks.append(f"{len(loose):,} {wanted.what}s lie in no class folder and are not used")
        found.passed.extend(Skipped(shown(child, root), "it lies in no class folder") for child in loose)
    if parts:
        return [
            FolderPlace(inner, inner.name, PART_NAMES[folder.name.casefold()])
            for folder in parts
            for inner in _without_companions(folders_in(folder, found.skipped), found)
        ]
    if others and all(_has_parts(folder, wanted) for folder in others):
        found.remarks.append("each class has its own folders of parts, and they are kept")
        return [
            FolderPlace(inner, folder.name, PART_NAMES[inner.name.casefold()])
            for folder in others
            for inner in folders_in(folder, found.skipped)
        ]
    return [FolderPlace(folder, folder.name, "") for folder in others]


def _by_name(top: Path, wanted: Wanted, found: Found) -> list[FolderPlace]:
    """Everything, by parts where there are some; the files' names say the classes."""
    every = folders_in(top, found.skipped)
    folders = _without_companions(every, found)
    parts = [each for each in folders if each.name.casefold() in PART_NAMES and _any(each, wanted)]
    if not parts and len(folders) < len(every):
        return [FolderPlace(folder, "", "") for folder in folders]
    if not any(PART_NAMES[folder.name.casefold()] == "train" for folder in parts):
        return [FolderPlace(top, "", "")]
    if others := [folder.name for folder in folders if folder not in parts]:
        names = ", ".join(others[: listing.SHOWN])
        found.remarks.append(f"not used, because they lie beside {parts[0].name}/: {names}")
    return [FolderPlace(folder, "", PART_NAMES[folder.name.casefold()]) for folder in parts]


def _has_parts(folder: Path, wanted: Wanted) -> bool:
    inside = children(folder, [])
    if any(_is_wanted(child, wanted) for child in inside):
        return False
    inner = [child.name.casefold() for child in inside if is_folder(child)]
    return bool(inner) and all(name in PART_NAMES for name in inner)


def _without_companions(folders: list[Path], found: Found) -> list[Path]:
    left = beside.companions(folders)
    for folder in left:
        found.remarks.append(f"the folder {folder.name} is not used: masks or annotations of the others")
    return [folder for folder in folders if folder not in left]


def _is_part(folder: Path, wanted: Wanted, skipped: list[Skipped]) -> bool:
    """A folder "train" with files directly in it is a class of that name (the vehicle)."""
    inside = children(folder, skipped)
    return any(is_folder(child) for child in inside) and not any(
        _is_wanted(child, wanted) for child in inside
    )


def _take(place: FolderPlace, root: Path, wanted: Wanted, found: Found, others: Counter[str]) -> list[Taken]:
    """The samples of a class; what else lies there is counted."""
    taken = []
    above = () if place.folder == root else (identity_of(root),)
    for file, trail, takes in files_below(place.folder, root, wanted, found.skipped, above):
        if takes:
            taken.append(Taken(file, trail, place.label, place.part))
        elif not file.name.lower().endswith(tuple(wanted.parts)):
            others[file.suffix.lower() or "without ending"] += 1
            found.passed.append(Skipped(shown(file, root), f"its ending is no {wanted.what}'s"))
    if not taken:
        found.remarks.append(f"the folder {place.folder.relative_to(root)} holds no {wanted.what}s")
    return taken


def _named(taken: list[Taken], rule: re.Pattern[str], root: Path, found: Found) -> list[Taken]:
    """The samples whose names say their class; the others are left out."""
    named = [file._replace(label=naming.label(rule, file.file.name)) for file in taken]
    if taken and not any(file.label for file in named):
        raise naming.none_fits(rule, [file.file.name for file in taken], root)
    reason = f"its name does not say the class: --label-from {rule.pattern} does not fit"
    found.skipped.extend(
        Skipped(str(file.file.relative_to(root)), reason) for file in named if not file.label
    )
    return [file for file in named if file.label]


def _without_masks(taken: list[Taken], root: Path, wanted: Wanted, found: Found) -> list[Taken]:
    masks = beside.masks([file.file for file in taken])
    if not masks:
        return taken
    first = next(file.file.name for file in taken if file.file in masks)
    found.remarks.append(
        f"{len(masks):,} files such as {first} are masks of the {wanted.what}s beside them, no samples"
    )
    why = f"a mask of a {wanted.what} beside it"
    found.passed.extend(Skipped(shown(file.file, root), why) for file in taken if file.file in masks)
    return [file for file in taken if file.file not in masks]


def _demand_classes(root: Path, top: Path, taken: list[Taken], wanted: Wanted, others: Counter[str]) -> None:
    """Refuse folders that are no classes, where it can be told what they are."""
    labels = {file.label for file in taken}
    if len(labels) > 1 and all(VARIANT.search(label) for label in labels):
        names = sorted(labels, key=natural)
        raise DataError(
            f"{root}: {', '.join(names)} seem to be the same {wanted.what}s in several ways, no classes.\n"
            f"  Name the one to train on: {top / names[0]}"
        )
    only_parts = len(labels) > 1 and all(_like_part(label) for label in labels)
    if len(labels) > 1 and not only_parts:
        return
    loose = [child.name for child in children(top, []) if _is_wanted(child, wanted)]
    names = [*(file.file.name for file in taken), *loose]
    advice = naming.suggestion(names)
    if task := beside.other_task(root):
        more = f'\n  If names such as {names[0]} say the class: --label-from "{advice}".' if advice else ""
        raise DataError(f"{task}{more}")
    if advice:
        raise DataError(
            f"{root}: its {wanted.what}s lie in no class folders; names such as {names[0]} seem to say"
            f' the class.\n  Try --label-from "{advice}".'
        )
    if only_parts:
        folders = " and ".join(sorted(labels, key=natural))
        raise DataError(
            f"{root}: {folders} are parts, and hold {wanted.what}s without a class.\n"
            f"  Expected {root.name}/train/CLASS/; or name a table with the labels, or give --label-from."
        )
    mixed = _on_others(others, wanted)[1:]
    if taken and mixed:
        raise DataError(
            f"{root} has {wanted.what}s in the folder {next(iter(labels))} alone; {mixed[0]}.\n"
            f"  All classes need the same kind of files."
        )


def _like_part(name: str) -> bool:
    """Whether a folder is named as a part, perhaps with more to it: test1, train_images.

    >>> [_like_part(name) for name in ("test1", "train_images", "Validation", "trainer", "car")]
    [True, True, True, False, False]
    """
    return re.sub(r"[\W_]*(\d+|images?|imgs?|set|data|pictures?)?$", "", name.casefold()) in PART_NAMES


def _on_others(others: Counter[str], wanted: Wanted) -> list[str]:
    """Say what else lies in the class folders, and which of it are samples of another kind."""
    if not others:
        return []
    counts = ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(5))
    said = [f"{others.total():,} files are not used, their ending is no {wanted.what}'s: {counts}"]
    kinds = Counter({kind: sum(others[end] for end in ends) for kind, ends in KINDS.items()})
    mixed = [
        f"{count:,} {kind}" for kind, count in kinds.most_common() if count and kind != f"{wanted.what}s"
    ]
    if mixed:
        said.append(f"{' and '.join(mixed)} lie among the {wanted.what}s: one kind is trained on at a time")
    return said


def _is_wanted(child: Path, wanted: Wanted) -> bool:
    return wanted.takes(child) and not is_folder(child)
