"""Where sounds lie, and what that says of them: folders of classes, a table, lists of the parts."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from convscope.data.dataset import DataSettings
from convscope.data.files import folder
from convscope.data.files.folder import Wanted
from convscope.data.files.listing import Listed
from convscope.data.files.table import ENDINGS
from convscope.data.signals import placing, tables
from convscope.data.signals.tables import Placed
from convscope.data.text import decoding, layout
from convscope.errors import DataError

NOISE = re.compile(r"_.*_")  # "_background_noise_": to be mixed into sounds, and no class
LISTS = {"validation_list.txt": "val", "testing_list.txt": "test"}  # of Speech Commands, beside its classes
SPEAKER = re.compile(r"(.+)_nohash_\d+")  # and who speaks, by the name of a file
LOOKED = 20  # rows of a table that are asked for a sound


def placed(path: Path, wanted: Wanted, settings: DataSettings) -> Placed:
    """List the sounds of a folder or a table with their classes, parts and groups.

    Folders of classes come first; a table that names the sounds is asked where there are none (or a column is
    asked for), such as in ESC-50 and UrbanSound8K.

    Raises:
        DataError: no class is to be found, or settings that the source has no use for.
    """
    asked = placing.asks_for_column(settings)
    found = placing.by_folders(path, wanted, settings) if path.is_dir() else Placed([], [], [])
    if asked or not placing.in_classes(found.listed):
        root = path if path.is_dir() else _root(path, wanted)
        table = tables.by_table(path, placing.every(root, wanted), settings, wanted.what, root)
        if table and table.listed:
            return table
    if path.is_file():
        raise DataError(
            f"{path} names no sound that is there.\n  Give the paths relative to the table's own folder."
        )
    found = Placed(*folder.scan(path, wanted, settings)[:3])
    if not found.listed:
        raise DataError(
            f"{path} holds sounds, but none in a class folder.\n"
            "  Expected FOLDER/CLASS/sound.wav, or FOLDER/train|val|test/CLASS/sound.wav."
        )
    found = found._replace(remarks=[*found.remarks, *placing.on_people(found.listed)])
    return _by_lists(_without_noise(found), settings)


def names_sounds(path: Path, wanted: Wanted) -> bool:
    """Whether this is a table with names of sounds in its first rows."""
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return False
    text = decoding.head(path)
    try:
        rows = [row for row, _ in zip(layout.find(text).rows(text), range(LOOKED), strict=False)]
    except (csv.Error, ValueError):
        return False
    named = (cell for row in rows for cell in row if cell.lower() != cell.upper())  # a number has no ending
    return any(wanted.takes(Path(cell)) for cell in named)


def _root(table: Path, wanted: Wanted) -> Path:
    """The folder of a table, or the one above it: of ESC-50 the table lies beside the folder of sounds."""
    own = table.absolute().parent
    return own if any(wanted.takes(file) for file in folder.peek(own, wanted)) else own.parent


def _without_noise(found: Placed) -> Placed:
    noise = sorted({item.label for item in found.listed if NOISE.fullmatch(item.label)})
    if not noise:
        return found
    kept = [item for item in found.listed if item.label not in noise]
    return found._replace(listed=kept, remarks=[*found.remarks, f"{', '.join(noise)} is noise, and no class"])


def _by_lists(found: Placed, settings: DataSettings) -> Placed:
    """Parts by the lists that lie beside the classes, and speakers as groups."""
    tops = {item.file.parent.parent for item in found.listed}
    lists = {top: [place / name for place in (top, top.parent) for name in LISTS] for top in tops}
    there = [(top, file) for top, files in lists.items() for file in files if file.is_file()]
    part_of = {
        top / line.strip().replace("\\", "/"): LISTS[file.name]
        for top, file in there
        for line in decoding.read(file).text.splitlines()
        if line.strip()
    }
    part_of = {item.file: part_of[item.file] for item in found.listed if item.file in part_of}
    said = list(found.remarks)
    listed = found.listed
    if part_of:
        listed = [item._replace(part=part_of.get(item.file, "train")) for item in listed]
        names = " and ".join(sorted({file.name for _, file in there}))
        said.append(f"parts as {names} say; the other sounds are for training")
    elif settings.group is None and (spoken := _by_speakers(listed)):
        listed = spoken
        said.append(
            f"all sounds of one of the {len({item.group for item in spoken}):,} speakers are in one part"
        )
    return found._replace(listed=listed, remarks=said)


def _by_speakers(listed: Sequence[Listed]) -> list[Listed]:
    """With speakers as groups, where every name says the speaker."""
    speakers = [SPEAKER.fullmatch(item.file.stem) for item in listed]
    if not all(speakers):
        return []
    return [
        item._replace(group=speaker[1], bound=False)
        for item, speaker in zip(listed, speakers, strict=True)
        if speaker
    ]
