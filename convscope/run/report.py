"""report.html: one page that says how good a network is, how it came about, and what it still gets wrong.

The page stands alone: pictures and plots are inside, nothing is fetched, and no script runs (its policy
forbids it), whatever the class names and file names of a data set may contain.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from convscope.data.dataset import Dataset
from convscope.run import drawing, files, plots, sections, words
from convscope.run.drawing import Pen
from convscope.run.evaluation import Evaluation

if TYPE_CHECKING:
    from convscope.run.run import Run

HERE = Path(__file__).parent
FORMATS = (words.count, words.percent, words.chance, words.number, words.seconds, drawing.uri)


def write(run: "Run", dataset: Dataset, evaluation: Evaluation) -> Path:
    """Write report.html and plots/*.png into the run folder.

    The page takes well below 1 MB: at most 72 samples are shown, each at most 128 pixels a side.

    Args:
        run: with at least one epoch.
        dataset: its data.
        evaluation: of the first part that has samples: test, else val, else train. Its rows are those of
            `dataset`.

    Returns:
        The path of report.html.

    Raises:
        OSError: it cannot be written.
    """
    pen = Pen.of(dataset.inputs, dataset.kind)
    page = {
        **sections.result(run, dataset, evaluation),
        **sections.course(run),
        **sections.samples(run, dataset, evaluation, pen),
        **sections.data(run, dataset),
        **sections.network(run, dataset),
        **sections.settings(run),
    }
    figures = _figures(plots.Course(run.history, run.steps, sections.pass_length(run)), evaluation)
    page["plots"] = {name: Markup(plots.svg(figure)) for name, figure in figures.items()}
    _write_plots(run.path / "plots", figures, evaluation, page)
    path = run.path / "report.html"
    files.replace(path, render(page).encode("utf-8", "replace"))  # file names may hold bytes that are no text
    return path


def render(page: dict[str, Any]) -> str:
    """Fill the page in; every text is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {each.__name__: each for each in FORMATS}
    template = environment.from_string((HERE / "report.html").read_text(encoding="utf-8"))
    return template.render(page, style=Markup((HERE / "report.css").read_text(encoding="utf-8")))


def _figures(course: plots.Course, evaluation: Evaluation) -> dict[str, Figure]:
    """The plots that the page and the folder share."""
    return {
        "loss": plots.panel(plots.loss, course),
        "accuracy": plots.panel(plots.accuracy, course),
        "learning-rate": plots.panel(plots.rate, course),
        "calibration": plots.panel(plots.calibration, evaluation.reliability, width=4.2, height=4.0),
    }


def _write_plots(
    folder: Path, figures: dict[str, Figure], evaluation: Evaluation, page: dict[str, Any]
) -> None:
    folder.mkdir(exist_ok=True)
    side = 2.5 + 0.3 * min(len(evaluation.classes), 30)  # inches
    said = "{predicted}, {probability:.0%}\ntrue: {true}"
    alone = {
        "confusion": plots.panel(plots.confusion, evaluation, width=side, height=side),
        "mistakes": _sheet(page["mistakes"], said),
        "unsure": _sheet(page["unsure"], said),
        "batch": _sheet(page["batch"], "{true}"),
    }
    for name, figure in (figures | alone).items():
        plots.save(figure, folder / f"{name}.png")


def _sheet(tiles: Sequence[dict[str, Any]], caption: str) -> Figure:
    return plots.sheet([tile["picture"] for tile in tiles], [caption.format(**tile) for tile in tiles])
