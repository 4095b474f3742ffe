"""A run goes on: with which settings, what that means for its weights, and from which moment.

A finished run is opened again by the one rename that puts its manifest in place: before it the run is
finished, after it the run is one that was stopped at its last step, and goes on from its checkpoint as any
other does. Only then the settings say how long it is to be. So after a kill in between, the folder holds the
finished run, or one that goes on, and nothing is lost.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from convscope.errors import RunError
from convscope.figures import number, passes
from convscope.run import checkpoint, settings, weights
from convscope.run.checkpoint import CheckpointRecord
from convscope.run.manifest import Manifest
from convscope.run.rows import TABLES, TableMark
from convscope.run.settings import RunSettings, versions
from convscope.settings import TrainingSettings
from convscope.training.loop import trained_on
from convscope.training.machine import machine
from convscope.training.schedule import Stages

if TYPE_CHECKING:
    from convscope.run.run import Run

OF_THE_END = ("reason", "finished", "epochs", "best_epoch", "seconds")  # facts of a training that has ended


class Continuation(NamedTuple):
    """How a run goes on: its settings from now on, and a sentence for each thing to know about that."""

    settings: RunSettings
    said: list[str]

    @classmethod
    def of(
        cls, begun: "Run", epochs: float | None, device: str | None, threads: int | None
    ) -> "Continuation":
        """Go on with a run; what is None stays as it is.

        Raises:
            RunError: not more epochs than it has.
            SettingsError: a setting that cannot be.
            TrainingError: a device that is not there.
        """
        if begun.settings.recorded is not None:
            raise RunError(_elsewhere(begun.path))
        given = {"epochs": epochs, "device": device, "threads": threads}
        before = begun.settings.training
        after = replace(before, **{name: value for name, value in given.items() if value is not None})
        if epochs is not None and _epochs(after) <= _epochs(before):
            raise RunError(_not_longer(begun, before, after))
        after = replace(after, refit=_refit(begun, after))
        said = [*_on_length(begun, after), *_on_machine(begun, after)]
        remarks = dict.fromkeys([*begun.settings.facts.remarks, *said])
        facts = begun.settings.facts.model_copy(update={"remarks": tuple(remarks)})
        return cls(begun.settings.model_copy(update={"training": after, "facts": facts}), said)


def change(manifest: Manifest, before: RunSettings, after: RunSettings) -> None:
    """Bring a run folder, which is held, to where training goes on with other settings.

    Raises:
        RunError: it is finished and is not to be trained on, or another process has gone on with it.
        OSError: no space left …; it is as it was, or goes on.
    """
    if RunSettings.read(manifest) != before:
        raise RunError(f"{manifest.folder.name} was gone on with by another process meanwhile.\n  Try again.")
    if manifest.finished:
        if _epochs(after.training) <= _epochs(before.training):
            raise RunError(_longer(manifest.folder, manifest.facts["reason"], before.training))
        _reopen(manifest)
    if after != before:
        manifest.put({settings.NAME: after.as_bytes()})


def at_its_end(begun: "Run") -> str:
    """What to say to a person who goes on with a finished run."""
    if begun.settings.recorded is not None:
        return _elsewhere(begun.path)
    return _longer(begun.path, begun.facts["reason"], begun.settings.training)


def _longer(folder: Path, reason: object, training: TrainingSettings) -> str:
    return (
        f"{folder.name} is finished ({reason}): there is nothing left to go on with.\n"
        f"  To train it on, give more epochs: --resume {folder} --epochs {2 * _epochs(training):g}"
    )


def _elsewhere(folder: Path) -> str:
    """What to say to a person who goes on with a run that convscope has not trained."""
    return (
        f"{folder.name} was trained in a loop of your own, which convscope cannot go on with.\n"
        "  Go on there, from its weights: convscope.load(run).model().network. What it has learnt so far"
        f" answers: convscope predict {folder} FILE_OR_FOLDER"
    )


def _reopen(manifest: Manifest) -> None:
    """Put the checkpoint of the last step back; the order matters, see above."""
    last, rest = (manifest.content(name) for name in (weights.LAST, weights.TRAINING))
    if last is None or rest is None:
        raise RunError(
            f"{manifest.folder.name} cannot be trained on: it has no {weights.TRAINING}, what training needs"
            " beside the weights (an older convscope kept none, or it was removed).\n"
            "  Begin a new run with more epochs."
        )
    state = weights.joined(last, rest, manifest.folder)
    marks = {
        name: TableMark((manifest.folder / name).stat().st_size, manifest.versions[name][0])
        for name in TABLES
        if name in manifest.versions
    }
    step = int(state["progress.step"].item())
    name, sha = checkpoint.save_state(manifest.folder, step, weights.pack(trained_on(state)), None)
    manifest.put({checkpoint.NAME: CheckpointRecord(step, name, sha, marks).as_bytes()})
    for table in (*TABLES, weights.TRAINING):  # the checkpoint has the latter
        manifest.versions.pop(table, None)
    for fact in OF_THE_END:
        manifest.facts.pop(fact, None)
    manifest.write()
    (manifest.folder / weights.TRAINING).unlink(missing_ok=True)


def _epochs(training: TrainingSettings) -> float:
    return training.epochs or 0.0


def _not_longer(begun: "Run", before: TrainingSettings, after: TrainingSettings) -> str:
    advice = "" if begun.finished else ", or leave --epochs out to go on to what it is set to"
    return (
        f"{begun.name} is set to {passes(_epochs(before))} already; got {after.epochs:g}.\n"
        f"  A run that goes on can be made longer only: give more than {before.epochs:g}{advice}."
    )


def _refit(begun: "Run", after: TrainingSettings) -> float | None:
    """Once validation samples are learnt, they never judge again: all that is added learns them too."""
    before, a_pass = begun.settings.training, int(begun.facts.get("steps_per_epoch", 0))
    turn = Stages.of(before, a_pass).turn if a_pass else 0
    if not before.refit or not turn < _step(begun):
        return before.refit
    epochs = ceil(_epochs(after))
    return (epochs - turn // a_pass) / epochs


def _on_length(begun: "Run", after: TrainingSettings) -> Iterator[str]:
    """What more epochs mean for the learning rate."""
    before, facts = begun.settings.training, begun.facts
    if after.epochs == before.epochs:
        return
    if begun.finished:
        yield f"trained on from epoch {facts['epochs']:g} ({facts['reason']}) to {after.epochs:g} epochs"
    else:
        yield f"goes on to {after.epochs:g} epochs; it was set to {before.epochs:g}"
    step, a_pass = _step(begun), int(facts.get("steps_per_epoch", 0))
    if not step or not a_pass:
        return
    old, new = (Stages.of(each, a_pass) for each in (before, after))
    if new.schedule == "constant":
        yield f"the learning rate stays {number(new.peak)}"
        return
    was, now, end = old.rate(step - 1), new.rate(step), new.rate(new.steps - 1)
    yield (
        f"the learning rate ({new.schedule}) is laid out over {after.epochs:g} epochs:"
        f" it was {number(was, 2)}, goes on at {number(now, 2)} and ends at {number(end, 2)}"
    )


def _on_machine(begun: "Run", after: TrainingSettings) -> Iterator[str]:
    """Where sums may round otherwise than in a run that was never stopped."""
    here, facts = machine(after), begun.facts
    now = {
        "device": str(here.device),
        "precision": here.precision,
        "threads": here.threads,
        "torch": versions()["torch"],
    }
    then = {**facts, "torch": begun.settings.facts.versions.get("torch", now["torch"])}
    if here.device.type != "cpu":
        del now["threads"]  # of the CPU, which has no part in the sums
    other = [
        f"{name} {value} (before: {then[name]})"
        for name, value in now.items()
        if then.get(name, value) != value
    ]
    if other and _step(begun):
        yield (
            f"from step {_step(begun):,} on with {', '.join(other)}: sums round otherwise, so the weights may"
            " differ in their last bits from those of a run that was never stopped"
        )


def _step(begun: "Run") -> int:
    """From which step it goes on."""
    manifest = Manifest.read(begun.path)
    if manifest.finished:
        return int(manifest.facts["step"])
    moment = CheckpointRecord.read(manifest)
    return moment.step if moment else 0
