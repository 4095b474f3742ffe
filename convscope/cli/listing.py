"""Commands that look and list, and train nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

from convscope.cli.options import Json
from convscope.cli.show import columns, percent, write, write_json

if TYPE_CHECKING:
    from convscope.run.listing import Summary


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

    names = {name: _first_line(load.__doc__) for name, load in CATALOGUE.items()}
    formats = {name: form.what for name, form in FORMATS.items()}
    if as_json:
        write_json({"names": names, "formats": formats})
        return
    write(columns(["by name", "what it is"], names.items()))
    write("")
    write(columns(["by path", "what is understood"], formats.items()))


def check(data: str, /, *, as_json: Json = False) -> None:
    """Look for trouble in data before training.

    Counts of classes and parts, sizes, broken files, duplicates, samples that are in two parts.

    Args:
        data: A name that convscope data lists, or the path of a file or folder. Nothing in it is changed.
    """
    from convscope.data import DataSettings
    from convscope.data.check import check as look_through

    found = look_through(data, DataSettings())
    if as_json:
        write_json(found.as_dict())
    else:
        write("\n".join(found.lines()))


def runs(*, root: Path = Path("runs"), as_json: Json = False) -> None:
    """List runs, best first.

    Args:
        root: The folder that holds them.
    """
    from convscope.run import runs as find

    found = find(root)
    if as_json:
        write_json([run.as_dict() for run in found])
    elif found:
        titles = ["run", "data", "network", "epochs", "val acc", "test acc", "state"]
        write(columns(titles, [_row(run) for run in found]))
    else:
        write(f"No runs in {root.absolute()} yet. To make one: convscope train mnist-sample")


def _row(run: "Summary") -> list[str]:
    accuracies = [percent(run.val_accuracy), percent(run.test_accuracy)]
    return [run.name, run.source, run.network, f"{run.epochs}", *accuracies, run.problem or run.state]


def _first_line(text: str | None) -> str:
    return (text or "").partition("\n")[0]
