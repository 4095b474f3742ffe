"""Predictions of any number of samples, into a file: what is read is forgotten, what is said is kept.

    predict("latest", "photos", "predictions.csv")

| file | what it does |
| --- | --- |
| journal.py | what is done so far, beside the file: after a kill it goes on there |
| engines.py | torch or ONNX Runtime, whichever is faster here |
| forms.py | CSV, JSON lines, Parquet |
| shown.py | which rows are shown first |
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.arguments import demand, demand_flag, demand_path, demand_whole
from convscope.data.dataset import Skipped
from convscope.data.reading import none_readable
from convscope.data.samples import Samples
from convscope.data.streaming import Position
from convscope.errors import DataError, UnknownName
from convscope.outputs import Output
from convscope.predicting.engines import ENGINES, Engine
from convscope.predicting.forms import form_of
from convscope.predicting.journal import Journal, opened
from convscope.predicting.tally import Tally
from convscope.predicting.work import Work
from convscope.progress import track
from convscope.run import Run, load
from convscope.run import inputs as inputs_of
from convscope.run.evaluation import judging
from convscope.run.evaluation.judging import AnyPredictions
from convscope.run.streams import streamed

__all__ = ["ENGINES", "PredictedFile", "predict"]


@dataclass(frozen=True)
class PredictedFile:
    """A file of predictions, and what is to be said of them.

    Attributes:
        path: the file.
        count: rows, a sample each.
        rows: the first of them as dicts; of sequences what comes after all that is known.
        skipped: what could not be read, and why.
        remarks: sentences on what to bear in mind.
        score: how good they are where the truth is known; "": it never is.
        engine: what computed, and how fast.
        seconds: that it took, this time.
    """

    path: Path
    count: int
    rows: Sequence[dict[str, Any]]
    skipped: Sequence[Skipped]
    remarks: Sequence[str]
    score: str
    engine: str
    seconds: float

    def __len__(self) -> int:
        return self.count

    def as_dict(self) -> dict[str, Any]:
        """As JSON, without the rows."""
        return {
            "written": [str(self.path.absolute())],
            "samples": self.count,
            "skipped": [each._asdict() for each in self.skipped],
            "remarks": list(self.remarks),
            "score": self.score,
            "engine": self.engine,
            "seconds": round(self.seconds, 3),
        }


def predict(
    run: str | Path | Run,
    data: Any,  # noqa: ANN401 - as `Run.predict`
    path: str | Path,
    *,
    top: int = 3,
    engine: str | None = None,
    exact_names: bool = False,
    force: bool = False,
) -> PredictedFile:
    """Predict any number of samples into a file: they are read, answered and forgotten a piece at a time.

    In memory stays half a kilobyte of each file, its name; an array in one file is there as a whole. What is
    done is kept beside the file, as PATH.part: after a kill the same call goes on there.

    Args:
        run: a run, its folder, its name in ./runs, or "latest".
        data: samples, as `Run.predict` takes them; names of data may stand in a list beside paths. What a
            generator gives is forgotten, too, but a kill costs all of it.
        path: the file; its ending says the form: .csv, .jsonl (an object a line) or .parquet.
        top: classes to name for each sample.
        engine: "torch" or "onnx"; None: whichever is faster here.
        exact_names: see `Predictions.as_csv`; of CSV.
        force: replace a file that convscope did not write.

    Raises:
        RunError: no such run; as `load`.
        DataError: the data cannot be read, or the file cannot stand there.
        ShipError: ONNX Runtime is asked for, and cannot run this network.
    """
    demand("run", run, (str, Path, Run), "a run, its folder, its name, or latest")
    demand_path("path", path, "the path of a file")
    demand_whole("top", top, 1)
    demand("engine", engine, (str, type(None)), "torch, onnx or None")
    for name, flag in (("exact_names", exact_names), ("force", force)):
        demand_flag(name, flag)
    if engine is not None and engine not in ENGINES:
        raise UnknownName("engine", engine, ENGINES)
    path, trained, begun = Path(path), run if isinstance(run, Run) else load(run), time.perf_counter()
    form = form_of(path)
    read = trained.sources([] if isinstance(data, Iterator) else data)
    output = Output(path, form.output, read, force)
    output.demand()
    if trained.caveat:
        sys.stderr.write(f"{trained.caveat}\n")
    with streamed(data, trained.settings) as streams:
        work = Work(trained, streams, engine, top)
        with _kept(path, work) as journal:
            tally = _worked(work, journal)
            with output.writing() as file:
                tally.write(file, form, exact=exact_names)
            rows = tally.rows()
    facts = trained.settings.facts
    remarks = dict.fromkeys((*tally.remarks, *work.remarks, *inputs_of.on_truth(tally.truth, facts)))
    seconds = time.perf_counter() - begun
    return PredictedFile(
        path, tally.count, rows, tally.skipped, tuple(remarks), tally.score(), work.engine.words(), seconds
    )


def first(run: Run, data: Any, most: int = 100) -> AnyPredictions:  # noqa: ANN401 - as `predict`
    """The first samples with what is said of them, in memory.

    Raises:
        DataError, ShapeError: as `Run.predict`.
    """
    with streamed(data, run.settings) as streams:
        every = (piece.samples for stream in streams for piece in stream.pieces(Position()))
        samples = next(some for some in every if some is not None)
        some = slice(most)
        few = Samples(samples.inputs[some].clone(), samples.names[some], samples.truth[some])
    model = Engine(run, "torch", None)
    return judging.predictions(model(few.inputs), few, run.settings.facts, run.sources(data))


def _worked(work: Work, journal: Journal) -> Tally:
    """All that is said of the samples, once it is said of those that are left."""
    said = Tally(journal, work.run)
    if journal.other:
        sys.stderr.write(f"{journal.path} was of another run or other samples: it begins anew\n")
    if said.count:
        sys.stderr.write(f"going on: {said.count:,} samples were predicted before\n")
    left = None if work.expected is None else max(0, work.expected - said.count - len(said.skipped))
    answers = track(work.answers(said.end), "predicting", left, "samples", lambda each: each.size)
    for each in answers:
        journal.add(each)
        said.add(each)
    if not said.count:
        raise NothingReadError(none_readable(work.run.settings.facts.kind, said.skipped))
    return said


class NothingReadError(DataError):
    """Nothing of what was given is a sample."""


@contextmanager
def _kept(path: Path, work: Work) -> Iterator[Journal]:
    """The journal, which goes once all is written, and where it would hold nothing."""
    with opened(path, work.key) as journal:
        try:
            yield journal
        except BaseException as error:
            if isinstance(error, NothingReadError) or not journal.size:
                journal.path.unlink()
            raise
        journal.path.unlink()
