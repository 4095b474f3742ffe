"""report.html: one page that says how good a network is, how it came about, and what it still gets wrong.

The page stands alone: pictures and plots are inside, nothing is fetched, and no script runs (its policy
forbids it), whatever the class names and file names of a data set may contain.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from convscope import outputs
from convscope.data.dataset import Dataset
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
from convscope.run.plots import drawing, figures, learning, over_time
from convscope.run.report import class_sections, sections, value_sections, words
from convscope.run.report.tiles import Tiles
from convscope.text import printable_lines

if TYPE_CHECKING:
    from convscope.run.run import Run

HERE = Path(__file__).parent
FORMATS = (words.count, words.percent, words.chance, words.number, words.seconds, drawing.uri)


def write(run: "Run", dataset: Dataset, evaluation: Evaluation | ValueEvaluation) -> Path:
    """Write report.html and plots/*.png into the run folder.

    The page takes well below 2 MB: at most 72 samples are shown, each at most 128 pixels a side, and sounds
    take at most `hearing.BUDGET`.

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
    task: Any = value_sections if isinstance(evaluation, ValueEvaluation) else class_sections
    tiles = Tiles(run, dataset, task.answers(evaluation))
    page = {
        **sections.head(run, dataset, evaluation),
        **task.content(dataset, evaluation, tiles),
        **sections.course(run),
        **sections.batch(run, dataset, tiles),
        **sections.data(run, dataset),
        **sections.network(run, dataset),
        **sections.settings(run, dataset),
    }
    shared = {**_course(run), **task.drawings(evaluation), **_over_time(dataset, evaluation)}
    page["contents"] = _contents(page["sections"], shared)
    page["plots"] = {name: Markup(figures.svg(figure)) for name, figure in shared.items()}
    _write_plots(
        run.path / "plots",
        {**shared, **task.alone(evaluation, page), "batch": sections.sheet(page, "batch", "{true}")},
    )
    path = run.path / "report.html"
    outputs.replace(
        path, render(page).encode("utf-8", "replace")
    )  # file names may hold bytes that are no text
    return path


def render(page: dict[str, Any], template: str = "report.html") -> str:
    """Fill a page in; every text is escaped, and what is in it that no one can see is shown."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {each.__name__: each for each in FORMATS}
    style = Markup((HERE / "report.css").read_text(encoding="utf-8"))
    return environment.get_template(template).render(page, style=style)


def _shown(value: Any) -> Any:  # noqa: ANN401 - whatever a page is filled with
    return value if isinstance(value, Markup) or not isinstance(value, str) else printable_lines(value)


def _contents(answers: dict[str, str], shared: dict[str, figures.Figure]) -> dict[str, str]:
    """The sections of the page, in order: anchor → title."""
    return {
        "result": "Result",
        **({"time": "Over time"} if "time" in shared else {}),
        "learning": "How it learned",
        **answers,
        "batch": "What it was shown",
        "data": "Data",
        "network": "Network",
        "settings": "Settings",
        "next": "How to go on",
    }


def _course(run: "Run") -> dict[str, figures.Figure]:
    """How training went, as far as it is known; a regression has no accuracy."""
    course = learning.Course(run.history, run.steps, sections.pass_length(run))
    parts = {"loss": learning.loss, "accuracy": learning.accuracy, "learning-rate": learning.rate}
    told = {key for row in (*course.epochs, *course.steps) for key, value in row.items() if value is not None}
    if not told & {"train_accuracy", "val_accuracy"}:
        del parts["accuracy"]
    if "lr" not in told:
        del parts["learning-rate"]
    return {name: figures.panel(draw, course) for name, draw in parts.items()}


def _over_time(dataset: Dataset, evaluation: Evaluation | ValueEvaluation) -> dict[str, figures.Figure]:
    """What was predicted when, where that is known."""
    if dataset.when is None:
        return {}
    points = over_time.points(dataset, dataset.parts[words.judged_part(dataset)].tolist(), evaluation)
    if isinstance(evaluation, ValueEvaluation):
        return {"time": over_time.course(points, evaluation.target)}
    return {"time": over_time.calendar(points, evaluation.classes)}


def _write_plots(folder: Path, drawn: dict[str, figures.Figure]) -> None:
    folder.mkdir(exist_ok=True)
    for name, figure in drawn.items():
        figures.save(figure, folder / f"{name}.png")
