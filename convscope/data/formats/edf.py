"""EDF and BDF recordings: pieces with the label of their annotation or folder."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data import signals
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import folder, table
from convscope.data.files.decoding import shown
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import Listed, left_out
from convscope.data.samples import Samples, SampleSpec
from convscope.data.signals import edf, placing, recordings
from convscope.data.signals.edf import Note
from convscope.data.signals.recording import Broken, Mark, Recording, names
from convscope.data.text import decoding
from convscope.errors import BadFile, DataError

RECORDINGS = folder.Wanted((".edf", ".bdf"), "recording")
SCORING = re.compile(r"[-_. ]*(psg|hypnogram|hyp|annotations?|scoring|stages|events|labels)$", re.IGNORECASE)
SLEEP_EDF = re.compile(r"(S[CT]\d{3})\d[A-Z]")  # its files' names: person, night; the scorer's letter follows
UNSCORED = re.compile(r"(.* )?\?$")  # "Sleep stage ?"


class OpenedRecording(NamedTuple):
    """A file, its header read."""

    item: Listed
    head: edf.EdfHeader
    times: edf.Times


def recognises(path: Path) -> bool:
    """Whether this is an EDF or BDF file, a folder that holds some, or a table that names one."""
    if path.is_dir():
        return any(RECORDINGS.takes(file) for file in folder.peek(path, RECORDINGS))
    return path.is_file() and RECORDINGS.takes(table.first(path) or path)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Cut recordings into signals; each recording (of the Sleep-EDF set: each person) is a group.

    Recordings in folders of classes have their folder's label; else annotations are the labels: their own, or
    those of a file of annotations alone that is called like them (a hypnogram).

    Raises:
        DataError: no annotations, classes that cannot be trained on; with `strict` any recording left out.
    """
    place = placing.placed(path, RECORDINGS, settings, _marked)
    files, skipped = [], place.skipped
    for item in place.listed:
        try:
            files.append(_open(item))
        except Broken as error:
            skipped.append(Skipped(shown(item.file, path), str(error)))
    opened, remarks, lost = _recordings(files, path, settings)
    skipped += lost
    if not opened:
        raise DataError(left_out(f"{path}: none of the {len(place.listed)} recordings can be used:", skipped))
    read, settings = recordings.samples(opened, settings)
    remarks = [*place.remarks, *read.remarks, *remarks]
    read = read._replace(skipped=[*skipped, *read.skipped], remarks=remarks)
    return signals.dataset(read, path, settings, strict)


def header(path: Path) -> Claim:
    """Channels and points of the longest channel, and the rate of the first, by the header alone."""
    try:
        head = edf.header(path)
    except (OSError, ValueError) as error:
        raise BadFile(path, _damaged(error)) from error
    channels = [channel for channel in head.signals if not edf.is_status(channel, head)]
    points = max((channel.points for channel in channels), default=0)
    rate = channels[0].points / head.seconds if channels and head.seconds else None
    return Claim((len(channels), max(head.said, head.records) * points), rate=rate)


def samples(path: Path, spec: SampleSpec) -> Samples:
    """Pieces of a recording (or all of a folder), see `recordings.unlabelled`; with annotations beside it."""
    if path.is_dir():
        return placing.all_of(_unmarked(path), lambda file: samples(file, spec))
    folder = path.absolute().parent
    label = folder.name if folder.name in spec.classes else ""
    try:
        file = _open(Listed(path, label))
        recording = _recording(file, _beside(path), folder)._replace(label=label)
        return signals.as_samples(recordings.unlabelled(recording, spec), [], path.name, spec)
    except Broken as error:
        raise BadFile(path, str(error)) from error


def _open(item: Listed) -> OpenedRecording:
    try:
        head = edf.header(item.file)
        return OpenedRecording(item, head, edf.times(item.file, head))
    except (OSError, ValueError) as error:
        raise Broken(_damaged(error)) from error


def _damaged(error: Exception) -> str:
    return f"it is damaged, or no EDF file: {error}"


def _recordings(
    files: Sequence[OpenedRecording], root: Path, settings: DataSettings
) -> tuple[list[Recording], list[str], list[Skipped]]:
    """The recordings of these files, what is to be said of their annotations, and what cannot be used."""
    scoring = {_key(file.item.file): file for file in files if not file.head.signals}
    scored = {_key(file.item.file) for file in files if file.head.signals} & set(scoring)
    found, skipped, unscored = [], [], Counter()
    for file in files:
        key = _key(file.item.file)
        if not file.head.signals and key in scored:
            continue
        try:
            partner = scoring.get(key) if root.is_dir() else _beside(file.item.file)
            recording = _scored(_recording(file, partner, root), unscored)
            found.append(placing.as_placed(_labelled(recording, file), file.item, settings))
        except Broken as error:
            skipped.append(Skipped(shown(file.item.file, root), str(error)))
    example = next((scoring[key].item.file.name for key in scored), "")
    said = [f"annotations come from {len(scored):,} files beside the recordings, such as {example}"]
    return found, [*said[: len(scored)], *recordings.tally(unscored)], skipped


def _recording(file: OpenedRecording, partner: OpenedRecording | None, root: Path) -> Recording:
    """A file of signals, with the annotations of its partner, if it has one, else its own."""
    path, head, times = file.item.file, file.head, file.times
    places = [place for place, channel in enumerate(head.signals) if not edf.is_status(channel, head)]
    channels = [head.signals[place] for place in places if head.signals[place].points]
    if not channels:
        raise Broken("it holds annotations alone" if times.notes else "it holds no signal")
    if not head.records:
        raise Broken("it holds no record")
    notes, said = times.notes, []
    if partner:
        notes = [note._replace(onset=note.onset + _later(file, partner)) for note in partner.times.notes]
    notes = notes or edf.triggers(path, head)
    name = shown(path, root if root.is_dir() else root.parent)
    if head.said > head.records:
        said.append(f"{name} is cut short: {head.records:,} of {head.said:,} records are there, and used")
    marks, unusual = _marks(notes)
    said += [f"annotations of {name}: {words}" for words in unusual]
    person = SLEEP_EDF.match(path.stem)

    def values(wanted: Sequence[int]) -> list[np.ndarray]:
        try:
            return edf.values(path, head, times.starts, [places[place] for place in wanted])
        except (OSError, ValueError) as error:
            raise Broken(_damaged(error)) from error

    return Recording(
        name=name,
        channels=names([channel.label for channel in channels]),
        rates=tuple(channel.points / head.seconds for channel in channels),
        marks=marks,
        read=values,
        group=person[1] if person else None,
        said=tuple(said),
        units=tuple(channel.unit for channel in channels),
    )


def _marks(notes: Sequence[Note]) -> tuple[list[Mark], tuple[str, ...]]:
    """Annotations as marks; and what is unusual about their text."""
    content = b"\n".join(note.text.replace(b"\n", b" ") for note in notes)
    try:
        text, said = decoding.decode(content)
    except decoding.NotText:
        text, said = "", ()
    if text.count("\n") != content.count(b"\n"):
        text, said = content.decode("latin-1"), ("they are hardly text, read as Latin-1",)
    pairs = zip(text.split("\n"), notes, strict=False)
    return [Mark(text.strip(), note.onset, note.duration) for text, note in pairs if text.strip()], said


def _scored(recording: Recording, unscored: Counter[str]) -> Recording:
    """Without the marks that say that nobody knows."""
    unscored.update(mark.label for mark in recording.marks if UNSCORED.match(mark.label))
    return recording._replace(marks=[mark for mark in recording.marks if not UNSCORED.match(mark.label)])


def _labelled(recording: Recording, file: OpenedRecording) -> Recording:
    if not file.item.label and not recording.marks:
        raise Broken("it holds no annotations, and lies in no folder of a class")
    return recording


def _marked(path: Path) -> str:
    """Whether annotations lie beside this one, as a hypnogram does, or inside."""
    if SCORING.search(path.stem):
        return "beside"
    try:
        head = edf.header(path)
        return "inside" if edf.times(path, head).notes or edf.triggers(path, head) else ""
    except (OSError, ValueError):
        return ""


def _unmarked(path: Path) -> list[Path]:
    """The recordings of a folder without annotations."""
    return placing.unmarked(path, RECORDINGS, _marked)


def _beside(recording: Path) -> OpenedRecording | None:
    """The file of annotations alone that belongs to one of signals."""
    for path in recording.absolute().parent.iterdir():
        if (
            RECORDINGS.takes(path)
            and path.name != recording.name
            and _key(path) == _key(recording.absolute())
        ):
            try:
                found = _open(Listed(path, ""))
            except Broken:
                continue
            if not found.head.signals:
                return found
    return None


def _key(file: Path) -> tuple[Path, str]:
    """What a recording and its annotations have in common: their folder, and how their names begin."""
    stem = SCORING.sub("", file.stem)
    own = SLEEP_EDF.match(stem)
    return file.parent, own[0] if own else stem


def _later(file: OpenedRecording, partner: OpenedRecording) -> float:
    """Seconds from the start of a recording to that of its annotations."""
    mine, theirs = file.head.begins, partner.head.begins
    return (theirs - mine).total_seconds() if mine and theirs else 0.0


def _ending(head: bytes) -> str:
    return ".edf" if head.startswith(b"0       ") else ".bdf" if head.startswith(b"\xffBIOSEMI") else ""


FORMAT = Format(
    what="EDF or BDF recordings with annotations, or in a folder a class",
    recognises=recognises,
    load=load,
    files=Files(
        one="EDF recording",
        form="channels × time",
        kinds=("signal",),
        takes=lambda path: bool(_unmarked(path)) if path.is_dir() else RECORDINGS.takes(path),
        ending=_ending,
        header=header,
        decode=samples,
        many=True,
    ),
)
