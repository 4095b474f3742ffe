"""The report: true to the figures, alone in its file, and deaf to what class and file names try."""

import base64
import io
import json
import re
import time
import wave
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from convscope import train
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.network.model import assemble
from convscope.run import NetworkPart, RunSettings, create, load
from convscope.run.evaluation.metrics import evaluate, evaluate_values
from convscope.run.plots.drawing import Pen
from convscope.run.report import class_sections, evidence, hearing, sections, steps, words
from convscope.run.report import page as report
from tests.conftest import CHROMIUM

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
    evaluation, page = finished.evaluate(), Pen.of(dataset.inputs, dataset.kind)
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


def test_what_no_one_can_see_in_a_name_is_shown(dataset, training):
    data = replace(dataset, classes=("\u202egnp", "\x1b[31mred", "two\u2028lines"))
    writer = create("runs", RunSettings.of(data, NetworkPart(name="plain"), training_settings()), data)
    for event in training.events(3):
        writer.write(event)
    page = Page(load(writer.path).report(data))
    assert all(letter.isprintable() or letter in "\n\t\u202f\u00a0" for letter in page.source)
    assert {"\\u202egnp", "\\x1b[31mred", "two\\u2028lines"} <= set(page.texts)


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
    assert not [1 for _, attributes in page.elements if "matrix" in attributes.get("class", "")]
    worst = evaluate(labels, chance, classes).confusions[0]
    assert f"{worst.true} {worst.predicted} {worst.times}" in " ".join(page.text.split())
    assert "All 100 classes" in page.text
    assert "The 20 with the lowest F1" in page.text


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


def test_few_samples_are_said_where_probabilities_are_judged_and_where_they_were_put_right():
    """By NumPy: how far apart perfect probabilities are of as many samples."""
    chance, random = np.array([[0.8, 0.2]] * 20), np.random.default_rng(0)
    apart = [abs((random.random(20) < 0.8).mean() - 0.8) for _ in range(4000)]
    said = words.calibration(evaluate([0] * 15 + [1] * 5, chance, "ab"))
    (figure,) = re.findall(r"Of so few samples perfect probabilities would be about ([\d.]+)", said)
    assert float(figure) == pytest.approx(100 * np.mean(apart), abs=0.3)
    assert "so few" not in words.calibration(evaluate([0] * 5 + [1] * 15, chance, "ab"))
    assert "fitted on the 25 samples of the validation part, so few that it may be off by 40" in (
        words.temperature(1.5, 25)
    )
    assert words.temperature(1.5, 2500).endswith("of the validation part.")


def test_calibration_is_put_in_words():
    sure = evaluate([0, 1], [[0.99, 0.01], [0.99, 0.01]], "ab")
    assert "less often than it claims" in words.calibration(sure)
    modest = evaluate([0, 0], [[0.6, 0.4], [0.6, 0.4]], "ab")
    assert "more often than it claims" in words.calibration(modest)


def test_a_thousand_classes_take_moments(finished, dataset):
    classes = tuple(f"class {index}" for index in range(1000))
    labels = torch.arange(3000) % 1000
    said = torch.where(torch.arange(3000) % 7 == 0, (labels + 1) % 1000, labels)
    chance = torch.nn.functional.one_hot(said, 1000).double()
    evaluation = evaluate(labels, chance, classes)
    began = time.monotonic()
    content = class_sections.content(dataset, replace(evaluation, mistakes=(), unsure=()), None)
    assert time.monotonic() - began < 1
    assert content["matrix"] == []
    assert len(content["confusions"]) == class_sections.MANY_CONFUSIONS
    assert len(json.dumps(evaluation.as_dict())) < 800_000


def test_the_scale_of_wrong_answers_ends_where_its_colours_do():
    """The worst share of a class may be of one too rare to be among the most frequent mistakes."""
    labels = [index for index in range(12) for _ in range(100)] + [12, 12]
    said = [(index + 1) % 12 if place < 3 else index for index in range(12) for place in range(100)] + [0, 12]
    found = class_sections.tables(evaluate(labels, np.eye(13)[said], "abcdefghijklm"))
    assert found["worst_share"] == 0.5
    assert found["matrix"][12][0]["strength"] == 1
    assert found["matrix"][0][1]["strength"] == pytest.approx(0.03 / 0.5)


def test_the_training_time_says_what_it_counts(finished):
    page = Page(finished.report())
    spent = words.seconds(sum(row["seconds"] for row in finished.history)).replace(words.SPACE, "")
    assert page.texts.count(sections.TOOK) == 1
    assert page.text.count(spent) >= 2


def test_the_star_stands_once_at_the_epoch_that_was_kept(finished):
    page = Page(finished.report())
    stars = [text for text in page.texts if text.startswith("★ ")]
    assert stars == ["★ 1"]


def test_scaling_is_told_in_a_line_without_powers_of_ten(finished):
    page = Page(finished.report())
    assert "first step brings pixels from 0–255 to mean 0 and standard deviation 1" in page.text
    assert not re.search(r"\de[-+]\d", page.text)


def test_a_verdict_names_what_does_as_well_without_a_network(dataset):
    rows = dataset.parts["test"]
    labels = dataset.labels[rows]
    poor = evaluate(labels, torch.eye(3)[torch.zeros(len(rows), dtype=torch.int64)], dataset.classes)
    assert words.verdict(dataset, poor).endswith("not clearly better than always saying 'cat'.")
    many = [0, 1] * 50
    assert "not clearly better" not in words.verdict(dataset, evaluate(many, torch.eye(2)[many], "ab"))
    values = evaluate_values([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], mean=2.0)
    assert "not clearly better than always saying the mean" in words.verdict(dataset, values)


def test_pictures_show_where_was_looked(finished, dataset):
    row = int(dataset.parts["test"][0])
    found = evidence.find(finished.model(), dataset, [(row, 2), (row + 1, 0)])
    for values in found.values():
        assert values.shape[1:] == (12, 10)
        assert 0 <= values.min() <= values.max() == 1
    drawn = evidence.drawn(torch.eye(12, 10)[None], dataset.inputs[row], Pen.of(dataset.inputs, "image"))
    assert drawn.mode == "RGB"
    assert drawn.width / drawn.height == pytest.approx(10 / 12, rel=0.1)


@pytest.mark.parametrize("solid", [True, False])
def test_evidence_lies_over_each_view_of_a_volume(solid):
    volume = torch.zeros(1, 8, 10, 12, dtype=torch.uint8)
    volume[0, 2:6, 3:7, 4:8] = 1
    if not solid:
        volume[0, 0] = 2
    counted = torch.zeros(1, 8, 10, 12)
    counted[0, 4, 5, 6] = 1
    pen = Pen.of(volume[None], "volume")
    assert pen.way == ("shadows" if solid else "slices")
    drawn = np.asarray(evidence.drawn(counted, volume, pen)).astype(int)
    orange = (drawn[..., 0] - drawn[..., 2]) > 60
    high, wide = orange.shape
    assert wide / high == pytest.approx((12 + 12 + 10 + 4) / 10, rel=0.05)
    scale = high / 10
    for left, row, column in ((0, 5, 6), (14, 4, 6), (28, 4, 5)):  # along depth, height and width
        assert orange[round((row + 0.5) * scale), round((left + column + 0.5) * scale)]


def test_a_network_that_lets_nothing_be_found_has_no_evidence(dataset):
    class Stubborn(torch.nn.Module):
        def forward(self, x):
            raise NotImplementedError

    assert evidence.find(assemble(Stubborn(), 1).eval(), dataset, [(0, 0)]) == {}


def tone(path, pitch, rate=8000):
    """Half a second of a tone, 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.sin(2 * np.pi * pitch * np.arange(rate // 2) / rate) * 20_000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(values.astype("<i2").tobytes())


def test_sounds_are_drawn_by_pitch_and_can_be_heard(tmp_path):
    for number in range(10):
        tone(tmp_path / "tones/high" / f"{number}.wav", 3000 + number)
        tone(tmp_path / "tones/low" / f"{number}.wav", 500 + number)
    run = train(tmp_path / "tones", epochs=1, runs=tmp_path / "runs", threads=1)
    page = Page(run.path / "report.html")
    sounds = [attributes for tag, attributes in page.elements if tag == "audio"]
    assert sounds
    for each in sounds:
        form, _, content = each["src"].partition(",")
        assert form == "data:audio/wav;base64"
        with wave.open(io.BytesIO(base64.b64decode(content))) as file:
            assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8000, 1, 4000)
    assert sum(len(each["src"]) for each in sounds) <= hearing.BUDGET
    assert "4kHz" in page.text
    assert "0.5s" in page.text
    policy = next(a["content"] for _, a in page.elements if "http-equiv" in a)
    assert "media-src data:;" in policy
    data = run.dataset()
    high, low = (
        np.asarray(Pen.of(data.inputs, "signal", sound=True).draw(data.inputs[row]))[..., 0].sum(1).argmax()
        for row in (data.labels.tolist().index(0), data.labels.tolist().index(1))
    )
    assert high == pytest.approx(128 * (1 - 3000 / 4000), abs=4)
    assert low == pytest.approx(128 * (1 - 500 / 4000), abs=4)


def test_a_budget_of_sounds_is_kept():
    player = hearing.Player(44_100)
    sizes = [len(player.uri(torch.rand(2, 44_100 * 5))) for _ in range(20)]
    assert 0 < sum(sizes) <= hearing.BUDGET
    assert sizes[-1] == 0
    assert hearing.Player(None).uri(torch.rand(1, 100)) == ""


def test_rows_of_a_window_stand_in_their_own_units():
    features = ("wind", "weather=rain", "weather=sun", "season (sine)")
    inputs = torch.tensor([[[3.5, 1_629_000.0], [1, 0], [0, 1], [0.1, 0.2]]])
    dataset = Dataset(
        inputs=inputs, labels=torch.tensor([0]), classes=("a",),
        parts=dict.fromkeys(("train", "val", "test"), torch.tensor([0])), kind="sequence", source="x",
        names=["2020-01-03"], settings=DataSettings(horizon=1), features=features,
    )  # fmt: skip
    counted = torch.tensor([[0.0, 1.0], [0.2, 0], [0, 0.1], [0, 0]])
    table = steps.table(dataset, 0, counted)
    assert table.columns == ["wind", "weather"]
    assert [row.before for row in table.rows] == ["−2", "−1"]
    texts = [[cell.text.replace(words.SPACE, " ") for cell in row.cells] for row in table.rows]
    assert texts == [["3.5", "rain"], ["1.629 million", "sun"]]
    assert [[cell.marked for cell in row.cells] for row in table.rows] == [[False, False], [True, False]]
    assert steps.table(replace(dataset, features=()), 0, None) is None


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 640, 1280])
def test_no_width_makes_the_page_scroll_sideways(hostile, width):
    from playwright.sync_api import sync_playwright

    run, data = hostile
    path = run.report(data).absolute()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()


def test_close_calls_are_close_and_no_mistake_that_is_shown_already(dataset, finished):
    chance = [[0.5, 0.45, 0.05], [0.98, 0.01, 0.01], [0.39, 0.37, 0.24], [0.3, 0.4, 0.3]]
    rows = dataset.parts["test"][:4]
    found = evaluate([0, 0, 0, 0], chance, dataset.classes, None, rows)
    assert found.close == 3
    tiles = report.Tiles(finished, dataset, [])
    shown = [tile["row"] for tile in class_sections.content(dataset, found, tiles)["unsure"]]
    assert shown == rows[[2, 0]].tolist()
    sure = evaluate([0, 0], [[0.98, 0.01, 0.01]] * 2, dataset.classes, None, rows[:2])
    assert "unsure" not in class_sections.content(dataset, sure, tiles)["sections"]


def test_classes_without_samples_and_neighbours_in_time_are_said(dataset, finished):
    found = evaluate([0, 0, 1], torch.eye(3)[[0, 0, 1]], ("a", "b", "c"))
    said = " ".join(words.small_print(dataset, found, finished.history, ""))
    assert "1 of the 3 classes have no sample there: the figures are of the other 2." in said
    assert "Neighbours in time" not in said
    assert "Neighbours in time" in " ".join(
        words.small_print(replace(dataset, kind="sequence"), found, finished.history, "")
    )


def test_an_interval_by_groups_is_told_as_in_a_terminal(dataset, finished):
    alone, grouped = (
        evaluate([0, 0, 1], torch.eye(3)[[0, 0, 1]], "abc", groups=some) for some in ([], ["x", "x", "y"])
    )
    assert "by 2 groups" in grouped.headline()[0]
    assert "The interval goes by the 2 groups, whose samples are alike." in words.small_print(
        dataset, grouped, finished.history, ""
    )
    assert "groups" not in " ".join(words.small_print(dataset, alone, finished.history, ""))


def test_the_commonest_class_is_one_class():
    assert (
        "Always saying one and the same class gives 50.00 %"
        in evaluate([0, 1], torch.eye(2), "ab").baselines()[0]
    )


def test_what_was_chosen_stands_with_the_settings_and_what_was_found_with_the_data(finished, dataset):
    data = replace(dataset, remarks=("found on the way",))
    facts = finished.settings.facts.model_copy(update={"remarks": ("found on the way", "chosen: so")})
    run = replace_facts(finished, facts)
    assert report.sections.data(run, data)["remarks"][0] == "found on the way"
    assert "chosen: so" not in report.sections.data(run, data)["remarks"]
    assert report.sections.settings(run, data)["reasons"] == ["chosen: so"]


def replace_facts(run, facts):
    """The same run with other facts."""
    other = load(run.path)
    other.settings = run.settings.model_copy(update={"facts": facts})
    return other


def test_preprocessing_is_one_line_and_nothing_sees_beyond_the_sample(finished, dataset):
    layers = report.sections.network(finished, dataset)["layers"]
    assert [layer["name"] for layer in layers if layer["name"].startswith("preprocess")] == ["preprocess"]
    for layer in layers:
        sizes = [int(size) for size in layer["sees"].split(" × ") if size]
        assert all(size <= most for size, most in zip(sizes, dataset.space, strict=False))


def test_sounds_are_called_sounds(dataset):
    assert words.noun(replace(dataset, kind="signal", sound=True)) == "sounds"
    assert words.noun(replace(dataset, kind="signal")) == "signals"


def test_it_is_said_for_how_many_it_is_shown_where_was_looked():
    assert evidence.told("grad-cam", 9, 12).endswith("(Grad-CAM); found for 9 of the first 12.")
    assert evidence.told("grad-cam", 0, 12) == ""


@pytest.mark.browser
def test_nothing_of_a_name_or_value_is_cut_off(finished):
    """Of a line of evidence below a signal, too, the ends are those of the signal."""
    from playwright.sync_api import sync_playwright

    name = "Common long-tailed bird of the western region, variety 1"
    path = finished.report().absolute()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 360, "height": 800})
        page.goto(path.as_uri())
        page.evaluate(
            "name => document.querySelectorAll('figcaption b, td.name span')"
            ".forEach(e => e.textContent = name)",
            name,
        )
        cut = page.evaluate(
            "[...document.querySelectorAll('figcaption b, td.name span')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1"
            " || getComputedStyle(e).overflow === 'hidden').length"
        )
        assert cut == 0
        inset = page.evaluate(
            "(() => { const e = document.createElement('div'); e.className = 'look line';"
            " document.querySelector('.tiles figure').append(e); return getComputedStyle(e).paddingLeft })()"
        )
        assert inset == "0px"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        browser.close()
