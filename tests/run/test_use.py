"""New samples, with labels or without: each is answered, in its order; only unseen ones are judged by."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope import data
from convscope.cli import execute
from convscope.data.dataset import Skipped
from convscope.data.formats import sequences
from convscope.errors import DataError, ShapeError
from convscope.run import NetworkPart, RunSettings, create, load
from convscope.run.inputs import gather, labelled
from convscope.settings import DataSettings, TrainingSettings
from convscope.training.events import Checkpoint, Finished, Start

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def files(photos) -> list[tuple[str, str]]:
    """Path and class of each picture, the classes in turn."""
    return [(f"photos/{name}/{number}.png", name) for number in range(10) for name in CLASSES]


def table(name: str, lines: list[str]) -> Path:
    Path(name).write_text("\n".join(lines) + "\n")
    return Path(name)


def answered(run, *words, capsys) -> list[dict[str, str]]:
    """What predict writes as CSV."""
    assert execute(["predict", str(run.path), *map(str, words), "-o", "out.csv"]) == 0
    capsys.readouterr()
    with Path("out.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("columns", ["path", "path,label", "label,path", "path,empty", "path,other", "cats"])
def test_every_row_of_a_table_is_answered_in_its_order(finished, files, columns, capsys):
    cells = {
        "path": lambda path, name: path,
        "path,label": lambda path, name: f"{path},{name}",
        "label,path": lambda path, name: f"{name},{path}",
        "path,empty": lambda path, name: f"{path},",
        "path,other": lambda path, name: f"{path},remark {path}",
        "cats": lambda path, name: f"{path},{name}",
    }[columns]
    some = files[::3] if columns == "cats" else files
    header = columns.replace("empty", "label").replace("cats", "path,label")
    path = table("new.csv", [header, *(cells(path, name) for path, name in some)])
    lines = answered(finished, path, capsys=capsys)
    assert [line["name"] for line in lines] == [path for path, _ in some]
    assert [line["true"] for line in lines] == [name for _, name in some]  # their folders say so, too


def test_a_row_that_cannot_be_read_is_named(finished, files, capsys):
    lines = [f"{path},{name}" for path, name in files[:3]]
    broken = ["photos/cat/none.png,cat", "readme.txt,dog", ",owl"]
    table("new.csv", ["path,label", lines[0], *broken, *lines[1:]])
    assert execute(["predict", str(finished.path), "new.csv"]) == 0
    said = capsys.readouterr().out
    for line in (
        "photos/cat/none.png: there is no such file",
        "readme.txt: its ending is no image's",
        "row 5: it names no file",
    ):
        assert f"left out: {line}" in said
    assert execute(["predict", str(finished.path), "new.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told["predictions"]] == [path for path, _ in files[:3]]
    assert len(told["skipped"]) == 3


def test_a_folder_is_read_in_natural_order(finished, photos, draw):
    draw(Path("new"), ("unsorted",), 12)
    Path("new/unsorted/.hidden.png").write_bytes(b"")
    said = finished.predict("new")
    assert said.names == tuple(f"unsorted/{number}.png" for number in range(12))
    assert set(said.truth) == {None}
    assert not said.remarks
    twice = finished.predict([Path("new/unsorted/3.png"), "new/unsorted/3.png"])
    assert len(twice) == 2
    assert finished.predict(Path(name) for name in ("new/unsorted/3.png",)).labels == twice.labels[:1]


@pytest.mark.parametrize("kind", ["npz", "parts", "npy", "tables"])
def test_every_sample_of_arrays_and_several_files(finished, files, kind):
    pictures = np.stack([np.asarray(Image.open(path)) for path, _ in files])
    labels = np.array([name for _, name in files])
    if kind == "npz":
        np.savez("new.npz", X=pictures, y=labels)
    if kind == "parts":
        np.savez(
            "new.npz", X_train=pictures[:20], y_train=labels[:20], X_test=pictures[20:], y_test=labels[20:]
        )
    np.save("new.npy", pictures)
    if kind == "tables":
        new = [
            table(name, ["path", *(path for path, _ in some)])
            for name, some in (("a.csv", files[:7]), ("b.csv", files[7:]))
        ]
    else:
        new = "new.npy" if kind == "npy" else "new.npz"
    expected = finished.predict(pictures).probabilities
    said = finished.predict(new)
    assert torch.allclose(said.probabilities, expected, atol=1e-6)
    assert len(set(said.names)) == 30


@pytest.fixture
def waves(tmp_path):
    """Settings of a run on labelled signals, and the values and classes of 80 others."""
    random = np.random.default_rng(0)
    values = random.normal(size=(80, 30)).round(4)
    own = table("own.csv", ["label," + ",".join(f"t{at}" for at in range(30)), *rows(values, "ab" * 40)])
    return RunSettings.of(
        data.load(own), NetworkPart(name="fast"), TrainingSettings(epochs=1, batch=8, lr=0.1)
    ), random.normal(size=(80, 30)).round(4)


def rows(values, labels=None):
    lines = [",".join(map(str, row)) for row in values]
    return lines if labels is None else [f"{label},{line}" for label, line in zip(labels, lines, strict=True)]


@pytest.mark.parametrize("labels", ["ab" * 40, "a" * 80, "c" * 80, [""] * 80, None])
def test_every_row_of_signals(waves, labels):
    settings, values = waves
    header = ",".join(f"t{at}" for at in range(30))
    new = table("new.csv", [header if labels is None else f"label,{header}", *rows(values, labels)])
    found = gather(new, settings)
    assert np.allclose(found.inputs[:, 0].numpy(), values, atol=1e-6)
    assert list(found.truth) == [label or None for label in labels or [None] * 80]
    assert len(set(found.names)) == 80


def test_rows_of_two_tables_have_two_names(waves):
    settings, values = waves
    for name in ("a.csv", "b.csv"):
        table(name, rows(values[:3]))
    assert list(gather(["a.csv", "b.csv"], settings).names[2:4]) == ["a.csv row 3", "b.csv row 1"]


def evaluated(run, *words, capsys):
    assert execute(["evaluate", str(run.path), *words]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("form", ["folder", "table", "npz", "arrays", "moved"])
def test_a_copy_is_judged_by_what_was_not_seen(finished, files, dataset, form, capsys):
    own = finished.evaluate()
    if form in ("folder", "moved"):
        Path("photos").rename("copy")
        copy = "copy"
    if form == "table":
        copy = table("copy.csv", ["path,label", *(",".join(each) for each in files)])
    if form in ("npz", "arrays"):
        pictures = np.stack([np.asarray(Image.open(path)) for path, _ in files])
        copy = (pictures.astype(np.int64), np.array([name for _, name in files]))
        if form == "npz":
            np.savez("copy.npz", X=copy[0], y=copy[1])
            copy = "copy.npz"
    found = finished.evaluate(copy)
    assert (found.samples, found.correct) == (own.samples, own.correct) == (6, own.correct)
    assert f"measured on 6 of 30 samples of {'arrays' if form == 'arrays' else copy}" in found.remarks[0]
    assert found.as_dict()["remarks"] == list(found.remarks)
    if form != "arrays":
        assert (
            "the other 24 were seen in training" in evaluated(finished, "--data", str(copy), capsys=capsys)[0]
        )
    assert own.remarks == ()


def test_new_samples_are_all_judged_and_seen_ones_alone_are_none(finished, draw, photos):
    draw(Path("new"), CLASSES, 4)
    for number, path in enumerate(sorted(Path("new").rglob("*.png"))):
        Image.fromarray(np.full((12, 10), number, np.uint8)).save(path)
    assert "none of them was seen in training" in finished.evaluate("new").remarks[0]
    trained = data.load("photos", DataSettings(size=(12, 10), channels=1))
    seen = [trained.names[row] for row in trained.parts["train"].tolist()]
    table("seen.csv", ["path,label", *(f"photos/{name},{name.split('/')[0]}" for name in seen)])
    with pytest.raises(DataError, match=r"all 21 samples of seen\.csv were seen in training"):
        finished.evaluate("seen.csv")


def test_an_older_run_is_held_against_its_data(finished, draw, photos):
    path = finished.path / "manifest.json"
    from convscope.run.manifest import Manifest

    manifest = Manifest.read(finished.path)
    del manifest.versions["seen.bin"]
    manifest.write()
    (finished.path / "seen.bin").unlink()
    assert path.exists()
    older = load(finished.path)
    draw(Path("other"), CLASSES, 10)
    assert "the other 24 were seen" in older.evaluate("other").remarks[0]
    Path("photos").rename("elsewhere")
    assert "cannot be told" in older.evaluate("other").remarks[0]


def test_classes_that_share_none_are_said_first(finished, draw, files, capsys):
    draw(Path("numbers"), ("3", "7"), 2)
    said = finished.predict("numbers")
    assert said.remarks == (
        "the folders 3, 7 are no classes of the run's (cat, dog, owl): no truth is known",
    )
    table("new.csv", ["path,label", *(f"{path},{at % 10}" for at, (path, _) in enumerate(files))])
    assert execute(["predict", str(finished.path), "new.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("none of their classes (0, 1, 2, 3, 4 …) is the run's (cat, dog, owl)")
    assert not any(line.startswith("accuracy") for line in lines)
    table("new.csv", ["path,label", "photos/cat/1.png,cat", "photos/dog/1.png,bird", "photos/dog/2.png,dog"])
    said = finished.predict("new.csv")
    assert said.remarks[0].startswith("1 of 3 samples are of classes that the run does not know (bird;")
    assert said.evaluate().samples == 2
    assert json.loads(json.dumps(said.as_dict()))["remarks"] == list(said.remarks)
    draw(Path("fresh"), ("cat", "dog", "bird"), 2)
    judged = finished.evaluate("fresh")
    assert judged.remarks[0].startswith("measured on 2 of 4 samples of fresh")  # the others were learnt
    assert judged.remarks[1].startswith("2 of 6 samples are of classes that the run does not know (bird;")


def test_other_data_say_which_part_is_predicted(finished):
    said = finished.predict(data.load("photos", DataSettings(size=(12, 10), channels=1, seed=3)))
    assert said.remarks == ("these are the test part of photos, 6 of its 30 samples",)


@pytest.fixture
def scaled(files, training):
    """A run on the same pictures from 0 to 1."""
    pictures = np.stack([np.asarray(Image.open(path)) for path, _ in files]).astype(np.float32)
    labels = np.array([name for _, name in files])
    np.savez("own.npz", X=pictures / 255, y=labels)
    np.savez("raw.npz", X=pictures, y=labels)
    settings = RunSettings.of(
        dataset := data.load("own.npz"),
        NetworkPart(name="plain"),
        TrainingSettings(epochs=1, batch=8, lr=0.1),
    )
    writer = create("runs", settings, dataset)
    for event in (
        Start(1, 1, 0, 1000, "cpu", "fp32", 1),
        Checkpoint(1, lambda: training.state(1)),
        Finished("done", 1, 1.0, best_epoch=1, seconds=1.0),
    ):
        writer.write(event)
    return load(writer.path)


@pytest.mark.parametrize("command", ["predict", "evaluate", "explain", "look"])
def test_another_scale_is_refused_by_every_command_both_ways(finished, scaled, command, capsys):
    for run, other, advice in (
        (scaled, "raw.npz", "divide by 255"),
        (finished, "own.npz", "multiply by 255"),
    ):
        words = {
            "predict": [run.path, other],
            "evaluate": [run.path, "--data", other],
            "explain": [run.path, "--input", f"{other}:3"],
            "look": [run.path, "--input", other, "--save", "page.html"],
        }[command]
        assert execute([command, *map(str, words)]) == 1
        said = capsys.readouterr().err
        assert advice in said
        assert "this run was trained on" in said
    assert not Path("page.html").exists()


def test_another_scale_in_python_and_in_files(finished, scaled):
    raw = np.load("raw.npz")["X"]
    for values in (raw, raw.astype(np.uint8), raw[0], "photos", "photos/owl/3.png", "raw.npz"):
        with pytest.raises(DataError, match=r"trained on values from 0 to 0\.\d+.\n  .* divide by 255"):
            scaled.predict(values)
    for values in (raw / 255, torch.from_numpy(raw[0]) / 255, "own.npz"):
        with pytest.raises(DataError, match=r"whole numbers, 0 … 255.\n  .* multiply by 255"):
            finished.predict(values)
    assert len(scaled.predict(raw / 255)) == len(finished.predict(raw.astype(np.uint8))) == 30
    black = np.zeros((2, 12, 10), np.uint8)
    assert len(finished.predict(black)) == 2


def test_quiet_signals_are_said_and_loud_ones_refused(waves):
    settings, values = waves
    (said,) = gather(values / 200, settings).remarks
    assert said.startswith("the values reach 0.0")
    assert said.endswith("is it the same unit?")
    with pytest.raises(DataError, match="Bring them to that scale: divide by"):
        gather(values * 1000, settings)
    assert gather(values, settings).remarks == ()


@pytest.fixture
def weather(tmp_path):
    """Settings of a run on a table with dates, and another table without some days and with a new word."""
    random = np.random.default_rng(0)
    days = np.arange("2020-01-01", "2020-06-01", dtype="datetime64[D]")
    sky = random.choice(["dry", "wet"], len(days))
    lines = [f"{day},{random.normal():.3f},{said}" for day, said in zip(days, sky, strict=True)]
    own = table("own.csv", ["date,wind,sky", *lines])
    settings = DataSettings(target="sky", window=4)
    new = [*lines[:30], *lines[33:40], *lines[50:53]]
    table(
        "new.csv",
        ["date,wind,sky", *(line.replace("wet", "snow") if at > 25 else line for at, line in enumerate(new))],
    )
    return RunSettings.of(
        data.load(own, settings), NetworkPart(name="fast"), TrainingSettings(epochs=1, batch=8, lr=0.1)
    )


def test_rows_behind_a_gap_and_new_words_are_named(weather):
    found = gather("new.csv", weather)
    why = "fewer than 4 rows come between it and the gap in time before it"
    assert found.skipped == (
        ("2020-02-03 to 2020-02-06", why),
        ("2020-02-20 to 2020-02-22", why),
        ("2020-02-23", why),
    )
    assert len(found.names) == (30 - 4) + (7 - 4)
    assert found.remarks == ("sky holds texts that training has not seen, which count as no value: snow",)


def test_another_table_is_judged_by_the_runs_own_columns(weather):
    Path("new.csv").write_text(Path("new.csv").read_text().replace("dry", "fog"))  # as many, but others
    dataset, chosen = labelled("new.csv", "test", weather)
    assert dataset.features == weather.facts.features
    assert len(chosen) == 29
    place = dataset.features.index("sky=dry")
    assert dataset.inputs[:, place].abs().max() == 0
    assert torch.equal(dataset.inputs, gather("new.csv", weather).inputs)


def test_a_stride_of_training_leaves_no_row_without_an_answer(weather):
    strided = weather.model_copy(
        update={"data": weather.data.__class__(**{**vars(weather.data), "stride": 3})}
    )
    assert gather("own.csv", strided).names == gather("own.csv", weather).names


def test_amounts_are_truth_without_a_horizon(weather):
    settings = DataSettings(target="wind", window=4, horizon=0)
    own = RunSettings.of(
        data.load("own.csv", settings), NetworkPart(name="fast"), TrainingSettings(epochs=1, batch=8, lr=0.1)
    )
    assert all(isinstance(true, float) for true in gather("own.csv", own).truth)


def test_signals_of_another_length_are_said(waves):
    settings, values = waves
    (said,) = gather(table("long.tsv", rows(np.hstack([values, values[:, :5]])[:3])), settings).remarks
    assert said == "signals have 35 points; all were brought to 30: longer ones cut at both ends"


def test_no_output_goes_where_data_lie(finished, files, capsys):
    table("new.csv", ["path", *(path for path, _ in files[:3])])
    Path("new").mkdir()
    Path("new/a.png").write_bytes(Path("photos/cat/0.png").read_bytes())
    before = {path: path.read_bytes() for path in Path().rglob("*.png")}
    for given, option, path, force in [
        ("new.csv", "-o", "new.csv", True),
        ("new.csv", "--sheet", "photos/cat/0.png", True),
        ("new", "--sheet", "new/b.png", False),
        ("new/a.png", "--sheet", "new/a.png", True),
        ("new", "--sheet", "photos/dog/new.png", False),
        ("new", "-o", "new/a.png", True),
        ("new", "-o", "photos/cat/0.png", False),
        ("new", "-o", "nowhere/out.csv", False),
    ]:
        words = ["predict", str(finished.path), given, option, path, *(["--force"] if force else [])]
        assert execute(words) == 1
        assert path in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path().rglob("*.png")} == before
    assert Path("new.csv").read_text().startswith("path\n")


def test_paths_in_an_array(finished, files):
    paths = [path for path, _ in files[:3]]
    assert finished.predict(np.array(paths)).names == finished.predict(paths).names == tuple(paths)


def test_options_may_stand_anywhere(finished, files, capsys):
    one, two = files[0][0], files[1][0]
    for words in (["-o", "o.csv", one, two], [one, "-o", "o.csv", two], [one, two, "-o", "o.csv"]):
        assert execute(["predict", str(finished.path), *words]) == 0
        assert len(Path("o.csv").read_text().splitlines()) == 3
    assert execute(["predict", str(finished.path)]) == 2
    assert "INPUT is missing" in capsys.readouterr().err


A, B = 1.0, None


@pytest.mark.parametrize(
    ("truth", "shown"),
    [
        ([A, B, A, B, B], [3, 4, 1, 0, 2]),  # what comes after all that is known, gaps, the rest
        ([B, A] * 20 + [B], [40, *range(0, 18, 2), 0][:10]),
        ([B, A] * 20, [*range(0, 40, 2)]),
        ([A] * 30 + [B], [30, *range(21, 30)]),
    ],
)
def test_the_future_is_shown_before_gaps(truth, shown):
    from convscope.predicting.shown import shown as chosen

    assert chosen(truth) == shown


def test_many_left_out_for_one_reason_are_one_line():
    from convscope.cli import using

    gaps = [Skipped(f"day {number}", "values are missing") for number in range(9)]
    assert [*using._left_out([*gaps, Skipped("a.csv", "damaged")])] == [
        "left out: day 0, day 1, day 2 … and 6 more: values are missing",
        "left out: a.csv: damaged",
    ]
    assert len([*using._left_out(gaps[:3])]) == 3


def test_the_newest_rows_of_all_series_come_last(tmp_path):
    lines = [f"{city},2020-01-{day:02d},{day * day}" for city in ("Bern", "Ulm") for day in range(1, 29)]
    path = tmp_path / "cities.csv"
    path.write_text("\n".join(["city,date,cars", *lines]))
    settings = data.load(path, DataSettings(target="cars", window=3)).settings
    found = sequences.windows_of(path, settings, ("cars",))
    assert found.names[-2:] == ["Bern 2020-01-29", "Ulm 2020-01-29"]
    assert None not in found.truth[:-2]


def test_what_is_given_is_said_for_what_it_is(finished, draw):
    Path("empty").mkdir()
    Path("gone.png").symlink_to("nowhere.png")
    Path("words.xyz").write_text("hello")
    Path("beats.csv").write_text("\n".join("0.1,0.2,-0.3,0.7,0.1,0.2,0.4" for _ in range(9)))
    for given, words in (
        ("empty", r"empty is an empty folder\.\n.*kind 'image': give a picture, .*; or a folder of these"),
        ("gone.png", r"'gone\.png' is a link to nowhere\.png, which is not there"),
        ("words.xyz", r"no kind that is known\.\n.*kind 'image'"),
        (
            "beats.csv",
            r"(?s)values lie between.*beats\.csv: all of its numbers, 9 × 7, are taken as one array",
        ),
    ):
        with pytest.raises(DataError, match=words):
            finished.predict(given)
        with pytest.raises(DataError, match=words):
            finished.evaluate(given) if given == "gone.png" else finished.predict([given])
    for judge in (finished.predict, finished.evaluate):
        with pytest.raises(
            ShapeError, match=r"'signal', 1 × \d+; this run is of the kind 'image', 1 × 12 × 10"
        ):
            judge("cylinder-bell-funnel")
