"""Plots: valid files, true to the numbers, in the page's colours, with any class name."""

import io
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from PIL import Image

from convscope.run.evaluation.metrics import evaluate
from convscope.run.plots import figures, learning
from convscope.run.plots.classes import calibration, confusion
from convscope.run.plots.learning import Course


def epoch(number: int, step: int, **changes: float | None) -> dict:
    shares = {"train_accuracy": 0.5, "val_accuracy": 0.25}
    losses = {"train_loss": 1.5, "val_loss": 1.0}
    return {"number": number, "step": step, "lr": 0.1, "best": True, **shares, **losses, **changes}


def steps(count: int) -> list[dict]:
    return [{"step": step, "loss": 2 / step, "lr": step / count} for step in range(1, count + 1)]


def data_of(figure, label: str) -> tuple[list[float], list[float]]:
    (line,) = (line for line in figure.axes[0].lines if line.get_label() == label)
    return list(line.get_xdata()), list(line.get_ydata())


def test_lines_hold_the_figures_of_the_history():
    course = Course([epoch(1, 10), epoch(2, 20, val_loss=0.5, val_accuracy=0.75)], steps(20), 10)
    figure = figures.panel(learning.loss, course)
    assert data_of(figure, "validation") == ([1, 2], [1.0, 0.5])
    assert data_of(figure, "each step")[1] == pytest.approx([2 / step for step in range(1, 21)])
    assert data_of(figures.panel(learning.accuracy, course), "validation") == ([1, 2], [25, 75])


def test_half_an_epoch_ends_at_a_half():
    assert data_of(figures.panel(learning.loss, Course([epoch(1, 5)], [], 10)), "training")[0] == [0.5]


@pytest.mark.parametrize(
    "course",
    [Course([epoch(1, 3, val_loss=None, val_accuracy=None)], [], 3), Course([epoch(1, 1)], steps(1), 1)],
)
@pytest.mark.parametrize("draw", [learning.loss, learning.accuracy, learning.rate])
def test_the_shortest_trainings_can_be_drawn(course, draw):
    assert figures.svg(figures.panel(draw, course)).startswith("<svg")


def test_a_long_training_is_averaged_not_cut():
    figure = figures.panel(learning.loss, Course([epoch(1, 10_000)], steps(10_000), 10_000))
    x, y = data_of(figure, "each step")
    assert len(x) <= learning.POINTS
    assert np.mean(y) == pytest.approx(np.mean([2 / step for step in range(1, 10_001)]))
    assert y[0] == pytest.approx(np.mean([2 / step for step in range(1, 26)]))


@pytest.mark.filterwarnings("error")
def test_a_loss_of_0_throughout_is_drawn():
    none = [{"step": step, "loss": 0.0, "lr": 0.1} for step in (1, 2)]
    figure = figures.panel(learning.loss, Course([epoch(1, 2, train_loss=0.0, val_loss=0.0)], none, 2))
    assert figure.axes[0].get_ylim() == (0, 1)


def test_svg_is_xml_with_texts_and_the_colours_of_the_page():
    drawn = figures.svg(figures.panel(learning.loss, Course([epoch(1, 10)], steps(10), 10)))
    root = ElementTree.fromstring(drawn)
    texts = {text.text for text in root.iter("text")}
    assert {"Loss", "training", "validation", "epoch"} <= texts
    assert "var(--accent)" in drawn
    assert not any(colour in drawn for colour in figures.VARIABLES)
    outside = [
        value for node in root.iter() for key, value in node.items() if key == "href" and value[0] != "#"
    ]
    assert not outside


def test_svg_of_the_same_numbers_is_the_same():
    first, second = (
        figures.svg(figures.panel(learning.rate, Course([epoch(1, 4)], steps(4), 4))) for _ in range(2)
    )
    assert first == second


def test_calibration_draws_each_filled_bin():
    evaluation = evaluate([0, 0, 1], [[0.9, 0.1], [0.88, 0.12], [0.6, 0.4]], "ab")
    (points,) = (
        c
        for c in figures.panel(calibration, evaluation.reliability).axes[0].collections
        if len(c.get_offsets()) == 2
    )
    assert points.get_offsets().tolist() == [pytest.approx([60, 0]), pytest.approx([89, 100])]


@pytest.mark.parametrize(
    "classes",
    [
        ["<script>", "$a_{b", "猫"],
        [f"class {index}" for index in range(100)],
        ["a"],
        [f"{index}{'猫' * 250}" for index in range(2)],
    ],
)
@pytest.mark.filterwarnings("error")
def test_confusion_is_drawn_for_any_names_and_numbers_of_classes(tmp_path, classes):
    labels = np.arange(len(classes)).repeat(2)
    chance = np.full((len(labels), len(classes)), 1 / len(classes))
    side = 2.5 + 0.3 * min(len(classes), 30)  # as a run has it
    drawn = figures.panel(confusion, evaluate(labels, chance, classes), width=side, height=side)
    figures.save(drawn, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.width > 300


@pytest.mark.parametrize("ratio", [1, 2.5])
def test_sheet_shows_the_pictures_themselves(ratio):
    colours = [(255, 0, 0), (0, 128, 0), (0, 0, 255), (200, 0, 200)] * 2
    pictures = [Image.new("RGB", (round(8 * ratio), 8), colour) for colour in colours]
    sheet = figures.sheet(pictures, ["$x_{", *"bcdefgh"], ratio)
    content = io.BytesIO()
    sheet.savefig(content, dpi=50)
    pixels = np.asarray(Image.open(content).convert("RGB")).reshape(-1, 3)
    shares = [(pixels == colour).all(1).mean() / 2 for colour in colours]
    assert min(shares) > 0.04
    assert max(shares) == pytest.approx(min(shares), rel=0.05)


def test_nothing_global_is_changed():
    before = dict(matplotlib.rcParams)
    figures.svg(figures.panel(learning.rate, Course([epoch(1, 4)], steps(4), 4)))
    assert dict(matplotlib.rcParams) == before
