"""EDF and BDF recordings: pieces with the label of their annotation or folder. Needs `convscope[signals]`."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from convscope.data import signals
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import folder
from convscope.data.files.decoding import shown
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import Listed, left_out
from convscope.data.names import natural
from convscope.data.samples import Samples, SampleSpec
from convscope.data.signals import recordings
from convscope.data.signals.recordings import Broken, Mark, Recording
from convscope.errors import BadFile, DataError

HEAD, COUNTS, FIELD = 256, 216, 8  # bytes of a header, before a channel's number of points, of a number
RECORDINGS = folder.Wanted((".edf", ".bdf"), "recording")


def recognises(path: Path) -> bool:
    """Whether this is an EDF or BDF file, or a folder that holds some."""
    if path.is_dir():
        return any(RECORDINGS.takes(file) for file in folder.peek(path, RECORDINGS))
    return path.is_file() and RECORDINGS.takes(path)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Cut recordings into signals; each recording is a group.

    Recordings in folders of classes have their folder's label; else the annotations of EDF+ are the labels.

    Raises:
        DataError: the package edfio is not installed, no annotations, classes that cannot be trained on; with
            `strict` any recording left out.
    """
    library = _library()
    listed, skipped, remarks = _listed(path)
    opened = []
    for item in listed:
        try:
            opened.append(_labelled(_open(library, item, path)))
        except Broken as error:
            skipped.append(Skipped(shown(item.file, path), str(error)))
    if not opened:
        raise DataError(left_out(f"{path}: none of the {len(listed)} recordings can be used:", skipped))
    read, settings = recordings.samples(opened, settings)
    whole = read._replace(skipped=[*skipped, *read.skipped], remarks=[*remarks, *read.remarks])
    return signals.dataset(whole, path, settings, strict)


def header(path: Path) -> Claim:
    """Channels and points of the longest channel, by the header alone: text in fields of known width."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        try:
            channels, records = int(head[252:256]), int(head[236:244])
            counts = file.read(channels * HEAD)[channels * COUNTS : channels * (COUNTS + FIELD)]
            points = max(int(counts[at : at + FIELD]) for at in range(0, len(counts), FIELD))
        except ValueError as error:
            raise BadFile(path, f"it is damaged, or no EDF file: {error}") from error
    return Claim((channels, max(records, 0) * points))


def samples(path: Path, spec: SampleSpec) -> Samples:
    """Pieces of one recording, see `recordings.unlabelled`."""
    folder = path.absolute().parent
    label = folder.name if folder.name in spec.classes else ""
    try:
        recording = _open(_library(), Listed(path, label), folder)
        return signals.as_samples(recordings.unlabelled(recording, spec), [], path.name, spec)
    except Broken as error:
        raise BadFile(path, str(error)) from error


def _labelled(recording: Recording) -> Recording:
    if not recording.label and not recording.marks:
        raise Broken("it holds no annotations, and lies in no folder of a class")
    return recording


def _library() -> ModuleType:
    try:
        import edfio
    except ImportError as error:
        raise DataError(
            "EDF recordings are read by the package edfio, which is not installed.\n"
            "  Install it: pip install 'convscope[signals]'"
        ) from error
    return edfio


def _listed(path: Path) -> tuple[list[Listed], list[Skipped], list[str]]:
    """The recordings: one, those in a folder, or those in folders of classes."""
    if not path.is_dir():
        return [Listed(path, "")], [], []
    loose = sorted(filter(RECORDINGS.takes, path.iterdir()), key=lambda file: natural(file.name))
    if loose:
        return [Listed(file, "") for file in loose], [], []
    found = folder.scan(path, RECORDINGS)
    return found.listed, found.skipped, found.remarks


def _open(library: ModuleType, item: Listed, root: Path) -> Recording:
    try:
        # The header may be of any code page, and its text is but shown
        opened = library.read_edf(item.file, header_encoding="latin-1")
        channels = opened.signals
        marks = [
            Mark(note.text.strip(), note.onset, note.duration or 0.0)
            for note in opened.annotations
            if note.text.strip()
        ]
    except Exception as error:  # the library raises whatever a damaged file leads it to
        raise Broken(f"it is damaged, or no EDF file: {error}") from error
    if not channels:
        raise Broken("it holds no signal")

    def values(places: Sequence[int]) -> list[np.ndarray]:
        try:
            return [channels[place].data for place in places]
        except Exception as error:  # as above
            raise Broken(f"it is damaged: {error}") from error

    name = shown(item.file, root) if root.is_dir() else item.file.name
    labels = tuple(channel.label for channel in channels)
    own = tuple(float(channel.sampling_frequency) for channel in channels)
    return Recording(name, labels, own, marks, values, item.label, item.part)


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
        takes=lambda path: RECORDINGS.takes(path) and path.is_file(),
        ending=_ending,
        header=header,
        decode=samples,
        many=True,
    ),
)
