"""Commands that use a trained network."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from convscope.cli.options import AtLeastOne, Flag, Json, UsageError
from convscope.cli.show import columns, write, write_json, write_lines
from convscope.errors import RunError
from convscope.figures import number, percent
from convscope.outputs import Output
from convscope.text import cut

if TYPE_CHECKING:
    from convscope.data.dataset import Skipped
    from convscope.run import Run
    from convscope.run.evaluation.judging import AnyPredictions

RunName = Annotated[str, Parameter(help="The folder of a run, its name if it is in ./runs, or latest.")]
FEW = 3  # of what was left out for one reason, by name
FIRST = 10  # remarks
STANDARD_INPUT = "/dev/stdin"  # what - stands for
MARK = "\ufeff"  # that some programs put in front of a text in UTF-8
BY_DATE = ", by date: what comes next stands last there"
UNSEEN = "(samples of training may be among them; convscope evaluate measures on unseen ones)"


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
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    engine: Literal["torch", "onnx"] | None = None,
    exact_names: Flag = False,
    sheet: Path | None = None,
    force: Flag = False,
    as_json: Json = False,
) -> None:
    """Say what new samples are: all of them, in the order of their files.

    From a table with dates, what comes after its newest rows stands first on the terminal, and last in a
    file, whose rows go by date. With -o there may be a million of them; killed on the way, the same command
    goes on where it was.

    Args:
        inputs: What the run was trained on, without labels: pictures, sounds, volumes or folders of them, a
            file of signals, a table; a pattern such as 'new/*.png'; a name that convscope data lists; or -
            for names of files on standard input, one a line.
        top: Classes to name for each sample, the likeliest first.
        out: Write all predictions to this file; its ending says how: .csv, .jsonl (an object a line) or
            .parquet.
        engine: What computes, with -o. Otherwise whichever is faster here, which is measured.
        exact_names: Leave names in a .csv as they are. Otherwise those that a spreadsheet would run as a
            formula, such as =1+1, get an apostrophe in front.
        sheet: Draw the samples with what is predicted, up to 100 of them, into this PNG file.
        force: Let -o and --sheet replace a file that convscope did not write.
    """
    if not inputs:
        raise UsageError("INPUT is missing.\n  See: convscope predict --help")
    if engine and not out:
        raise UsageError("--engine is for predictions that are written: add -o FILE.")
    from convscope.run import load
    from convscope.run.plots.sheet import SHEET

    trained, given = load(run), given_as(inputs)
    if sheet:
        Output(sheet, SHEET, trained.sources(given), force).demand()
    if out:
        how = {"top": top, "engine": engine, "exact_names": exact_names, "force": force}
        _into_file(trained, given, out, sheet, as_json=as_json, how=how)
        return
    predictions = trained.predict(given)
    written = [predictions.contact_sheet(sheet, force=force)] if sheet else []
    if as_json:
        write_json(predictions.as_dict(top) | {"written": [str(path.absolute()) for path in written]})
        return
    write_lines(_lines(predictions, top))
    for path in written:
        write(f"written: {path.absolute()}")


def _into_file(
    run: "Run", given: str | list[str], out: Path, sheet: Path | None, *, as_json: bool, how: dict[str, Any]
) -> None:
    """Predict into a file, and a sheet of the first samples; say what is in them."""
    from convscope.predicting import first, predict

    found = predict(run, given, out, **how)
    written = [first(run, given).contact_sheet(sheet, force=how["force"])] if sheet else []
    if as_json:
        told = found.as_dict()
        write_json(told | {"written": [*told["written"], *(str(path.absolute()) for path in written)]})
        return
    more, dated = len(found) - len(found.rows), run.settings.facts.kind == "sequence"
    write_lines(
        (
            *found.remarks[:FIRST],
            *_table(found.rows),
            *([f"… and {more:,} more in {out}{BY_DATE if dated else ''}"] if more else []),
            *([found.score, UNSEEN] if found.score else []),
            *_left_out(found.skipped),
            f"{len(found):,} samples in {found.seconds:.1f} s, by {found.engine}",
            *(f"written: {path.absolute()}" for path in (out, *written)),
        )
    )


def given_as(inputs: Sequence[str]) -> str | list[str]:
    """What was typed, one thing or several; - stands for the names on standard input, one a line.

    Raises:
        UsageError: there are none.
    """
    if STANDARD_INPUT not in inputs:
        return inputs[0] if len(inputs) == 1 else list(inputs)
    end = "\0" if "\0" in (text := sys.stdin.read().removeprefix(MARK)) else "\n"  # find -print0
    listed = [name for line in text.split(end) if (name := line.rstrip("\r"))]
    if not listed:
        raise UsageError("standard input names no files.\n  Give one name a line, as find does.")
    return [name for each in inputs for name in (listed if each == STANDARD_INPUT else [each])]


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
    from convscope.predicting.shown import shown

    yield from told.remarks[:FIRST]
    places, rows = shown(told.truth), told.table(top)
    yield from _table([rows[place] for place in places])
    if len(told) > len(places):
        yield f"… and {len(told) - len(places):,} more; -o FILE writes all"
    if evaluation := told.evaluate():
        yield from evaluation.headline()
        yield UNSEEN
    yield from _left_out(told.skipped)


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [_worded(row) for row in rows]
    titles = ["sample", *(["true"] if "true" in rows[0] else []), "predicted"]
    return columns([*titles, *[""] * (max(map(len, cells)) - len(titles))], cells).splitlines()


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
