"""WFDB records (PhysioNet): a signal around each beat, or whole ones. Needs `convscope[signals]`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convscope.data import signals
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import folder, table
from convscope.data.files.decoding import shown
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import Listed, left_out
from convscope.data.samples import Samples, SampleSpec
from convscope.data.signals import placing, ptbxl, recordings, wfdb_record
from convscope.data.signals.recording import Broken, Recording, names
from convscope.data.signals.tables import Placed
from convscope.data.signals.wfdb_record import ENDING
from convscope.errors import BadFile, DataError

ANNOTATORS = ("atr", "apn", "blh", "ecg", "ari", "qrsc", "bph", "blm", "qrs", "bpm")  # people's come first
RECORDS = folder.Wanted((ENDING,), "record")


def recognises(path: Path) -> bool:
    """Whether this is a record's header, a folder that holds some, or a table that names one."""
    if path.is_dir():
        return any(RECORDS.takes(file) for file in folder.peek(path, RECORDS))
    return path.is_file() and (ptbxl.is_table(path) or RECORDS.takes(table.first(path) or path))


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Cut records into beats; an annotation's symbol is the class, a record a group.

    Beats alone are used where there are some, and not the changes of rhythm or noise that are annotated, too.
    Records without annotations are whole, of the class that their folder says, or a table that names them.

    Raises:
        DataError: the package wfdb is not installed, no annotations, classes that cannot be trained on; with
            `strict` any record left out.
    """
    library = wfdb_record.wfdb()
    place = _placed(path, settings)
    opened, skipped = [], list(place.skipped)
    for item in place.listed:
        try:
            found = _labelled(_open(item.file, path, item.label), item)
            opened.append(placing.as_placed(found, item, settings))
        except Broken as error:
            skipped.append(Skipped(shown(item.file, path), str(error)))
    if not opened:
        raise DataError(left_out(f"{path}: none of the {len(place.listed)} records can be used:", skipped))
    opened, unused = _beats(opened, library)
    read, settings = recordings.samples(opened, settings)
    remarks = [*place.remarks, *read.remarks, *recordings.tally(unused)]
    whole = read._replace(skipped=[*skipped, *read.skipped], remarks=remarks)
    return signals.dataset(whole, path, settings, strict)


def header(path: Path) -> Claim:
    """Channels and points, by the header."""
    try:
        head = wfdb_record.head(path)
    except Broken as error:
        raise BadFile(path, str(error)) from error
    return Claim((len(head.channels), head.points), rate=head.rate)


def samples(path: Path, spec: SampleSpec) -> Samples:
    """Pieces of a record (or all of a folder), see `recordings.unlabelled`; its files lie beside it."""
    if path.is_dir():
        return placing.all_of(_unmarked(path), lambda file: samples(file, spec))
    library = wfdb_record.wfdb()
    own = path.absolute().parent
    label = own.name if own.name in spec.classes else ""
    try:
        (recording,), _ = _beats([_open(path, own, label)], library)
        found = recordings.unlabelled(recording._replace(label=label), spec)
        return signals.as_samples(found, [], path.name, spec)
    except Broken as error:
        raise BadFile(path, str(error)) from error


def _placed(path: Path, settings: DataSettings) -> Placed:
    """The records of a source, without those that are segments of another."""
    if known := ptbxl.placed(path, settings):
        return known
    place = placing.placed(path, RECORDS, settings, _marked)
    return place._replace(listed=_whole(place.listed, path.is_dir()))


def _whole(listed: Sequence[Listed], several: bool) -> list[Listed]:
    """Without the records that are segments of another."""
    inner = {
        (item.file.parent, name) for item in listed if several for name in wfdb_record.segments_of(item.file)
    }
    return [item for item in listed if (item.file.parent, item.file.stem) not in inner]


def _unmarked(path: Path) -> list[Path]:
    """The records of a folder without annotations."""
    found = placing.unmarked(path, RECORDS, _marked)
    return [item.file for item in _whole([Listed(file, "") for file in found], True)]


def _marked(file: Path) -> str:
    return "beside" if _annotator(file) else ""


def _annotator(file: Path) -> str | None:
    return next((name for name in ANNOTATORS if file.with_suffix(f".{name}").is_file()), None)


def _open(file: Path, root: Path, label: str) -> Recording:
    head = wfdb_record.head(file)
    if not head.points:
        raise Broken("it holds no signal")
    annotator = None if label else _annotator(file)

    def values(places: Sequence[int]) -> list[np.ndarray]:
        return wfdb_record.values(file, head, places)

    return Recording(
        name=shown(file.with_suffix(""), root if root.is_dir() else root.parent),
        channels=names(head.channels),
        rates=(head.rate,) * len(head.channels),
        marks=wfdb_record.marks(file, annotator, head.rate) if annotator else [],
        read=values,
        units=head.units,
    )


def _labelled(recording: Recording, item: Listed) -> Recording:
    if not item.label and not _annotator(item.file):
        raise Broken(
            f"there are no annotations beside it ({', '.join(f'.{name}' for name in ANNOTATORS)}), it lies in"
            " no folder of a class, and no table names it and its class"
        )
    return recording


def _beats(opened: Sequence[Recording], library) -> tuple[list[Recording], Counter[str]]:  # noqa: ANN001 - a module
    """Keep the annotations of beats, where there are some; their names differ in more than case (A and a)."""
    table = library.io.annotation.ann_label_table
    meaning = dict(zip(table["symbol"], table["description"], strict=True))
    is_beat = dict(zip(table["symbol"], _is_beat(library, table["label_store"]), strict=True))
    any_beat = any(is_beat.get(mark.label) for recording in opened for mark in recording.marks)
    unused: Counter[str] = Counter()
    kept = []
    for recording in opened:
        marks = []
        for mark in recording.marks:
            name = f"{mark.label} {meaning.get(mark.label, '')}".strip()
            if is_beat.get(mark.label) or not any_beat:
                marks.append(mark._replace(label=name))
            else:
                unused[name] += 1
        kept.append(recording._replace(marks=marks))
    return kept, unused


def _is_beat(library, codes: Sequence[int]) -> list[bool]:  # noqa: ANN001 - a module
    known = library.io.annotation.is_qrs
    return [0 <= code < len(known) and known[code] for code in codes]


FORMAT = Format(
    what="WFDB records (.hea, .dat) with annotations, in a folder a class, or named by a table (PTB-XL)",
    recognises=recognises,
    load=load,
    parts=(ENDING, ".dat", *(f".{name}" for name in ANNOTATORS)),
    files=Files(
        one="WFDB record",
        form="channels × time",
        kinds=("signal",),
        takes=lambda path: bool(_unmarked(path)) if path.is_dir() else RECORDS.takes(path),
        ending=lambda _: "",  # its first bytes are of one of its files only
        header=header,
        decode=samples,
        many=True,
    ),
)
