"""What the page chooses and is told: samples, other inputs, results, runs; many threads, memory."""

import base64
import gc
import struct
import threading
import wave
import weakref
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from PIL import Image

from convscope import train
from convscope.errors import ConvscopeError, DataError, RunError, ShapeError
from convscope.opening import open_model
from convscope.run import load
from convscope.web.dispatch import answer
from convscope.web.later import Later
from convscope.web.messages import GET, POST
from convscope.web.messages.numbers import as_json
from convscope.web.session import Session
from convscope.web.subject import session_of
from tests.web.promised import promised


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs on digits and one on signals."""
    runs = tmp_path_factory.mktemp("world") / "runs"
    for seed in (0, 1):
        train("digits", network="plain", epochs=0.1, runs=runs, seed=seed)
    train("cylinder-bell-funnel", network="plain", epochs=0.1, runs=runs)
    return runs


def of(folder, word, number=0):
    return sorted(path for path in folder.iterdir() if word in path.name and not path.is_symlink())[number]


@pytest.fixture
def digits(folder):
    return session_of(str(of(folder, "digits")))


@pytest.fixture
def signals(folder):
    return session_of(str(of(folder, "cylinder")))


def get(session, address, **asked):
    message = promised(GET, session, f"{address}?{urlencode(asked)}")
    as_json(message)
    return message


def post(session, body):
    assert answer(POST, session, "input", body) == {"trace": session.seen.key}
    return session.seen


def ready(session):
    session.part.said.get(60)
    return session


def values(message):
    numbers = message["look"]["numbers"]
    kind = {"u8": np.uint8, "f32": np.float32}[numbers["dtype"]]
    return np.frombuffer(numbers["data"], kind).reshape(numbers["shape"])


def test_a_run_begins_with_its_first_test_sample(digits, folder):
    dataset = load(of(folder, "digits")).dataset()
    seen = digits.seen
    assert torch.equal(seen.inputs[0][0], dataset.inputs[dataset.parts["test"][0]])
    assert (seen.sample, seen.given.words) == (0, "test 0")
    assert seen.label == int(dataset.labels[dataset.parts["test"][0]])


def test_a_sample_that_is_named_on_the_command_line(folder):
    session = session_of(str(of(folder, "digits")), ["test:17"])
    assert (session.seen.sample, session.seen.given.words) == (17, "test 17")
    assert session.seen.label == session.part.label(17)


def test_session_message(digits, signals):
    said = get(digits, "session")
    assert said["kind"] == "image"
    assert said["classes"] == [str(digit) for digit in range(10)]
    assert said["hasData"] and said["hasRun"] and said["canDraw"] and not said["saved"]
    assert said["inputs"] == [{"name": "input", "shape": [1, 8, 8], "dtype": "uint8"}]
    assert get(signals, "session")["canDraw"]
    alone = get(Session(open_model("plain", ["3x28x28"])), "session")
    assert not (alone["hasData"] or alone["hasRun"] or alone["canDraw"] or alone["classes"])
    assert not get(Session(open_model("nn.LSTM(4, 5)", ["30x4"])), "session")["canDraw"]


def test_samples_agree_with_the_run_s_own_evaluation(digits, folder):
    ready(digits)
    evaluation = load(of(folder, "digits")).evaluate()
    counts = get(digits, "samples")["counts"]
    assert counts["all"] == evaluation.samples
    assert counts["right"] == evaluation.correct
    wrong = get(digits, "samples", which="wrong", size=128)["samples"]
    rows = [int(digits.part.rows[each["index"]]) for each in wrong]
    assert rows == [each.row for each in evaluation.mistakes][:128]
    assert all(each["label"] != each["predicted"] for each in wrong)
    unsure = get(digits, "samples", which="unsure", size=100)["samples"]
    closest = [int(digits.part.rows[each["index"]]) for each in unsure]
    assert closest == [each.row for each in evaluation.unsure][: len(closest)]


def counted(confusion):
    counts = np.zeros((len(confusion["classes"]),) * 2, int)
    for truth, said, times in confusion["pairs"]:
        counts[truth, said] += times
    return counts


def test_samples_by_class_and_by_cell_of_the_confusion_matrix(digits):
    ready(digits)
    results = get(digits, "results")
    counts = counted(results["confusion"])
    assert get(digits, "samples", **{"class": "3"})["total"] == counts[3].sum()
    assert get(digits, "samples", predicted="3")["total"] == counts[:, 3].sum()
    truth, said = np.argwhere(counts - np.diag(np.diag(counts)))[0]
    found = get(digits, "samples", **{"class": str(truth), "predicted": str(said)})
    assert found["total"] == counts[truth, said]
    assert {(each["label"], each["predicted"]) for each in found["samples"]} == {(str(truth), str(said))}


def test_pages_of_samples_hold_each_once(digits):
    ready(digits)
    first = get(digits, "samples", size=100)
    found = [
        each["index"]
        for page in range(first["pages"])
        for each in get(digits, "samples", page=page, size=100)["samples"]
    ]
    assert found == list(range(first["total"]))
    assert get(digits, "samples", page=first["pages"], size=100)["samples"] == []


def test_samples_do_not_wait_for_what_the_network_says(digits):
    never = threading.Event()
    digits.part.said = Later(lambda: never.wait(30))
    found = get(digits, "samples")
    never.set()
    assert not found["ready"]
    assert found["counts"] == {"all": 359}
    assert len(found["samples"]) == 32
    assert found["samples"][0]["predicted"] == ""


def test_looks_are_small(signals, digits):
    for message in get(digits, "samples", size=3)["samples"]:
        assert np.array_equal(values(message), digits.part.sample(message["index"]).numpy())
    trace = get(signals, "samples", size=1)["samples"][0]
    assert trace["look"]["kind"] == "signal"
    assert values(trace).shape[-1] <= 140


def test_another_sample(digits):
    before = digits.seen.key
    seen = post(digits, {"sample": 5})
    assert seen.key != before
    assert torch.equal(seen.inputs[0][0], digits.part.sample(5))
    assert (seen.sample, seen.label) == (5, digits.part.label(5))
    with pytest.raises(DataError, match="there is no number 359"):
        post(digits, {"sample": 359})


def test_one_number_changed_and_brought_back(digits):
    before = digits.seen.inputs[0].clone()
    seen = post(digits, {"edit": {"at": [0, 2, 3], "value": 200.4}})
    assert int(seen.inputs[0][0, 0, 2, 3]) == 200
    assert int((seen.inputs[0] != before).sum()) == 1
    assert (seen.sample, seen.given.words) == (0, "test 0, changed by hand")
    post(digits, {"edit": {"at": [0, 0, 0], "value": 9999}})
    assert int(digits.seen.inputs[0][0, 0, 0, 0]) == 255
    seen = post(digits, {"reset": True})
    assert torch.equal(seen.inputs[0], before)
    assert (seen.sample, seen.given.words) == (0, "test 0")


def test_a_box_masked(digits, signals):
    before = digits.seen.inputs[0].clone()
    seen = post(digits, {"mask": {"box": [[2, 4], [3, 5]], "value": "mean"}})
    assert seen.inputs[0][0, 0, 2:4, 3:5].unique().item() == before.double().mean().round().item()
    assert int((seen.inputs[0] != before).sum()) <= 4
    post(digits, {"mask": {"box": [[0, 1], [0, 1], [0, 8], [0, 8]], "value": 0}})
    assert not digits.seen.inputs[0].any()
    post(signals, {"mask": {"box": [[10, 20]], "value": 0}})
    assert not signals.seen.inputs[0][0, :, 10:20].any()


def packed(array):
    array = np.asarray(array, "<f4")
    return {
        "dtype": "f32",
        "shape": list(array.shape),
        "data": base64.b64encode(array.tobytes()).decode(),
        "low": 0,
        "high": 1,
    }


def test_numbers_that_were_drawn(digits):
    drawn = np.zeros((1, 8, 8))
    drawn[0, 2:5, 3] = 255
    seen = post(digits, {"numbers": packed(drawn), "caption": "drawn"})
    assert np.array_equal(seen.inputs[0][0].numpy(), drawn.astype(np.uint8))
    assert (seen.given.words, seen.sample, seen.label) == ("drawn", None, None)
    seen = post(digits, {"numbers": (drawn / 255).flatten().tolist(), "shape": [1, 8, 8]})
    assert np.array_equal(seen.inputs[0][0].numpy(), drawn.astype(np.uint8))
    was = post(digits, {"sample": 3}).inputs[0].clone()
    seen = post(digits, {"numbers": packed(drawn), "change": "edited by hand"})
    assert (seen.sample, seen.label) == (3, digits.part.label(3))
    assert seen.given.words == "test 3, edited by hand"
    assert torch.equal(post(digits, {"reset": True}).inputs[0], was)


def upload(session, path):
    return post(session, {"upload": path.read_bytes(), "name": path.name})


def test_a_picture_is_brought_to_the_size(digits, tmp_path):
    picture = tmp_path / "seven.png"
    Image.new("RGB", (80, 40), (255, 0, 0)).save(picture)
    seen = upload(digits, picture)
    assert seen.inputs[0].shape == (1, 1, 8, 8)
    assert seen.inputs[0].dtype == torch.uint8
    assert seen.inputs[0].unique().tolist() == [76]  # the luma of red
    assert seen.given.words.startswith("seven.png")


def test_a_picture_for_a_model_that_takes_shares(tmp_path):
    picture = tmp_path / "red.png"
    Image.new("RGB", (28, 28), (255, 0, 0)).save(picture)
    session = Session(open_model("plain", [f"{picture}:3x28x28"]))
    seen = upload(session, picture)
    assert seen.inputs[0][0, :, 5, 5].tolist() == [1, 0, 0]


def test_an_array_and_a_table_and_a_sound_for_signals(signals, tmp_path):
    shape = signals.seen.inputs[0].shape
    np.save(tmp_path / "wave.npy", np.sin(np.arange(shape[2])))
    seen = upload(signals, tmp_path / "wave.npy")
    assert np.allclose(seen.inputs[0][0, 0], np.sin(np.arange(shape[2])), atol=1e-6)
    (tmp_path / "wave.csv").write_text("\n".join(str(each) for each in range(2 * shape[2])))
    seen = upload(signals, tmp_path / "wave.csv")
    assert seen.inputs[0].shape == shape
    assert "→" in seen.given.words
    assert set(seen.inputs[0][0, 0].diff().tolist()) == {1.0}  # its middle, as in training: not stretched
    with wave.open(str(tmp_path / "wave.wav"), "wb") as file:
        file.setparams((1, 2, 8000, shape[2], "NONE", ""))
        file.writeframes(struct.pack(f"<{shape[2]}h", *range(shape[2])))
    assert torch.allclose(
        upload(signals, tmp_path / "wave.wav").inputs[0][0, 0], torch.arange(shape[2]) / 32768
    )


def test_what_cannot_become_an_input(signals, tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(ShapeError, match="a picture is 1 or 3 channels"):
        upload(signals, tmp_path / "a.png")
    np.save(tmp_path / "two.npy", np.zeros((2, 3, 128)))
    with pytest.raises(ShapeError, match="cannot be brought to that"):
        upload(signals, tmp_path / "two.npy")
    before = signals.seen.key
    with pytest.raises(DataError, match="this is no input"):
        post(signals, {"what": 3})
    assert signals.seen.key == before


def test_a_photograph_of_a_telephone(digits, tmp_path):
    Image.new("L", (8000, 6000), 255).save(tmp_path / "paper.jpg")
    seen = upload(digits, tmp_path / "paper.jpg")
    assert seen.inputs[0].min() >= 254  # Pillow's mean of 250 × 333 white pixels is 254
    assert seen.given.words == "paper.jpg, 6000 × 8000 → 1 × 8 × 8"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"hello", "notes.txt holds no .*\n  Give a picture"),
        ("paper.pdf", b"%PDF-1.4 hello", "paper.pdf holds no .*\n  Give a picture"),
        ("nan.csv", b"1,nan\n2,3\n", "NaN or infinite"),
        ("wave.csv", b"1\n2\n3\n4\n", "one number along an axis: that is another kind of data"),
    ],
)
def test_a_file_of_another_kind_for_pictures(digits, tmp_path, name, content, told):
    before = digits.seen.key
    (tmp_path / name).write_bytes(content)
    with pytest.raises((DataError, ShapeError), match=told):
        upload(digits, tmp_path / name)
    assert digits.seen.key == before


def test_a_sound_is_no_picture(digits, tmp_path):
    with wave.open(str(tmp_path / "wave.wav"), "wb") as file:
        file.setparams((2, 2, 8000, 64, "NONE", ""))
        file.writeframes(bytes(256))
    with pytest.raises(ShapeError, match="a sound has one axis"):
        upload(digits, tmp_path / "wave.wav")


def test_results_are_those_of_the_run(digits, signals, folder):
    said = get(digits, "results")
    evaluation = load(of(folder, "digits")).evaluate()
    assert said["headline"][0] == {"name": "accuracy", "value": f"{100 * evaluation.accuracy:.2f}\u202f%"}
    assert np.array_equal(counted(said["confusion"]), evaluation.confusion)
    assert [int(digits.part.rows[each["index"]]) for each in said["mistakes"]] == [
        each.row for each in evaluation.mistakes[:48]
    ]
    assert get(signals, "results")["part"] == "test"


def test_results_of_values(tmp_path):
    lines = [
        "date,x,y",
        *(f"2024-{1 + day // 28:02}-{1 + day % 28:02},{day % 7},{day * 0.5}" for day in range(300)),
    ]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    run = train(tmp_path / "table.csv", target="y", epochs=1, runs=tmp_path / "runs")
    session = ready(session_of(str(run.path)))
    assert get(session, "session")["classes"] == []
    found = get(session, "samples")
    assert found["counts"] == {"all": len(session.part)}
    assert found["samples"][0]["probability"] is None
    said = get(session, "results")
    assert said["confusion"] is None
    assert next(each["name"] for each in said["headline"]) == "mean absolute error"
    assert get(session, "graph")["input"]["label"] is None


def test_findings_name_the_leak(tmp_path):
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in "ab":
            (tmp_path / "data" / part / name).mkdir(parents=True)
            for number in range(8):
                pixels = rng.integers(0, 255, (9, 9), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "data" / part / name / f"{number}.png")
    twin = tmp_path / "data" / "train" / "a" / "0.png"
    (tmp_path / "data" / "test" / "a" / "5.png").write_bytes(twin.read_bytes())
    session = session_of(str(tmp_path / "data"))
    found = get(session, "check")["findings"]
    assert (found[0]["severity"], found[0]["samples"]) == ("grave", [5])
    assert "different parts are equal" in found[0]["what"]
    assert found[0]["todo"]
    assert not any("@" in each["what"] for each in found)


def test_runs_side_by_side(digits, folder):
    found = get(digits, "runs")
    assert len(found["rows"]) == 3
    assert all(len(row["cells"]) == len(found["columns"]) for row in found["rows"])
    current = [row["path"] for row in found["rows"] if row["current"]]
    assert current == [str(of(folder, "digits"))]
    seeds = {row["cells"][found["columns"].index("seed")] for row in found["rows"]}
    assert seeds == {"0", "1"}


def test_another_run_on_the_same_input(digits, folder):
    other = of(folder, "digits", 1)
    found = get(digits, "versus", run=other)["runs"]
    sample = digits.seen.inputs[0]
    for said, run in zip(found, (load(of(folder, "digits")), load(other)), strict=True):
        expected = run.model()(sample).detach()[0].double().softmax(0)
        assert np.allclose(said["prediction"]["probabilities"], expected, atol=1e-6)
        assert said["prediction"]["truth"] == digits.seen.label
    assert found[0]["graph"]["parameters"] == found[1]["graph"]["parameters"]
    with pytest.raises(ShapeError, match="takes samples of"):
        get(digits, "versus", run=of(folder, "cylinder"))
    for path in ("/etc", str(folder), "", "../.."):
        with pytest.raises(RunError, match="no run in the folder"):
            get(digits, "versus", run=path)


def test_a_network_that_nobody_trained():
    session = session_of("digits")
    assert "not trained" in session.note
    assert session.kind == "image"
    said = get(session, "session")
    assert said["hasData"]
    assert not said["hasRun"]
    ready(session)
    assert get(session, "samples")["counts"]["all"] == 359
    again = session_of("digits").seen  # the same words give the same numbers
    assert again.trace.tensor(again.trace.output.index).equal(
        session.seen.trace.tensor(session.seen.trace.output.index)
    )
    assert session_of("digits", ["test:7"]).seen.sample == 7
    with pytest.raises(DataError, match="--input of data"):
        session_of("digits", ["1x8x8"])


def test_a_run_whose_data_are_gone(tmp_path):
    from sklearn.datasets import load_digits

    digits = load_digits()
    np.savez(tmp_path / "d.npz", X=digits.images.astype(np.uint8), y=digits.target)
    run = train(tmp_path / "d.npz", network="plain", epochs=0.1, runs=tmp_path / "runs")
    (tmp_path / "d.npz").unlink()
    session = session_of(str(run.path))
    assert session.note.startswith("without its data")
    assert not get(session, "session")["hasData"]
    assert session.seen.given.words == "random whole numbers 0 … 255, 1 × 8 × 8"
    with pytest.raises(ConvscopeError, match="no data to take samples from"):
        get(session, "samples")


def test_old_traces_go(digits):
    first = weakref.ref(digits.seen.trace)
    digits.with_gradients(0)
    for index in range(5):
        post(digits, {"sample": index})
    gc.collect()
    assert first() is None


def test_memory_is_flat_over_many_inputs(digits):
    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * 4096

    def round_of(count):
        for index in range(count):
            post(digits, {"sample": index % 359})
            get(digits, "samples", page=index % 8)

    round_of(60)
    before = resident()
    round_of(200)
    assert resident() - before < 10 * 2**20


def test_gradients_of_few_classes_are_kept(digits):
    kept = [digits.with_gradients(target) for target in range(6)]
    assert digits.with_gradients(5) is kept[5]
    assert len(digits.seen.gradients) == 4
    post(digits, {"sample": 1})
    assert not digits.seen.gradients


def test_several_threads_at_once(digits):
    ready(digits)
    wrong = []

    def click(start):
        try:
            for index in range(start, start + 15):
                with digits.lock:
                    seen = post(digits, {"sample": index})
                    assert get(digits, "graph")["trace"] == seen.key
                assert get(digits, "samples", page=index % 4)["ready"]
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            wrong.append(error)

    threads = [threading.Thread(target=click, args=(20 * start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_later_tells_its_error():
    def fail():
        raise DataError("gone")

    later = Later(fail)
    for _ in range(2):
        with pytest.raises(DataError, match="gone"):
            later.get(5)
