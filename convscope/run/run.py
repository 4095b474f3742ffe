"""A run read back: its settings, history and weights, and what the trained network says about data."""

import json
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor, nn

from convscope import data as data_room
from convscope import outputs
from convscope.arguments import demand, demand_flag, demand_whole
from convscope.data import DataSource
from convscope.data.dataset import PARTS, Dataset
from convscope.data.samples import demand_scale
from convscope.errors import DataError, RunError, ShapeError
from convscope.figures import passes
from convscope.lint import explained
from convscope.network import build_model, handed
from convscope.network.model import Model, OwnValues, Values, assemble
from convscope.randomness import seeded
from convscope.run import files, folders, inputs, rows, seen, trust, weights
from convscope.run.checkpoint import CheckpointRecord, verified
from convscope.run.listing import Summaries, summary
from convscope.run.manifest import EVALUATION, PREDICTIONS, RESULTS, Manifest
from convscope.run.settings import RunSettings, fingerprint
from convscope.shapes import show
from convscope.training.machine import present_device

if TYPE_CHECKING:
    from convscope.run.evaluation.judging import AnyEvaluation, AnyPredictions


def load(run: str | Path, *, trust: bool = False, network: nn.Module | None = None) -> "Run":
    """Load a run: check every bit of it, then its settings. Weights are read when they are needed.

    Args:
        run: path of the run folder, or its name in ./runs, or "latest".
        trust: the run holds a network of somebody's own, and you have read its network.py and would run it.
        network: of a run whose network was handed over as an object: one like it, whose weights do not
            matter. A copy gets those of the run.

    Raises:
        RunError: there is no such run; a file of it is missing, damaged or of a newer convscope; its code is
            not trusted; it makes its network by itself.
        NetworkError: the network is none.
    """
    folders.demand_name(run)
    demand_flag("trust", trust)
    path = folders.find(run)
    manifest = verified(path)
    settings = RunSettings.read(manifest)
    if settings.network.own and not trust:
        _demand_trust(manifest)
    if network is not None and not settings.network.handed:
        words = f"{path.name} makes its network by itself ({settings.network.name})."
        raise RunError(f"{words}\n  Load it without.")
    return Run(path, settings, None if network is None else handed.copied(network))


def _demand_trust(manifest: Manifest) -> None:
    trust.demand(manifest.content(trust.CODE) or b"", manifest.folder)


class Judgement(NamedTuple):
    """How good a run is: the figures, the part they were found on, and where the report is."""

    evaluation: "AnyEvaluation"
    part: str
    report: Path


class Run:
    """A run folder. Make one by `convscope.load` or `convscope.train`.

    Attributes:
        path: the run folder, absolute.
        settings: everything it was trained with.
        network: one like the run's, where that was handed over as an object; else None.
        held: its data, where it was trained in this process on data in memory; else None.
    """

    held: Dataset | None = None

    def __init__(self, path: Path, settings: RunSettings, network: nn.Module | None = None) -> None:
        self.path = path
        self.settings = settings
        self.network = network

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the network's outputs."""
        return self.settings.facts.classes

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        """How training went: device, precision, threads, steps …; at its end also reason, epochs, seconds.

        The seconds are of the last call of it, with validation; those of each epoch are in `history`.
        """
        return Manifest.read(self.path).facts

    @property
    def finished(self) -> bool:
        """Whether training came to its end (or stopped early because nothing got better)."""
        return Manifest.read(self.path).finished

    @property
    def caveat(self) -> str:
        """What to bear in mind about this run's figures, a sentence; empty for a finished one."""
        if self.finished:
            return ""
        done = len(self.history)
        return f"Training of {self.name} has not finished: its weights are the best so far ({passes(done)})."

    @property
    def history(self) -> list[dict[str, Any]]:
        """A dict an epoch, keys as the fields of `convscope.training.events.Epoch`."""
        return rows.read(self.path / "history.csv")

    @property
    def steps(self) -> list[dict[str, Any]]:
        """A dict a step: step, epoch, loss, lr."""
        return rows.read(self.path / "steps.csv")

    @property
    def notices(self) -> list[dict[str, Any]]:
        """What looked wrong during training: step, text."""
        return rows.read(self.path / "notices.csv")

    @property
    def layers(self) -> list[dict[str, Any]]:
        """What each layer did in some steps; keys as the fields of `training.events.LayerRecord`."""
        return rows.read(self.path / "layers.csv")

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What a person changed while it was trained: step, what, factor."""
        return rows.read(self.path / "changes.csv")

    @property
    def snapshots(self) -> tuple[int, ...]:
        """The steps after which the weights were kept, 0 before the first; `model(step=…)` has them."""
        return weights.snapshot_steps(Manifest.read(self.path).versions)

    @property
    def judged(self) -> bool:
        """Whether its evaluation, predictions and report are there, as they were made of these weights."""
        manifest = Manifest.read(self.path)
        return all(manifest.result(name) is not None for name in RESULTS)

    def state(self) -> dict[str, Tensor] | None:
        """What training needs to go on from the last checkpoint; None where there was none yet: begin anew.

        Raises:
            RunError: the checkpoint is damaged.
        """
        moment = CheckpointRecord.read(verified(self.path))
        return moment.state(self.path) if moment else None

    @explained()
    def untrained(self) -> Model:
        """The network as it is built, its weights without meaning yet. The random state is left as it was."""
        model = self._built()
        if self.settings.recorded is not None and isinstance(model.output, Values):
            model.output = OwnValues(model.output.mean, model.output.std)
        return model.eval()

    def _built(self) -> Model:
        facts, network = self.settings.facts, self.settings.network
        if network.handed:
            body, scale = deepcopy(self._handed_over()), self.settings.data.scale
            return assemble(body, facts.channels, scale, regression=facts.regression)
        with seeded(self.settings.training.seed):
            return build_model(
                network.within(self.path),
                facts.channels,
                len(facts.classes),
                facts.space,
                width=network.width,
                depth=network.depth,
                scale=self.settings.data.scale,
                regression=facts.regression,
            )

    def _handed_over(self) -> nn.Module:
        if self.network is None:
            name = self.settings.network.name
            raise RunError(
                f"the network of {self.name}, {name}, was handed over as an object: no file makes it again.\n"
                f"  In Python: convscope.load({str(self.path)!r}, network={name}(…))"
            )
        return self.network

    def start(self) -> dict[str, Tensor] | None:
        """The weights that the network was handed over with; None where the seed makes them."""
        content = verified(self.path).content(weights.START)
        return None if content is None else weights.unpack(content, str(self.path / weights.START))

    def model(self, step: int | None = None) -> Model:
        """The network with its best weights so far, for judging: raw values in, a score (logit) a class out.

        Args:
            step: one of `snapshots`, whose weights it gets instead.

        Raises:
            RunError: there are no weights yet, they are damaged, or do not fit the network; no such snapshot.
        """
        demand_whole("step", step, optional=True)
        model = self.untrained()
        tensors, what = self._best() if step is None else self._snapshot(step)
        weights.fill(model, tensors, what)
        return model

    def _best(self) -> tuple[dict[str, Tensor], str]:
        """The best weights there are, and the file they come from."""
        manifest = verified(self.path)
        for name in (weights.BEST, weights.LAST):
            if (data := manifest.content(name)) is not None:
                return weights.unpack(data, str(self.path / name)), str(self.path / name)
        if moment := CheckpointRecord.read(manifest):
            return weights.select(moment.state(self.path), weights.MODEL), str(self.path / moment.file)
        raise RunError(
            f"{self.path} has no weights yet: training stopped before its first checkpoint.\n"
            + (
                f"  Go on with: convscope train --resume {self.path}"
                if self.settings.recorded is None
                else "  Run the loop again."
            )
        )

    def _snapshot(self, step: int) -> tuple[dict[str, Tensor], str]:
        """The weights of a moment of training, and the file they come from."""
        name, there = weights.snapshot_name(step), self.snapshots
        if (data := Manifest.read(self.path).content(name)) is None:
            kept = f"those of the steps {', '.join(map(str, there))}" if there else "none"
            raise RunError(
                f"{self.name} has no snapshot of step {step}: it kept {kept}.\n  Name one of them."
            )
        return weights.unpack(data, str(self.path / name)), str(self.path / name)

    def dataset(self, source: Any = None) -> Dataset:  # noqa: ANN401 - as `convscope.train`
        """The data of this run, loaded again.

        Args:
            source: where they are now; None: where they were. A loaded run is given its arrays.

        Raises:
            DataError: they are not there any more, or not the same.
        """
        if source is None and self.held is not None:
            return self.held
        where = self.settings.data.source if source is None else source
        plain = self.settings.data.plain()
        pair = isinstance(where, tuple)
        dataset = inputs.of_pair(where, self.settings, plain) if pair else data_room.load(where, plain)
        if fingerprint(dataset) != self.settings.facts.fingerprint:
            raise DataError(_changed(self.settings, dataset))
        return dataset

    def evaluate(self, data: DataSource | None = None, part: str = "test") -> "AnyEvaluation":
        """How well the best weights do on labelled data.

        Args:
            data: catalogue name, path, Dataset, (X, y) or DataFrame; None: the run's own. Its classes are
                matched by name. Other data that have no such part of their own are taken whole. Samples of
                theirs that were seen in training are left out, and those of classes that the run does not
                know, which `remarks` of the result say.
            part: "test", "val" or "train".

        Raises:
            UnknownName: no such part.
            DataError: no samples, none of a class that the run knows, or the run's own data have changed.
            ShapeError: samples of another shape.
        """
        from convscope.run.evaluation import judging

        demand("part", part, str, f"one of {', '.join(PARTS)}")
        own = data is None or inputs.is_own(data, self.settings)
        if data is None or (own and not isinstance(data, Dataset)):
            data = self.dataset()
        dataset, chosen = inputs.labelled(data, part, self.settings)
        inputs.demand_kind(dataset, self.settings)
        self._demand_shape((dataset.channels, *dataset.space), f"those of {dataset.source} are")
        judging.demand_task(dataset, self.settings.facts)
        chosen, strange = inputs.of_known_classes(dataset, chosen, self.settings.facts)
        remarks = [*strange, *demand_scale(dataset.inputs, self.settings.spec, chosen)]
        if not own:
            chosen, measured = seen.unseen(self, dataset, chosen)
            remarks.insert(0, measured)
        elif part == "val" and self.settings.training.refit:
            remarks.insert(0, "these samples were learnt too, at last (refit): new ones are judged less well")
        self._say_caveat()
        said = judging.answers(self._ready, dataset.inputs, chosen)
        found = judging.evaluation(said, dataset, chosen, self._ready, self.settings.facts)
        return replace(found, remarks=tuple(remarks))

    def predict(self, x: Any) -> "AnyPredictions":  # noqa: ANN401 - whatever a person has at hand
        """What the best weights say about samples.

        Args:
            x: a file or folder of what the run was trained on (pictures, signals, volumes, a table of rows;
                nested as you like, no labels needed), a pattern (`new/*.png`), a catalogue name, data; a
                picture of Pillow's, the bytes of a file or a file opened for reading bytes, a DataFrame; an
                array, tensor or nested list of raw values as in training, one sample or many: pictures as
                (height, width), (channel, height, width), (height, width, channel) or with samples first,
                signals as (time,), (channel, time) …; or a list or generator of any of these. Each goes the
                way that a file of the same content goes; `remarks` say what was guessed of its axes.

        Raises:
            DataError: nothing that can be read.
            ShapeError: samples of another shape, or an array whose axes could be several things.
        """
        from convscope.run.evaluation import judging

        x = list(x) if isinstance(x, Iterator) and not hasattr(x, "read") else x  # an open file is one, too
        samples = inputs.gather(x, self.settings)
        self._demand_shape(tuple(samples.inputs.shape[1:]), "they are")
        self._say_caveat()
        said = judging.answers(self._ready, samples.inputs)
        return judging.predictions(said, samples, self.settings.facts, self.sources(x))

    def sources(self, x: Any) -> tuple[Path, ...]:  # noqa: ANN401 - as `predict`
        """What predicting `x` reads, the run's own data and the run's folder: no output goes there."""
        file = self.settings.network.file
        return (*inputs.sources(x, self.settings), self.path, *([Path(file)] if file else []))

    def judge(self, dataset: Dataset | None = None) -> Judgement:
        """Judge the best weights on the test part (without one on validation or training), and write it down.

        Writes evaluation.json, predictions.csv, plots and report.html into the run folder.

        Args:
            dataset: the run's data where they are in memory already; None: load them again.

        Raises:
            RunError: the run folder cannot be written, or a training is writing it.
        """
        demand("dataset", dataset, (Dataset, NoneType), "the Dataset of the run, or None")
        try:
            release = files.hold(self.path)
            try:
                return self._judged(dataset)
            finally:
                release()
        except OSError as error:
            raise RunError(
                f"the report cannot be written to {self.path}: {error.strerror or error}.\n"
                "  The weights are safe. Put this right (free space?), then:"
                f" convscope train --resume {self.path}"
            ) from error

    def _judged(self, dataset: Dataset | None) -> Judgement:
        from convscope.run.evaluation import judging
        from convscope.run.report import page

        dataset, facts = dataset or self.dataset(), self.settings.facts
        part, chosen = dataset.judging, dataset.parts[dataset.judging]
        said = judging.answers(self._ready, dataset.inputs, chosen)
        evaluation = judging.evaluation(said, dataset, chosen, self._ready, facts)
        text = json.dumps({"part": part, **evaluation.as_dict()}, indent=2) + "\n"
        outputs.replace(self.path / EVALUATION, text.encode())
        told = judging.predictions(said, inputs.of_rows(dataset, chosen), facts)
        outputs.replace(self.path / PREDICTIONS, told.as_csv())
        written = page.write(self, dataset, evaluation)
        manifest = Manifest.read(self.path)
        manifest.results = {name: files.digest_of(self.path / name) for name in RESULTS}
        manifest.write()
        return Judgement(evaluation, part, written)

    def report(self, dataset: Dataset | None = None) -> Path:
        """Judge, and give the path of report.html; see `judge`."""
        return self.judge(dataset).report

    @cached_property
    def _ready(self) -> Model:
        """The model where it answers fastest."""
        return self.model().to(present_device(self.settings.training.device))

    def _demand_shape(self, shape: tuple[int, ...], what: str) -> None:
        wanted = (self.settings.facts.channels, *self.settings.facts.space)
        if shape != wanted:
            raise ShapeError(
                f"{self.name} takes samples of {show(wanted)} (channel × space); {what} {show(shape)}.\n"
                "  Bring them to that shape, or train a run on data of theirs."
            )

    def _say_caveat(self) -> None:
        if self.caveat:
            sys.stderr.write(f"{self.caveat}\n")

    def _repr_html_(self) -> str:
        return Summaries([summary(self.path)])._repr_html_()

    def __repr__(self) -> str:
        line = summary(self.path)
        figure = f", validation {line.best}" if line.best else ""
        what = f"{line.network} on {line.source}, {passes(line.epochs)}{figure}"
        return f"Run({self.name}: {what}, {line.state})"


def _changed(settings: RunSettings, dataset: Dataset) -> str:
    then = sum(settings.facts.samples.values())
    return (
        f"the data at {settings.data.source} are not what this run was trained on"
        f" ({then:,} samples then, {len(dataset.labels):,} now; or other values, or another split).\n"
        "  Test samples might have been trained on. Put the data back, or train again."
    )
