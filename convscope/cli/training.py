"""`convscope train`: what was typed becomes a plan, and the terminal shows the stream of events it gives."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from convscope.cli.options import (
    DATA,
    MACHINE,
    PICTURES,
    RUN,
    SEQUENCES,
    SIGNALS,
    TRAINING,
    MachineOptions,
    NetworkOptions,
    PictureOptions,
    RunOptions,
    TrainingOptions,
    UsageError,
    as_typed,
    data_settings,
    given,
    training_settings,
)
from convscope.cli.show import console, write_json
from convscope.settings import (
    RecordSettings,
    SampleSettings,
    SequenceSettings,
    SignalSettings,
    SplitSettings,
)

if TYPE_CHECKING:
    from convscope.recipe import Created, Judged, Loaded, Plan
    from convscope.training.events import Event

GOING_ON = ("--resume", "--runs", "--quiet", "--json", "--epochs", "--device", "--threads")  # go together
INTERRUPTED = 130  # the exit code that shells are used to


def train(
    data: str | None = None,
    /,
    *,
    samples: Annotated[SampleSettings, Parameter(name="*", group=DATA)] = SampleSettings(),
    split: Annotated[SplitSettings, Parameter(name="*", group=DATA)] = SplitSettings(),
    network_options: NetworkOptions = NetworkOptions(),
    learning: Annotated[TrainingOptions, Parameter(name="*", group=TRAINING)] = TrainingOptions(),
    pictures: Annotated[PictureOptions, Parameter(name="*", group=PICTURES)] = PictureOptions(),
    signals: Annotated[SignalSettings, Parameter(name="*", group=SIGNALS)] = SignalSettings(),
    sequences: Annotated[SequenceSettings, Parameter(name="*", group=SEQUENCES)] = SequenceSettings(),
    machine: Annotated[MachineOptions, Parameter(name="*", group=MACHINE)] = MachineOptions(),
    record: Annotated[RecordSettings, Parameter(name="*", group=RUN)] = RecordSettings(),
    run_options: RunOptions = RunOptions(),
) -> int:
    """Train a network on data, and report how good it is.

    What you do not say is chosen from the data, and the choice is printed. Ctrl-C ends cleanly: what was
    learned so far is saved, and --resume goes on from there.

    Args:
        data: A name that convscope data lists, or the path of a file or folder: a folder of pictures, sounds
            or volumes for each class, signals or arrays in one file, or a table with a column of dates.
    """
    of_data, of_training = (samples, split, pictures, signals, sequences), (learning, machine, record)
    if run_options.resume is None:
        plan = _plan(data, of_data, network_options, of_training, run_options)
        several = run_options.folds is not None or run_options.seeds is not None
        return _several(run_options, plan) if several else _one(run_options, _begin(plan))
    changed = given(*of_data, network_options, *of_training)
    _demand_nothing_else(data, [*changed, *given(run_options)])
    training_settings(*of_training)  # what cannot be is told as an option
    from convscope.run import folders

    if study := folders.find_study(run_options.resume, run_options.runs):
        if changed:
            raise UsageError(f"{study.name} goes on as it was begun.\n  Leave out {', '.join(changed)}.")
        return _several(run_options, study)
    return _one(run_options, _go_on(run_options, learning, machine))


def _plan(
    data: str | None,
    of_data: tuple[SampleSettings, SplitSettings, PictureOptions, SignalSettings, SequenceSettings],
    network_options: NetworkOptions,
    of_training: tuple[TrainingOptions, MachineOptions, RecordSettings],
    run_options: RunOptions,
) -> "Plan":
    from convscope import recipe

    if data is None:
        raise UsageError("DATA is missing.\n  See: convscope train --help")
    return recipe.Plan(
        data,
        network_options.network,
        network_options.width,
        network_options.depth,
        data_settings(*of_data, seed=of_training[0].seed),
        training_settings(*of_training),
        run_options.runs,
        run_options.strict,
        run_options.tensorboard,
    )


def _begin(plan: "Plan") -> "Iterator[Event | Loaded | Created | Judged]":
    from convscope import recipe

    return recipe.stream(plan)


def _go_on(
    run_options: RunOptions, learning: TrainingOptions, machine: MachineOptions
) -> "Iterator[Event | Loaded | Created | Judged]":
    from convscope import recipe

    return recipe.go_on(
        str(run_options.resume),
        epochs=learning.epochs,
        device=machine.device,
        threads=machine.threads,
        runs=run_options.runs,
    )


def _one(run_options: RunOptions, events: "Iterator[Event | Loaded | Created | Judged]") -> int:
    """Train one network; gives the exit code."""
    from convscope.cli.terminal import Terminal
    from convscope.recipe import Created, Judged, Loaded

    judged = created = None
    remarks: list[str] = []
    with Terminal(console(stderr=run_options.json), quiet=run_options.quiet) as terminal:
        for event in events:
            terminal.show(event)
            remarks = event.remarks if isinstance(event, Loaded) else remarks
            created = event if isinstance(event, Created) else created
            judged = event if isinstance(event, Judged) else judged
    if run_options.json and judged:
        write_json(_summary(judged, remarks))
    elif run_options.json and created:
        write_json(_begun(created))
    return 0 if judged and judged.run.facts["reason"] != "interrupted" else INTERRUPTED


def _several(run_options: RunOptions, begun: "Plan | Path") -> int:
    """Train several networks, or go on with those of a study; gives the exit code."""
    from convscope import repeating
    from convscope.cli.repeating import RepeatedTerminal

    if isinstance(begun, Path):
        events = repeating.resume(begun)
    else:
        events = repeating.stream(begun, folds=run_options.folds, seeds=run_options.seeds)
    with (
        as_typed(),
        RepeatedTerminal(console(stderr=run_options.json), quiet=run_options.quiet) as terminal,
    ):
        found = terminal.follow(events)
    if run_options.json:
        write_json(found.as_dict() if found else {"study": str(terminal.path.parent)})
    return 0 if found else INTERRUPTED


def _demand_nothing_else(data: str | None, options: list[str]) -> None:
    extra = [*([data] if data else []), *(name for name in options if name not in GOING_ON)]
    if extra:
        raise UsageError(
            f"--resume goes on with the data and the settings of the run; got {', '.join(extra)} too.\n"
            "  Only --epochs, --device and --threads may change: leave the rest out, or begin a new run."
        )


def _begun(created: "Created") -> dict[str, Any]:
    """What there is of a run that was interrupted before there was anything to judge."""
    return {"run": str(created.path), "reason": "interrupted", "epochs": 0}


def _summary(judged: "Judged", remarks: list[str]) -> dict[str, Any]:
    facts, found = judged.run.facts, judged.evaluation.as_dict()
    classes = (
        "samples", "accuracy", "interval", "balanced_accuracy", "balanced_interval", "macro_f1",
        "persistence", "loss",
    )  # fmt: skip
    values = ("target", "samples", "mae", "interval", "rmse", "r2", "bias")
    return {
        "run": str(judged.run.path),
        "report": str(judged.report),
        **{fact: facts[fact] for fact in ("reason", "epochs", "seconds", "parameters")},
        "part": judged.part,
        **{figure: found[figure] for figure in (values if "mae" in found else classes)},
        "remarks": remarks,
        "notices": [notice["text"] for notice in judged.run.notices],
    }
