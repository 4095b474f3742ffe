import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from convscope import data
from convscope.data.dataset import DataSettings
from convscope.errors import DataError, RunError, ShapeError
from convscope.outputs import Output, OutputForm
from convscope.run import load


def softmax(scores: np.ndarray) -> np.ndarray:
    exponents = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def test_the_model_has_the_best_weights_and_is_ready(finished, training):
    model, expected = finished.model(), training.state(3)
    assert not model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, expected[f"model.{name}"])


def test_building_the_model_leaves_the_random_state_alone(finished):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    finished.model()
    assert torch.equal(torch.rand(3), expected)


def test_an_unfinished_run_answers_and_says_so(interrupted, capsys):
    interrupted.predict(np.zeros((12, 10), dtype=np.uint8))
    assert "has not finished: its weights are the best so far" in capsys.readouterr().err


def test_a_run_without_weights(writer):
    with pytest.raises(RunError, match=r"has no weights yet: .*\n  Go on with: convscope train --resume"):
        load(writer.path).model()


def test_evaluation_is_that_of_the_model(finished, dataset):
    rows = dataset.parts["test"]
    scores = finished.model()(dataset.inputs[rows]).detach().numpy()
    right = (scores.argmax(axis=1) == dataset.labels[rows].numpy()).mean()
    chance = softmax(scores)[np.arange(len(rows)), dataset.labels[rows]]
    evaluation = finished.evaluate()
    assert evaluation.samples == len(rows) == 6
    assert evaluation.accuracy == pytest.approx(right)
    assert evaluation.loss == pytest.approx(-np.log(chance).mean(), rel=1e-5)
    assert all(mistake.row in rows.tolist() for mistake in evaluation.mistakes)
    json.dumps(evaluation.as_dict())


def test_other_data_are_matched_by_name_and_taken_whole(finished, draw, tmp_path):
    # There owl is class 1 of two, here class 2 of three
    other = draw(tmp_path / "other", ("owl", "cat"), 4)
    evaluation = finished.evaluate(other)
    loaded = data.load(other, DataSettings(size=(12, 10), channels=1))
    assert loaded.classes == ("cat", "owl")
    said = finished.model()(loaded.inputs).argmax(dim=1)
    truth = torch.tensor([{"cat": 0, "owl": 2}[loaded.classes[label]] for label in loaded.labels])
    assert evaluation.samples == 8
    assert evaluation.accuracy == pytest.approx((said == truth).double().mean().item())
    assert [score.support for score in evaluation.per_class] == [4, 0, 4]


def test_a_class_the_run_does_not_know(finished, draw, tmp_path):
    other = draw(tmp_path / "other", ("cat", "newt"), 3)
    found = finished.evaluate(other)
    assert found.samples == 3  # the cats
    assert found.remarks[0].startswith("measured on 3 samples")
    assert found.remarks[1].startswith("3 of 6 samples are of classes that the run does not know (newt; its")
    other = draw(tmp_path / "strange", ("eft", "newt"), 3)
    with pytest.raises(DataError, match=r"has the classes eft, newt, none of which .*\n .*cat, dog, owl"):
        finished.evaluate(other)


def test_a_part_without_samples(finished, dataset):
    empty = replace(dataset, parts={**dataset.parts, "test": torch.tensor([], dtype=torch.int64)})
    with pytest.raises(DataError, match=r"no samples in the part 'test'.\n  Parts with samples: train, val"):
        finished.evaluate(empty)


def test_data_of_another_shape(finished, dataset):
    other = replace(dataset, inputs=torch.zeros(30, 1, 8, 8), source="others")
    with pytest.raises(ShapeError, match=r"takes samples of 1 × 12 × 10 .*those of others are 1 × 8 × 8"):
        finished.evaluate(other)


@pytest.mark.parametrize("shape", [(12, 10), (1, 12, 10), (1, 1, 12, 10), (5, 12, 10), (5, 1, 12, 10)])
def test_arrays_of_one_sample_or_many(finished, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    count = 5 if shape[0] == 5 else 1
    samples = torch.from_numpy(pixels).reshape(count, 1, 12, 10)
    expected = softmax(finished.model()(samples).detach().numpy())
    for x in (pixels, torch.from_numpy(pixels), pixels.tolist(), pixels.astype(np.float32)):
        said = finished.predict(x)
        assert len(said) == count
        assert said.probabilities.numpy() == pytest.approx(expected, abs=1e-5)
        assert set(said.truth) == {None}


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((3, 12, 10, 5)), ShapeError, "takes samples of 1 × 12 × 10"),
        (np.zeros((2, 12, 10, 1, 1)), ShapeError, "takes samples of 1 × 12 × 10"),
        (np.zeros((3, 40, 40)), ShapeError, "got an array of 3 × 40 × 40: which of its axes are what"),
        (np.zeros(7), ShapeError, "got an array of 7"),
        (np.float32(1), ShapeError, "got an array of no axes"),
        (np.zeros((0, 1, 12, 10)), DataError, "the array is empty"),
        (np.full((12, 10), np.nan), DataError, "NaN or infinite"),
        (np.full((12, 10), 0.5), DataError, "trained on whole numbers, 0 … 255"),
        (np.array(["a"]), DataError, "there is no file or folder 'a'"),  # names, in an array
        (np.array([b"a"]), DataError, "cannot be predicted"),
        (None, DataError, "None cannot be predicted: it is no array of numbers"),
        ({"a": 1}, DataError, "a dict cannot be predicted: it is no array of numbers"),
        (np.array([3, None]), DataError, "a ndarray cannot be predicted: it is no array of numbers"),
        (object(), DataError, "an object cannot be predicted: it is no array of numbers"),
    ],
)
def test_arrays_that_cannot_be_meant(finished, x, error, message):
    with pytest.raises(error, match=message):
        finished.predict(x)


def test_pictures_folders_and_lists(finished, photos, dataset):
    one = finished.predict(photos / "owl" / "3.png")
    assert one.names == (str(photos / "owl" / "3.png"),)
    assert one.truth == ("owl",)
    everything = finished.predict(str(photos))
    assert len(everything) == 30
    assert everything.names[0] == "cat/0.png"
    listed = finished.predict([photos / "owl" / "3.png", str(photos / "cat")])
    assert len(listed) == 11
    assert torch.allclose(listed.probabilities[0], one.probabilities[0])
    row = list(dataset.names).index("owl/3.png")
    expected = softmax(finished.model()(dataset.inputs[row : row + 1]).detach().numpy())
    assert one.probabilities.numpy() == pytest.approx(expected, abs=1e-6)


def test_a_nested_folder_without_labels_and_with_broken_files(finished, photos, tmp_path):
    deep = tmp_path / "deep" / "er" / "still"
    deep.mkdir(parents=True)
    (photos / "cat" / "1.png").rename(deep / "a.PNG")
    (deep / "broken.png").write_bytes(b"\x89PNG")
    (deep / "notes.txt").write_text("not a picture")
    (deep / "loop").symlink_to(tmp_path / "deep")
    said = finished.predict(tmp_path / "deep")
    assert said.names == ("er/still/a.PNG",)
    assert said.truth == (None,)
    assert [skipped.file for skipped in said.skipped] == ["er/still/broken.png"]


def test_nothing_that_can_be_read(finished, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no picture can be read:\n  .*bad\.png: "):
        finished.predict(tmp_path / "bad.png")
    with pytest.raises(DataError, match="nowhere"):
        finished.predict("nowhere.png")


def test_a_catalogue_name_gives_the_test_part_with_the_truth(settings, training, draw):
    from convscope import network
    from convscope.network.model import Model
    from convscope.network.preprocess import Standardise
    from convscope.run import NetworkPart, RunSettings, create

    dataset = data.load("digits")
    own = RunSettings.of(dataset, NetworkPart(name="plain"), settings.training)
    net = network.build("plain", channels=1, classes=10, space=(8, 8))
    digits = type(training)(Model(Standardise(torch.tensor([5.0]), torch.tensor([6.0])), net))
    writer = create("runs", own, dataset)
    for event in digits.events(3):
        writer.write(event)
    said = load("latest").predict("digits")
    assert len(said) == len(dataset.parts["test"])
    assert list(said.truth) == [dataset.classes[label] for label in dataset.part("test")[1]]


def test_judging_writes_everything_down(finished, dataset):
    judged = finished.judge(dataset)
    assert judged.part == "test"
    assert judged.report == finished.path / "report.html"
    assert judged.report.exists()
    written = json.loads((finished.path / "evaluation.json").read_text())
    assert written["part"] == "test"
    assert written["accuracy"] == judged.evaluation.accuracy == finished.evaluate().accuracy
    lines = (finished.path / "predictions.csv").read_text().splitlines()
    assert lines[0].startswith("name,true,predicted,probability")
    assert len(lines) == 1 + len(dataset.parts["test"])
    assert load(finished.path).report() == judged.report  # from data loaded again


def test_a_run_shows_itself(finished):
    assert "plain on" in repr(finished)
    assert "2 epochs, validation accuracy 50.00 %, done" in repr(finished)
    assert "<table>" in finished._repr_html_()


@pytest.mark.parametrize("name", ["predictions.csv", "plots/sheet.png", "new.csv"])
def test_no_output_takes_the_place_of_a_runs_own_record(finished, name):
    path = finished.path / name
    path.parent.mkdir(exist_ok=True)
    form = OutputForm("table", (), lambda _: True)
    with pytest.raises(DataError, match="no output goes there"):
        Output(path, form, finished.sources(np.zeros((1, 1, 8, 8), np.float32)), force=True).write(b"")
