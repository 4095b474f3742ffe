"""Commands that use a trained network."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from convscope.cli.options import Json
from convscope.cli.show import columns, percent, write, write_json
from convscope.errors import RunError

if TYPE_CHECKING:
    from convscope.run.predictions import Guess, Predictions

RunName = Annotated[str, Parameter(help="The folder of a run, its name if it is in ./runs, or latest.")]
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
        write("\n".join(evaluation.lines()))


def predict(
    run: RunName,
    inputs: Annotated[list[str], Parameter(name="INPUT")],
    /,
    *,
    top: int = 3,
    csv: Path | None = None,
    sheet: Path | None = None,
    as_json: Json = False,
) -> None:
    """Say what new pictures show.

    Args:
        inputs: Pictures, a folder of pictures, a file of data, or a name that convscope data lists.
        top: Classes to name for each sample, the likeliest first.
        csv: Write all predictions to this file, as a table.
        sheet: Draw the pictures with their predicted classes into this PNG file.
    """
    from convscope.run import load

    predictions = load(run).predict(inputs[0] if len(inputs) == 1 else inputs)
    written = [predictions.to_csv(csv, top)] if csv else []
    written += [predictions.contact_sheet(sheet)] if sheet else []
    if as_json:
        write_json(predictions.as_dict(top))
        return
    write("\n".join(_lines(predictions, top)))
    for path in written:
        write(f"written: {path.absolute()}")


def trust(run: RunName, /) -> None:
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
    write(f"{code} is trusted from now on, as long as not a byte of it changes.")


def _lines(predictions: "Predictions", top: int) -> Iterator[str]:
    right = [true == said for true, said in zip(predictions.truth, predictions.labels, strict=True) if true]
    some = slice(FIRST if right else None)
    guesses, truth = predictions.top(top)[some], predictions.truth[some]
    titles = ["sample", *(["true"] if right else []), "predicted", *[""] * (len(guesses[0]) - 1)]
    rows = [
        [name, *([true or "–"] if right else []), *map(_worded, said)]
        for name, true, said in zip(predictions.names[some], truth, guesses, strict=True)
    ]
    yield columns(titles, rows)
    if len(predictions) > len(rows):
        yield f"… and {len(predictions) - len(rows):,} more; --csv FILE writes all"
    if right:
        yield f"right: {sum(right):,} of {len(right):,} ({percent(sum(right) / len(right))})"
        yield "(samples of training may be among them; convscope evaluate measures on unseen ones)"
    for file, reason in predictions.skipped:
        yield f"left out: {file}: {reason}"


def _worded(guess: "Guess") -> str:
    return f"{guess.name} {percent(guess.probability)}"
