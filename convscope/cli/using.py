"""Commands that use a trained network."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from convscope.cli.options import AtLeastOne, Flag, Json, UsageError
from convscope.cli.show import columns, write, write_json, write_lines
from convscope.errors import RunError
from convscope.figures import number, percent
from convscope.outputs import Output, OutputForm
from convscope.text import cut

if TYPE_CHECKING:
    from convscope.data.dataset import Skipped
    from convscope.run.evaluation.judging import AnyPredictions

RunName = Annotated[str, Parameter(help="The folder of a run, its name if it is in ./runs, or latest.")]
FEW = 3  # of what was left out for one reason, by name
FIRST = 10  # predictions that are shown where the truth is known, and more would say no more


def evaluate(
    run: RunName,
    /,
    *,
    data: str | None = None,
    part: Literal["train", "val", "test"] = "test",
    as_json: Json = False,
) -> None:
    """Measure how good a trained network is.

    Without options: on the test part of its data, which it has not seen in training.

    Args:
        data: Other data than those of the run, a name or a path. Classes are matched by name.
        part: The part of the data to measure on.
    """
    from convscope.run import load

    evaluation = load(run).evaluate(data, part)
    if as_json:
        write_json(evaluation.as_dict())
    else:
        write_lines(evaluation.lines())


def predict(
    run: RunName,
    /,
    *inputs: Annotated[str, Parameter(name="INPUT")],
    top: AtLeastOne = 3,
    csv: Path | None = None,
    exact_names: Flag = False,
    sheet: Path | None = None,
    force: Flag = False,
    as_json: Json = False,
) -> None:
    """Say what new samples are: all of them, in the order of their files.

    From a table with dates, what comes after its newest rows stands first.

    Args:
        inputs: What the run was trained on, without labels: pictures, sounds, volumes or folders of them, a
            file of signals, a table; or a name that convscope data lists.
        top: Classes to name for each sample, the likeliest first.
        csv: Write all predictions to this file, as a table.
        exact_names: Leave names in --csv as they are. Otherwise those that a spreadsheet would run as a
            formula, such as =1+1, get an apostrophe in front.
        sheet: Draw the samples with what is predicted into this PNG file.
        force: Let --csv and --sheet replace a file that convscope did not write.
    """
    if not inputs:
        raise UsageError("INPUT is missing.\n  See: convscope predict --help")
    from convscope.run import load

    trained, given = load(run), inputs[0] if len(inputs) == 1 else list(inputs)
    for path, form in _wanted(csv, sheet):
        Output(path, form, trained.sources(given), force).demand()
    predictions = trained.predict(given)
    written = [predictions.to_csv(csv, top, force=force, exact_names=exact_names)] if csv else []
    written += [predictions.contact_sheet(sheet, force=force)] if sheet else []
    if as_json:
        write_json(predictions.as_dict(top) | {"written": [str(path.absolute()) for path in written]})
        return
    write_lines(_lines(predictions, top))
    for path in written:
        write(f"written: {path.absolute()}")


def _wanted(csv: Path | None, sheet: Path | None) -> "Iterator[tuple[Path, OutputForm]]":
    """The outputs that are asked for: whether they may stand there is looked at before anything is done."""
    from convscope.run.evaluation.predictions import TABLE
    from convscope.run.plots.sheet import SHEET

    if csv:
        yield csv, TABLE
    if sheet:
        yield sheet, SHEET


def trust(run: RunName, /, *, as_json: Json = False) -> None:
    """Allow the network code in somebody else's run.

    A run of a network from a person's own file carries a copy of that file. It is executed only if you trust
    it: read network.py in the folder of the run first. Your own runs need no such word.
    """
    from convscope.run import folders
    from convscope.run import trust as list_of_trust

    code = folders.find(run) / list_of_trust.CODE
    if not code.is_file():
        raise RunError(f"{code.parent.name} carries no code: its network is convscope's own.\n  Just use it.")
    list_of_trust.add(code.read_bytes(), str(code))
    if as_json:
        write_json({"trusted": str(code)})
    else:
        write(f"{code} is trusted from now on, as long as not a byte of it changes.")


def _lines(told: "AnyPredictions", top: int) -> Iterator[str]:
    yield from told.remarks[:FIRST]
    shown = _shown(told.truth)
    known = [place for place, true in enumerate(told.truth) if true is not None]
    rows = told.table(top)
    titles = ["sample", *(["true"] if known else []), "predicted"]
    cells = [_worded(rows[place]) for place in shown]
    yield from columns([*titles, *[""] * (max(map(len, cells)) - len(titles))], cells).splitlines()
    if len(told) > len(shown):
        yield f"… and {len(told) - len(shown):,} more; --csv FILE writes all"
    if evaluation := told.evaluate():
        yield from evaluation.headline()
        yield "(samples of training may be among them; convscope evaluate measures on unseen ones)"
    yield from _left_out(told.skipped)


def _left_out(skipped: "Sequence[Skipped]") -> Iterator[str]:
    """A line each; where more than three have one reason, a line for all of these."""
    reasons: dict[str, list[str]] = {}
    for file, reason in skipped:
        reasons.setdefault(reason, []).append(file)
    for reason, files in reasons.items():
        if len(files) > FEW:
            yield f"left out: {', '.join(files[:FEW])} … and {len(files) - FEW:,} more: {reason}"
        else:
            yield from (f"left out: {file}: {reason}" for file in files)


def _shown(truth: Sequence[object]) -> list[int]:
    """All where nothing is known yet; otherwise what comes after all that is known, gaps, and the rest."""
    unknown = [place for place, true in enumerate(truth) if true is None]
    known = [place for place, true in enumerate(truth) if true is not None]
    if not known or not unknown:
        return unknown or known[:FIRST]
    newest = [place for place in unknown if place > known[-1]]
    gaps = unknown[: len(unknown) - len(newest)]
    if newest:
        gaps = gaps[: max(0, FIRST - len(newest))]
    return [*newest, *gaps, *known[len(known) - max(0, FIRST - len(newest) - len(gaps)) :]]


def _worded(row: dict[str, Any]) -> list[str]:
    """A row of `Predictions.table` as cells: each class with its probability."""
    cells = [cut(row["name"])]
    if "true" in row:
        cells.append("–" if row["true"] is None else _figure(row["true"]))
    if "probability" not in row:
        return [*cells, _figure(row["predicted"])]
    places = [key.removeprefix("probability") for key in row if key.startswith("probability")]
    classes = [row[f"choice{place}" if place else "predicted"] for place in places]
    shares = [percent(row[f"probability{place}"]) for place in places]
    return [*cells, *(f"{cut(name)} {share}" for name, share in zip(classes, shares, strict=True))]


def _figure(value: str | float) -> str:
    return cut(value) if isinstance(value, str) else number(value)
