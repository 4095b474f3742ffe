"""The one who writes a run folder, from the stream of events."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from convscope import outputs
from convscope.data.dataset import Dataset
from convscope.errors import NetworkError, RunError
from convscope.paths import expanded
from convscope.run import board, checkpoint, files, folders, resuming, rows, seen, settings, trust
from convscope.run.checkpoint import CheckpointRecord
from convscope.run.manifest import ABSENT, SNAPSHOTS, Manifest
from convscope.run.settings import RunSettings
from convscope.run.weights import BEST, LAST, MODEL, START, TRAINING, pack, parted, select, snapshot_name
from convscope.training import events

if TYPE_CHECKING:
    from convscope.run.run import Run

HISTORY, STEPS, NOTICES, LAYERS, CHANGES = rows.TABLES


class Writer:
    """Consumes the events of one training and keeps its folder true.

    After a kill at any moment the folder holds the last checkpoint whose `write` came back, or a later one.
    The stream has to give a Checkpoint right after each Epoch that is the best so far, and before Finished:
    the weights come from there.

    Attributes:
        path: the run folder, absolute.
    """

    def __init__(self, path: Path, change: tuple[RunSettings, RunSettings] | None = None) -> None:
        """Go on in a folder that `create` made; `create` and `Writer.resume` call this, nobody else.

        Args:
            path: the folder.
            change: the settings that are in it, and those to go on with.

        Raises:
            RunError: the folder is held by another writer, finished, or damaged.
            OSError: no space left …
        """
        self.path = path
        self._release = files.hold(path)
        self._tables: dict[str, rows.GrowingTable] = {}
        self._board: board.Board | None = None
        try:
            self._open(change)
        except BaseException:
            self.close()
            raise

    def _open(self, change: tuple[RunSettings, RunSettings] | None) -> None:
        self._manifest = Manifest.read(self.path)
        if change:
            resuming.change(self._manifest, *change)
        self._checkpoint = moment = CheckpointRecord.read(self._manifest)
        files.sweep(self.path, keep={moment.file} if moment else set())
        self._step = moment.step if moment else 0
        self._snapshots: dict[str, bytes] = {}  # that come onto the disk with the next checkpoint
        self._best_step = -1  # of an epoch whose weights are still to be written
        marks = moment.tables if moment else {}
        for name in rows.TABLES:
            self._tables[name] = rows.GrowingTable(self.path / name, marks.get(name))
        self._board = board.of(self.path, self._step)

    @classmethod
    def resume(cls, run: "Run", after: RunSettings | None = None) -> "Writer":
        """Go on with a run where its last checkpoint was; what was written after that is cut off.

        Args:
            run: interrupted; or finished, and `after` has more epochs.
            after: the settings to go on with; None: those of the run.

        Raises:
            RunError: it is finished, still going on in another process, damaged, or cannot be written.
        """
        try:
            if pointed := folders.has_latest(run.path.parent):
                folders.demand_latest(run.path.parent)
            writer = cls(run.path, (run.settings, after or run.settings))
            try:
                if pointed:
                    folders.point_latest(run.path)
            except OSError:
                writer.close()
                raise
        except OSError as error:
            raise RunError(
                f"the run cannot be written to {run.path}: {error.strerror or error}.\n"
                "  Nothing of it is lost. Put this right (free space, permissions?), and try again."
            ) from error
        writer._manifest.facts.pop("reason", None)  # it says so on the disk with the next checkpoint
        return writer

    def write(self, event: events.Event) -> None:
        """Take in one event.

        Raises:
            RunError: the disk is full or cannot be written; the checkpoint before is intact.
        """
        try:
            self._take(event)
        except OSError as error:
            self.close()  # so that this same process can go on from the folder
            raise RunError(self._failed(error)) from error

    def close(self) -> None:
        """Let go of the folder; comes by itself with Finished."""
        for table in self._tables.values():
            table.close()
        if self._board:
            self._board.close()
        self._release()
        self._release = lambda: None

    def _take(self, event: events.Event) -> None:
        if self._board:
            self._board.take(event)
        match event:
            case events.Start():
                self._manifest.facts |= asdict(event)
            case events.Snapshot():
                self._snapshots[snapshot_name(event.step)] = pack(event.weights())
            case events.Checkpoint():
                self._save(event)
            case events.Finished():
                self._finish(event)
            case _:
                self._add(event)

    def _add(self, event: events.Event) -> None:
        """Lines of the tables."""
        match event:
            case events.TrainingStep():
                self._step = event.step
                self._tables[STEPS].add(event)
            case events.LayersMeasured():
                for record in event.records:
                    self._tables[LAYERS].add(record)
            case events.Changed():
                self._tables[CHANGES].add(event)
            case events.Notice():
                self._tables[NOTICES].add(_At(self._step, event.text))
            case events.Epoch():
                self._best_step = event.step if event.best else self._best_step
                self._tables[HISTORY].add(event)
                for table in self._tables.values():
                    table.flush()

    def _save(self, event: events.Checkpoint) -> None:
        """The order matters: checkpoint.json comes last and speaks only of what is on the disk already."""
        marks = {table: self._tables[table].mark() for table in rows.TABLES}
        before = self._checkpoint
        if before and not self._snapshots and (before.step, before.tables) == (event.step, marks):
            return  # nothing has happened since
        state = event.state()
        name, sha = checkpoint.save_state(self.path, event.step, pack(state), before)
        new = CheckpointRecord(event.step, name, sha, marks)
        best = {BEST: pack(select(state, MODEL))} if self._best_step == event.step else {}
        if best:
            self._manifest.results.clear()  # they are of other weights
        if self._snapshots:
            (self.path / SNAPSHOTS).mkdir(exist_ok=True)
        self._manifest.put({**self._snapshots, **best, checkpoint.NAME: new.as_bytes()})
        self._snapshots = {}
        self._checkpoint = new
        files.sweep(self.path, keep={name})

    def _finish(self, event: events.Finished) -> None:
        marks = {name: table.mark() for name, table in self._tables.items()}
        ended = event.reason != "interrupted"
        if self._checkpoint:
            kept = parted(self._checkpoint.state(self.path))
            self._manifest.put(kept if ended else {LAST: kept[LAST]})
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        self._manifest.facts |= {**asdict(event), "finished": now}
        self._manifest.results.clear()  # the report has to tell of this end
        if ended:  # the tables are whole, and a checkpoint would hold what stands in two files by now
            self._manifest.versions |= {name: [mark.sha256] for name, mark in marks.items()}
            self._manifest.versions.pop(checkpoint.NAME, None)
            if self._checkpoint:  # whoever wants the space may remove it
                self._manifest.versions[TRAINING].append(ABSENT)
        self._manifest.write()
        if ended:
            (self.path / checkpoint.NAME).unlink(missing_ok=True)
            files.sweep(self.path, keep=set())
        self.close()

    def _failed(self, error: OSError) -> str:
        if self._checkpoint:
            left = f"The checkpoint of step {self._checkpoint.step:,} is intact."
        else:
            left = "There was no checkpoint yet."
        recorded = RunSettings.read(self._manifest).recorded is not None
        again = "run the loop again" if recorded else f"convscope train --resume {self.path}"
        return (
            f"the run cannot be written to {self.path}: {error.strerror or error}.\n"
            f"  {left} Put this right (free space?), then: {again}"
        )


class _At:
    """A notice with the step at which it came."""

    def __init__(self, step: int, text: str) -> None:
        self.step, self.text = step, text


def create(
    root: str | Path,
    run_settings: RunSettings,
    dataset: Dataset,
    start: Mapping[str, Tensor] | None = None,
    code: Path | None = None,
    *,
    tensorboard: bool = False,
) -> Writer:
    """Begin a run: make its folder in `root` with settings, own code and manifest, and point `latest` to it.

    Args:
        root: where runs are; made where it is not there.
        run_settings: everything, resolved; `RunSettings.of` collects it.
        dataset: what will be trained on.
        start: weights that the network was handed over with.
        code: the file of a person's own network; None: where the settings say.
        tensorboard: write a log for TensorBoard, too.

    Raises:
        RunError: the folder cannot be written.
        NetworkError: the person's own network file cannot be read.
    """
    name = folders.stem(dataset.source, run_settings.network.name, date.today())
    return begin(root, name, beginning(run_settings, dataset, start, code), tensorboard=tensorboard)


def beginning(
    run_settings: RunSettings,
    dataset: Dataset,
    start: Mapping[str, Tensor] | None = None,
    code: Path | None = None,
) -> dict[str, bytes]:
    """What a run holds from its first moment on, file by file; as `create`."""
    contents = {
        settings.NAME: run_settings.as_bytes(),
        seen.NAME: seen.content(dataset),
    }
    if file := run_settings.network.file:
        content = _read(code or Path(file))
        if run_settings.network.own:
            trust.add(content, str(expanded(code or file).absolute()))  # to name it is the word to trust it
        contents[run_settings.network.copy_in(Path()).name] = content
    if start is not None:
        contents[START] = pack(start)
    return contents


def begin(root: str | Path, name: str, contents: Mapping[str, bytes], *, tensorboard: bool = False) -> Writer:
    """Make the folder `<name>_<number>` of a run with its first files, and point `latest` to it.

    Raises:
        RunError: the folder cannot be written.
    """
    try:
        folders.demand_latest(expanded(root))
        path = folders.make(expanded(root).absolute(), name, lambda folder: _fill(folder, contents))
        folders.point_latest(path)
        if tensorboard:
            (path / board.NAME).mkdir()
        return Writer(path)
    except OSError as error:
        raise RunError(
            f"no run folder can be made in {root}: {error.strerror or error}.\n"
            "  Free space, or choose another place."
        ) from error


def _fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        outputs.replace(folder / name, content)
    manifest = Manifest(folder)
    manifest.versions = {name: [files.digest(content)] for name, content in contents.items()}
    manifest.write()


def _read(file: Path) -> bytes:
    """The file of a network that the person named."""
    path = expanded(file).absolute()
    try:
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(
            f"{path} cannot be read: {error.strerror}.\n  Name it as file.py:Class."
        ) from error
