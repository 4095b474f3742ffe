"""`convscope train`: what was typed becomes a plan, and the terminal shows the stream of events it gives."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from convscope.cli.options import (
    DataOptions,
    NetworkOptions,
    RunOptions,
    TrainingOptions,
    UsageError,
    data_settings,
    given,
    training_settings,
)
from convscope.cli.show import console, write_json

if TYPE_CHECKING:
    from convscope.recipe import Created, Judged, Loaded
    from convscope.training.events import Event

INTERRUPTED = 130  # the exit code that shells are used to


def train(
    data: str | None = None,
    /,
    *,
    data_options: DataOptions = DataOptions(),
    network_options: NetworkOptions = NetworkOptions(),
    training_options: TrainingOptions = TrainingOptions(),
    run_options: RunOptions = RunOptions(),
) -> int:
    """Train a network on data, and report how good it is.

    What you do not say is chosen from the data, and the choice is printed. Ctrl-C ends cleanly: what was
    learned so far is saved, and --resume goes on from there.

    Args:
        data: A name that convscope data lists, or the path of a file or folder: a folder of pictures, sounds
            or volumes for each class, signals or arrays in one file, or a table with a column of dates.
    """
    events = _events(data, data_options, network_options, training_options, run_options)

    from convscope.cli.terminal import Terminal
    from convscope.recipe import Judged

    judged = None
    with Terminal(console(stderr=run_options.json), quiet=run_options.quiet) as terminal:
        for event in events:
            terminal.show(event)
            judged = event if isinstance(event, Judged) else judged
    if judged is None:
        return INTERRUPTED
    if run_options.json:
        write_json(_summary(judged))
    return INTERRUPTED if judged.run.facts["reason"] == "interrupted" else 0


def _events(
    data: str | None,
    data_options: DataOptions,
    network_options: NetworkOptions,
    training_options: TrainingOptions,
    run_options: RunOptions,
) -> "Iterator[Event | Loaded | Created | Judged]":
    from convscope import recipe

    if run_options.resume:
        _demand_nothing_else(data, given(data_options, network_options, training_options))
        return recipe.resume(run_options.resume)
    if data is None:
        raise UsageError("DATA is missing.\n  See: convscope train --help")
    plan = recipe.Plan(
        data,
        network_options.network,
        network_options.width,
        network_options.depth,
        data_settings(data_options, training_options.seed),
        training_settings(training_options),
        run_options.runs,
        run_options.strict,
    )
    return recipe.stream(plan)


def _demand_nothing_else(data: str | None, options: list[str]) -> None:
    extra = [*([data] if data else []), *options]
    if extra:
        raise UsageError(
            f"--resume goes on with the data and the settings of the run; got {', '.join(extra)} too.\n"
            "  Leave that out; or begin a new run, without --resume."
        )


def _summary(judged: "Judged") -> dict[str, Any]:
    facts, found = judged.run.facts, judged.evaluation.as_dict()
    classes = ("samples", "accuracy", "balanced_accuracy", "macro_f1", "persistence", "loss")
    values = ("target", "samples", "mae", "rmse", "r2", "bias")
    return {
        "run": str(judged.run.path),
        "report": str(judged.report),
        **{fact: facts[fact] for fact in ("reason", "epochs", "seconds", "parameters")},
        "part": judged.part,
        **{figure: found[figure] for figure in (values if "mae" in found else classes)},
    }
