"""The report: true to the figures, alone in its file, and deaf to what class and file names try."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
import torch

from convscope.data.dataset import Skipped
from convscope.run import NetworkPart, RunSettings, create, load, report
from convscope.run.evaluation.metrics import evaluate
from convscope.run.report import words

HOSTILE = ("<script>alert(1)</script>", '" onload="alert(2)', "$a_{<b>")
VOID = {"meta", "img", "br", "hr"}


class Page(HTMLParser):
    """Every element and text, and a check that elements close in order."""

    def __init__(self, path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(self.texts).replace(words.SPACE, "")


def test_report_of_a_run_says_what_the_evaluation_says(finished):
    page, evaluation = Page(finished.report()), finished.evaluate()
    assert not page.open
    assert f"Right for {evaluation.correct} of {evaluation.samples} test pictures" in page.text
    assert "This run used them neither for training nor for choosing anything." in page.text
    assert "The weights are those of epoch 1 of 2" in page.text
    assert words.percent(evaluation.balanced_accuracy).replace(words.SPACE, "") in page.text
    for pair in evaluation.confusions:
        assert f"{pair.true} {pair.predicted} {pair.times}" in " ".join(page.text.split())
    assert f"convscope predict {finished.path}" in page.text


def test_report_stands_alone(finished):
    page = Page(finished.report())
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.elements:
        for key in ("src", "href", "xlink:href", "action", "data"):
            assert attributes.get(key, "#")[:6].startswith(("data:i", "#"))
    assert "url(http" not in page.source
    assert "@import" not in page.source
    policy = next(
        a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")


def test_contents_lead_to_the_sections(finished):
    page = Page(finished.report())
    sections = [attributes["id"] for tag, attributes in page.elements if tag == "section"]
    assert [a["href"][1:] for tag, a in page.elements if tag == "a"] == sections


def test_plots_lie_beside_the_report(finished):
    finished.report()
    names = {path.name for path in (finished.path / "plots").iterdir()}
    assert names >= {
        "loss.png",
        "accuracy.png",
        "confusion.png",
        "calibration.png",
        "mistakes.png",
        "batch.png",
    }


def test_pictures_of_mistakes_are_those_of_the_rows(finished, dataset):
    evaluation, page = finished.evaluate(), report.Pen.of(dataset.inputs, dataset.kind)
    source = finished.report().read_text()
    for mistake in evaluation.mistakes:
        assert mistake.name == dataset.names[mistake.row]
        assert report.drawing.uri(page.draw(dataset.inputs[mistake.row])) in source


@pytest.fixture
def hostile(dataset, training):
    """A run on data whose every name is an attack."""
    names = [f"<img src=x onerror=alert({row})>\udcff.png" for row in range(len(dataset.names))]
    skipped = (Skipped("<script>x.png", "<b>broken</b>"),)
    data = replace(
        dataset, classes=HOSTILE, names=names, skipped=skipped, remarks=("<i>remark</i>",), source="<u>s"
    )
    writer = create("runs", RunSettings.of(data, NetworkPart(name="plain"), training_settings()), data)
    for event in training.events(3):
        writer.write(event)
    return load(writer.path), data


def training_settings():
    from convscope.settings import TrainingSettings

    return TrainingSettings(epochs=1, batch=8, lr=0.1)


def test_hostile_names_are_inert_and_shown_as_they_are(hostile):
    run, data = hostile
    page = Page(run.report(data))
    assert not page.open
    assert not {tag for tag, _ in page.elements} & {"script", "b onerror", "u"}
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on")]
    for text in (*HOSTILE, "<b>broken</b>", "<i>remark</i>"):
        assert text in page.texts


def test_a_hundred_classes_stay_a_small_file(finished, dataset):
    classes = tuple(f"a rather long class name {index}" for index in range(100))
    random = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 100, (2000,), generator=random)
    chance = torch.rand(2000, 100, generator=random).softmax(1)
    inputs = torch.randint(0, 256, (2000, 1, 12, 10), dtype=torch.uint8)
    rows = torch.arange(2000)
    parts = {"train": rows[:50], "val": rows[50:100], "test": rows}
    data = replace(
        dataset, inputs=inputs, labels=labels, classes=classes, parts=parts, names=[str(i) for i in rows]
    )
    path = report.write(finished, data, evaluate(labels, chance, classes, data.names, rows))
    assert path.stat().st_size < 1_500_000
    page = Page(path)
    assert (
        len([1 for tag, attributes in page.elements if tag == "td" and "--s" in attributes.get("style", "")])
        > 1000
    )


def test_a_perfect_result_has_no_mistakes_to_show(finished, dataset):
    rows = dataset.parts["test"]
    chance = torch.eye(3)[dataset.labels[rows]]
    evaluation = evaluate(dataset.labels[rows], chance, dataset.classes, None, rows)
    page = Page(report.write(finished, dataset, evaluation))
    assert "None: every one of the" in page.text
    assert "There are none." in page.text


@pytest.mark.parametrize(
    ("empty", "sentence"),
    [
        (("test",), "There is no test part."),
        (("test", "val"), "There is neither a test nor a validation part."),
    ],
)
def test_other_parts_than_test_are_called_what_they_are(finished, dataset, empty, sentence):
    nothing = torch.empty(0, dtype=torch.int64)
    data = replace(dataset, parts=dataset.parts | dict.fromkeys(empty, nothing))
    part = words.judged_part(data)
    rows = data.parts[part]
    evaluation = evaluate(data.labels[rows], torch.eye(3)[data.labels[rows]], data.classes, None, rows)
    page = Page(report.write(finished, data, evaluation))
    assert sentence in page.text
    assert f"{words.PARTS_IN_WORDS[part]} pictures" in page.text


def test_no_better_than_the_commonest_class_is_said():
    nothing_learnt = evaluate([0, 0, 0, 1], [[1.0, 0.0]] * 4, "ab")
    assert "not clearly better" in nothing_learnt.baselines()[0]
    good = evaluate([0, 1] * 50, [[1.0, 0.0], [0.0, 1.0]] * 50, "ab")
    assert "not clearly better" not in good.baselines()[0]


def test_calibration_is_put_in_words():
    sure = evaluate([0, 1], [[0.99, 0.01], [0.99, 0.01]], "ab")
    assert "less often than it claims" in words.calibration(sure)
    modest = evaluate([0, 0], [[0.6, 0.4], [0.6, 0.4]], "ab")
    assert "more often than it claims" in words.calibration(modest)
