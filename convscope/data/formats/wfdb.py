"""WFDB records (PhysioNet) with annotations: a signal around each beat. Needs `convscope[signals]`."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np

from convscope.data import signals
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import left_out
from convscope.data.names import natural
from convscope.data.samples import Samples, SampleSpec
from convscope.data.signals import recordings
from convscope.data.signals.recordings import Broken, Mark, Recording
from convscope.errors import BadFile, DataError

ENDING = ".hea"
ANNOTATORS = ("atr", "blh", "ecg", "ari", "qrsc", "bph", "blm", "qrs", "bpm")  # people's before machines'


def recognises(path: Path) -> bool:
    """Whether this is a record's header, or a folder that holds some."""
    if path.is_dir():
        return any(path.glob(f"*{ENDING}"))
    return path.suffix.lower() == ENDING and path.is_file()


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Cut records into beats; an annotation's symbol is the class, a record a group.

    Beats alone are used where there are some, and not the changes of rhythm or noise that are annotated, too.

    Raises:
        DataError: the package wfdb is not installed, no annotations, classes that cannot be trained on; with
            `strict` any record left out.
    """
    library = _library()
    headers = (
        sorted(path.glob(f"*{ENDING}"), key=lambda file: natural(file.name)) if path.is_dir() else [path]
    )
    opened, skipped = [], []
    for file in headers:
        try:
            opened.append(_annotated(_open(library, file), file))
        except Broken as error:
            skipped.append(Skipped(file.name, str(error)))
    if not opened:
        raise DataError(left_out(f"{path}: none of the {len(headers)} records can be used:", skipped))
    opened, unused = _beats(opened, library)
    read, settings = recordings.samples(opened, settings)
    skipped += read.skipped
    whole = read._replace(skipped=skipped, remarks=[*read.remarks, *recordings.tally(unused)])
    return signals.dataset(whole, path, settings, strict)


@contextmanager
def _quiet() -> Iterator[None]:
    """The package uses what pandas is about to change, and says so at every call; no person can mend that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _library() -> ModuleType:
    try:
        with _quiet():
            import wfdb
            import wfdb.io.annotation
    except ImportError as error:
        raise DataError(
            "WFDB records are read by the package wfdb, which is not installed.\n"
            "  Install it: pip install 'convscope[signals]'"
        ) from error
    return wfdb


def _open(library: ModuleType, file: Path) -> Recording:
    base = str(file.with_suffix(""))
    annotator = next((name for name in ANNOTATORS if file.with_suffix(f".{name}").is_file()), None)
    try:
        with _quiet():
            head = library.rdheader(base)
            notes = library.rdann(base, annotator) if annotator else None
    except Exception as error:  # the library raises whatever a damaged file leads it to
        raise Broken(f"it is damaged: {error}") from error
    if not head.n_sig or not head.sig_len:
        raise Broken("it holds no signal")
    pairs = zip(notes.sample, notes.symbol, strict=True) if notes else ()
    marks = [Mark(symbol, at / head.fs) for at, symbol in pairs]
    rate = float(head.fs)

    def values(places: Sequence[int]) -> list[np.ndarray]:
        try:
            with _quiet():
                record = library.rdrecord(base, channels=list(places))
        except Exception as error:  # as above
            raise Broken(f"it is damaged: {error}") from error
        return list(record.p_signal.T)

    return Recording(file.stem, tuple(head.sig_name), (rate,) * head.n_sig, marks, values)


def _annotated(recording: Recording, file: Path) -> Recording:
    if not any(file.with_suffix(f".{name}").is_file() for name in ANNOTATORS):
        raise Broken(f"there are no annotations beside it ({', '.join(f'.{name}' for name in ANNOTATORS)})")
    return recording


def header(path: Path) -> Claim:
    """Channels and points, by the first line of the header."""
    try:
        with _quiet():
            head = _library().rdheader(str(path.with_suffix("")))
    except Exception as error:  # the library raises whatever a damaged file leads it to
        raise BadFile(path, f"it is damaged: {error}") from error
    return Claim((head.n_sig or 0, head.sig_len or 0), rate=float(head.fs))


def samples(path: Path, spec: SampleSpec) -> Samples:
    """Pieces of one record, see `recordings.unlabelled`; the files of it lie beside its header."""
    library = _library()
    try:
        (recording,), _ = _beats([_open(library, path)], library)
        return signals.as_samples(recordings.unlabelled(recording, spec), [], path.name, spec)
    except Broken as error:
        raise BadFile(path, str(error)) from error


def _beats(opened: Sequence[Recording], library: ModuleType) -> tuple[list[Recording], Counter[str]]:
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


def _is_beat(library: ModuleType, codes: Sequence[int]) -> list[bool]:
    known = library.io.annotation.is_qrs
    return [0 <= code < len(known) and known[code] for code in codes]


FORMAT = Format(
    what="WFDB records (.hea, .dat) with annotations of beats",
    recognises=recognises,
    load=load,
    parts=(ENDING, ".dat", *(f".{name}" for name in ANNOTATORS)),
    files=Files(
        one="WFDB record",
        form="channels × time",
        kinds=("signal",),
        takes=lambda path: path.suffix.lower() == ENDING and path.is_file(),
        ending=lambda _: "",  # its first bytes are of one of its files only
        header=header,
        decode=samples,
        many=True,
    ),
)
