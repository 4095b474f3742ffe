"""Commands that look and list, and train nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cyclopts import Parameter

from convscope.cli.options import (
    DATA,
    PICTURES,
    SEQUENCES,
    SIGNALS,
    Flag,
    Json,
    PictureOptions,
    RunOptions,
    data_settings,
)
from convscope.cli.show import columns, write, write_json, write_lines
from convscope.errors import RunError
from convscope.figures import number, percent
from convscope.settings import SampleSettings, SequenceSettings, SignalSettings, SplitSettings
from convscope.text import cut

if TYPE_CHECKING:
    from convscope.run.listing import RunSummary

RUNS = Path(RunOptions.runs)
FEW = 3  # remarks on runs that are shown


def networks(*, as_json: Json = False) -> None:
    """List the networks that can be trained.

    The number of parameters is that for grey pictures of 28 x 28 pixels and 10 classes.
    """
    from convscope.network import table

    rows = table()
    if as_json:
        write_json(rows)
    else:
        titles = ["name", "parameters", "description"]
        write(columns(titles, [[row["name"], f"{row['parameters']:,}", row["description"]] for row in rows]))
        write("\nYour own: convscope train DATA --network file.py:ClassOrFunction")


def data(*, as_json: Json = False) -> None:
    """List the data that can be read, by name and by path."""
    from convscope.data import CATALOGUE, FORMATS
    from convscope.data.unpacking import WHAT

    names = {name: _first_line(load.__doc__) for name, load in CATALOGUE.items()}
    formats = {name: form.what for name, form in FORMATS.items()} | WHAT
    if as_json:
        write_json({"names": names, "formats": formats})
        return
    write(columns(["by name", "what it is"], names.items()))
    write("")
    write(columns(["by path", "what is understood"], formats.items()))


def check(
    data: str,
    /,
    *,
    samples: Annotated[SampleSettings, Parameter(name="*", group=DATA)] = SampleSettings(),
    split: Annotated[SplitSettings, Parameter(name="*", group=DATA)] = SplitSettings(),
    pictures: Annotated[PictureOptions, Parameter(name="*", group=PICTURES)] = PictureOptions(),
    signals: Annotated[SignalSettings, Parameter(name="*", group=SIGNALS)] = SignalSettings(),
    sequences: Annotated[SequenceSettings, Parameter(name="*", group=SEQUENCES)] = SequenceSettings(),
    seed: int = 0,
    every: Annotated[Flag, Parameter(name="--all")] = False,
    as_json: Json = False,
) -> None:
    """Look for trouble in data before training.

    Counts of classes and parts, sizes, broken files, duplicates, samples or groups that are in two parts,
    parts and classes that are empty.

    Args:
        data: A name that convscope data lists, or the path of a file or folder. Nothing in it is changed.
        seed: Of the split, as train takes it.
        every: Name every file that is counted, not only the first few.
    """
    from convscope.data.check import check as look_through

    found = look_through(data, data_settings(samples, split, pictures, signals, sequences, seed=seed))
    if as_json:
        write_json(found.as_dict())
    else:
        write_lines(found.lines(every=every))


def runs(*, runs: Path = RUNS, as_json: Json = False) -> None:
    """List runs, best first.

    Args:
        runs: The folder that holds them.
    """
    from convscope.run import runs as find

    if not runs.is_dir() and (runs.exists() or runs != RUNS):
        raise RunError(f"there is no folder {runs}.\n  Give the folder that holds the runs, by --runs.")
    found = find(runs)
    if as_json:
        write_json([run.as_dict() for run in found])
    elif found:
        kinds = [_Table("classification", ACCURACIES), _Table("regression", ERRORS)]
        tables = [kind.of(found) for kind in kinds if any(run.task == kind.task for run in found)]
        remarks = [run.remark for run in found if run.remark]
        more = [f"… and {len(remarks) - FEW:,} more of this kind; --json has all"] if remarks[FEW:] else []
        write("\n\n".join([*tables, *remarks[:FEW], *more]))
    else:
        write(f"No runs in {runs.absolute()} yet. To make one: convscope train mnist-sample")


class _Figure(NamedTuple):
    """A column of figures."""

    title: str
    text: Callable[["RunSummary"], str]


ACCURACIES = (
    _Figure("val acc", lambda run: percent(run.val_accuracy)),
    _Figure("test acc", lambda run: percent(run.test.get("accuracy"))),
    _Figure("balanced", lambda run: percent(run.test.get("balanced_accuracy"))),
    _Figure("macro F1", lambda run: percent(run.test.get("macro_f1"))),
)
ERRORS = (
    _Figure("val loss", lambda run: number(run.val_loss)),
    _Figure("test MAE", lambda run: number(run.test.get("mae"))),
    _Figure("RMSE", lambda run: number(run.test.get("rmse"))),
    _Figure("R²", lambda run: number(run.test.get("r2"))),
)


class _Table(NamedTuple):
    """Runs of one task, with the figures that fit it."""

    task: str
    figures: tuple[_Figure, ...]

    def of(self, found: Sequence["RunSummary"]) -> str:
        titles = ["run", "data", "network", "epochs", *(figure.title for figure in self.figures), "state"]
        return columns(titles, [self._row(run) for run in found if run.task == self.task])

    def _row(self, run: "RunSummary") -> list[str]:
        figures = [figure.text(run) for figure in self.figures]
        names = [run.name, cut(run.source), cut(run.network)]  # the first is what can be typed
        return [*names, f"{run.epochs}", *figures, run.problem or run.state]


def _first_line(text: str | None) -> str:
    return (text or "").partition("\n")[0]
