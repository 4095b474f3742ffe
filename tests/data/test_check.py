import json
import os
import time
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from convscope.data import DataSettings, load
from convscope.data.arrays import from_arrays
from convscope.data.check import check, duplicates, quick
from convscope.data.check.joining import Joined, cells
from convscope.data.dataset import Dataset


def scene(seed, size=(96, 128)):
    """A smooth picture with some structure, unlike any other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC)


def save(image, file, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, **options)


@pytest.fixture
def spoiled(tmp_path):
    """train and test of two classes, with a leak, a conflict, near copies, a flat and a broken picture."""
    root = tmp_path / "data"
    for number in range(12):
        for place, name in enumerate(("cat", "dog")):
            part = "test" if number > 8 else "train"
            save(scene(100 * place + number), root / part / name / f"{number}.png")
    save(scene(0), root / "test" / "cat" / "leak.png")  # = train/cat/0.png
    save(scene(101), root / "train" / "cat" / "conflict.png")  # = train/dog/1.png
    save(scene(2), root / "test" / "cat" / "near.jpg", quality=40)  # ≈ train/cat/2.png
    save(Image.new("RGB", (128, 96), (9, 9, 9)), root / "train" / "dog" / "flat.png")
    (root / "train" / "dog" / "broken.png").write_bytes(b"")
    return root


def repeated(found):
    return sorted(sorted(repeat.names) for repeat in found)


def test_all_that_is_wrong_is_found_and_nothing_else(spoiled):
    found = check(spoiled, DataSettings(val=0))
    assert repeated(found.exact) == [
        ["test/cat/leak.png", "train/cat/0.png"],
        ["train/cat/conflict.png", "train/dog/1.png"],
    ]
    assert repeated(found.near) == [["test/cat/near.jpg", "train/cat/2.png"]]
    assert {repeat.names[0]: (repeat.leak, repeat.conflict) for repeat in found.exact} == {
        "test/cat/leak.png": (True, False),
        "train/cat/conflict.png": (False, True),
    }
    assert found.flat == ("train/dog/flat.png",)
    assert [item.file for item in found.broken] == ["train/dog/broken.png"]
    assert found.counts == {
        "train": {"cat": 10, "dog": 10},
        "val": {"cat": 0, "dog": 0},
        "test": {"cat": 5, "dog": 3},
    }


def test_the_conclusions_are_plain_words(spoiled):
    said = "\n".join(check(spoiled, DataSettings(val=0)).conclusions)
    assert "1 files cannot be used" in said
    assert "in one case samples of different parts are equal" in said
    assert "in one case samples that are equal have different labels" in said
    assert "in one case samples of different parts are nearly the same" in said
    assert "1 samples show nothing" in said


def test_the_text_is_aligned_and_the_json_complete(spoiled):
    found = check(spoiled, DataSettings(val=0))
    text = found.lines()
    head, *rows = (
        line
        for line in text
        if line.endswith(("train      val     test", "10        0        5", "10        0        3"))
    )
    assert len({len(line) for line in (head, *rows)}) == 1
    again = json.loads(json.dumps(found.as_dict()))
    assert again["counts"]["train"] == {"cat": 10, "dog": 10}
    assert again["exact"][0]["leak"] is True
    assert again["broken"] == [{"file": "train/dog/broken.png", "reason": "the file is empty (0 bytes)"}]
    assert again["sizes"]["commonest"] == [96, 128]
    assert again["modes"] == {"RGB": 28}
    assert "<table>" in found._repr_html_()


def test_sizes_and_modes_are_of_the_files(tmp_path):
    for number, (size, mode) in enumerate(
        [((10, 20), "L"), ((10, 20), "L"), ((30, 40), "RGB"), ((50, 5), "RGBA")]
    ):
        for name in ("a", "b"):
            save(scene(10 * number + ord(name), size).convert(mode), tmp_path / name / f"{number}.png")
    found = check(tmp_path)
    assert found.sides.height == (10, 20, 50)
    assert found.sides.width == (5, 20, 40)
    assert (found.sides.commonest, found.sides.commonest_count) == ((10, 20), 4)
    assert found.modes == {"L": 4, "RGB": 2, "RGBA": 2}


def test_names_in_the_html_are_escaped(tmp_path):
    for name in ("<script>", "b&b"):
        for number in range(5):
            save(scene(number + len(name)), tmp_path / name / f"{number}.png")
    html = check(tmp_path)._repr_html_()
    assert "<script>" not in html
    assert "b&amp;b" in html


def test_exact_copies_are_those_of_brute_force():
    rows = torch.from_numpy(np.random.default_rng(0).integers(0, 3, (200, 1, 2, 2), dtype=np.uint8))
    found = {tuple(group) for group in duplicates.groups(duplicates.digests(rows))}
    expected = {tuple(j for j in range(200) if torch.equal(rows[i], rows[j])) for i in range(200)}
    assert found == {group for group in expected if len(group) > 1}


def test_near_copies_are_those_of_brute_force(monkeypatch):
    """Pearson's correlation on block means, both by NumPy; with blocks that do not divide the rows."""
    monkeypatch.setattr(duplicates, "BLOCK", 7)
    generator = np.random.default_rng(0)
    base = generator.integers(0, 256, (20, 3, 32, 32))
    noisy = np.clip(
        base[generator.integers(0, 20, 25)]
        + generator.normal(0, generator.uniform(0, 30, (25, 1, 1, 1)), (25, 3, 32, 32)),
        0,
        255,
    )
    pictures = np.concatenate([base, noisy]).astype(np.uint8)
    grey = np.tensordot([0.299, 0.587, 0.114], pictures.astype(float), axes=(0, 1))
    small = grey.reshape(45, 16, 2, 16, 2).mean(axis=(2, 4)).reshape(45, -1)
    correlation = np.corrcoef(small)
    pairs = np.argwhere(np.triu(correlation >= duplicates.ALIKE, 1))
    assert len(pairs) > 10
    assert duplicates.near(torch.from_numpy(pictures)) == hanging_together(pairs, 45)


def hanging_together(pairs, count):
    """Groups of two or more by SciPy."""
    edges = coo_array((np.ones(len(pairs)), tuple(np.reshape(pairs, (-1, 2)).T)), (count, count))
    _, which = connected_components(edges, directed=False)
    found = [np.flatnonzero(which == group).tolist() for group in dict.fromkeys(which.tolist())]
    return [members for members in found if len(members) > 1]


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.3])
def test_any_two_points_within_reach_share_a_cell_and_groups_are_those_of_brute_force(spread):
    """Points in clusters, from one heap to clusters far apart; in a chain, too."""
    random = torch.Generator().manual_seed(0)
    centres = torch.randn(9, 6, generator=random) * spread
    points = torch.cat([
        centres[torch.randint(0, 9, (500,), generator=random)] + torch.randn(500, 6, generator=random) * 0.03,
        torch.linspace(0, 1, 100)[:, None] * torch.ones(6),
    ])  # fmt: skip
    close = torch.cdist(points.double(), points.double()) <= 0.1
    shared, joined = torch.zeros(600, 600, dtype=torch.bool), Joined(600)
    for cell in cells(points, torch.arange(600), 0.1, 16):
        shared[cell[:, None], cell] = True
        joined.join(cell[close[cell][:, cell].nonzero()])
    assert shared[close].all()
    assert joined.groups() == hanging_together(close.triu(1).nonzero().numpy(), 600)


def test_frames_of_a_still_camera_are_one_group_and_cost_no_more_than_their_number(monkeypatch):
    """What is like the middle is not compared with each other: 40 frames take one round, not 40 / 4."""
    monkeypatch.setattr(duplicates, "BLOCK", 4)
    frames = torch.from_numpy(np.array(scene(5))).permute(2, 0, 1).repeat(40, 1, 1, 1).float()
    frames += torch.randn(frames.shape, generator=torch.Generator().manual_seed(0))
    compared = []
    join = Joined.join
    monkeypatch.setattr(Joined, "join", lambda self, pairs: (compared.append(len(pairs)), join(self, pairs)))
    assert duplicates.near(frames.clamp(0, 255).byte()) == [list(range(40))]
    assert sum(compared) == 40


def test_a_group_of_many_is_said_in_a_line(tmp_path):
    for place, name in enumerate(("a", "b")):
        for number in range(10):
            save(
                scene(0).point([min(255, value + number) for value in range(256)] * 3),
                tmp_path / name / f"{place}{number}.png",
            )
    found = check(tmp_path, DataSettings(val=0))
    assert [len(repeat.names) for repeat in found.near] == [10]
    (line,) = [line for line in found.lines() if " = 5 more" in line]
    assert line.endswith("[across classes]") or line.endswith("[across parts]")
    assert " more" not in "\n".join(found.lines(every=True)).split("! ")[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.resize((64, 48)),
        lambda image: image.resize((200, 150)),
        lambda image: image.convert("L").convert("RGB"),
        lambda image: ImageEnhance.Brightness(image).enhance(0.8),
        lambda image: ImageEnhance.Contrast(image).enhance(0.7),
    ],
    ids=["smaller", "larger", "grey", "darker", "flatter"],
)
def test_a_picture_saved_in_another_way_is_recognised(tmp_path, change):
    for number in range(6):
        save(scene(number), tmp_path / "a" / f"{number}.png")
        save(scene(50 + number), tmp_path / "b" / f"{number}.png")
    save(change(scene(3)), tmp_path / "a" / "again.jpg", quality=60)
    assert repeated(check(tmp_path).near) == [["a/3.png", "a/again.jpg"]]


@pytest.mark.real_data
def test_the_photos_hold_four_near_copies_across_parts():
    """Looked at by eye: the same pictures, saved in other ways."""
    found = check(Path(os.environ["CONVSCOPE_DATA"]) / "photos", DataSettings(size=(64, 64), val=0))
    leaks = repeated(repeat for repeat in found.near if repeat.leak)
    pairs = {("grand_piano", "0006", "0014"), ("grand_piano", "0041", "0051"), ("ketch", "0041", "0035")}
    for name, test, train in pairs:
        assert [f"test/{name}/image_{test}.jpg", f"train/{name}/image_{train}.jpg"] in leaks
    assert len(leaks) == 4
    assert found.exact == ()


def test_tiny_pictures_are_too_coarse_to_be_called_copies(tmp_path):
    for place, name in enumerate(("a", "b")):
        for number in range(5):
            darker = scene(0, (20, 20)).point(
                [max(0, value - 3 * number - place) for value in range(256)] * 3
            )
            save(darker, tmp_path / name / f"{number}.png")
    assert check(tmp_path).near == check(tmp_path).exact == ()
    assert [len(repeat.names) for repeat in check(tmp_path, DataSettings(size=(32, 32))).near] == [10]


def test_array_sources_are_checked_too():
    found = check("digits")
    assert found.sides is None
    assert found.modes == {}
    assert found.near == ()
    assert sum(map(sum, (classes.values() for classes in found.counts.values()))) == 1797


def arrays(labels, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 6, 6), dtype=np.uint8)
    return pixels, np.asarray(labels)


def test_quick_says_nothing_of_good_data():
    assert quick(from_arrays(*arrays([0, 1] * 50))) == ([], [])


def test_quick_names_uneven_and_rare_classes():
    leaks, (few, uneven) = quick(from_arrays(*arrays([0] * 60 + [1] * 3), DataSettings(val=0, test=0)))
    assert leaks == []
    assert few == "fewer than 5 training samples: '1' (3); expect nothing of them"
    assert uneven.startswith("the classes are uneven: '0' has 60 training samples, '1' 3")


def test_quick_finds_leaks_conflicts_and_flat_samples():
    pixels, labels = arrays([0, 1] * 20)
    pixels[39] = pixels[0]  # another part and another label
    pixels[7] = 5
    data = from_arrays(pixels, labels, DataSettings(val=0), given={"train": 30, "test": 10})
    (leak,), (conflict, flat) = quick(data)
    assert leak.startswith("in one case samples of different parts are equal")
    assert "have different labels" in conflict
    assert flat == "1 samples show nothing: all their values are the same"


def test_quick_takes_signals_too():
    inputs = torch.randn(20, 2, 50)
    inputs[3] = inputs[11]
    data = Dataset(
        inputs=inputs,
        labels=torch.arange(20) % 2,
        classes=("a", "b"),
        parts={"train": torch.arange(10), "val": torch.arange(0), "test": torch.arange(10, 20)},
        kind="signal",
        source="made here",
        names=[str(number) for number in range(20)],
        settings=DataSettings(val=0),
    )
    assert [len(sentences) for sentences in quick(data)] == [1, 0]


def test_quick_says_the_worst_that_the_check_says(spoiled):
    settings = DataSettings(val=0)
    found, data = check(spoiled, settings).conclusions, load(spoiled, settings)
    equal, near = quick(data).leaks
    assert "samples of different parts are equal" in equal
    assert "samples of different parts are nearly the same" in near
    assert {equal, near} <= set(found)
    assert not any("nearly" in sentence for sentence in quick(data, near=False).leaks)


def test_of_many_pictures_quick_compares_some_and_says_so(spoiled, monkeypatch):
    monkeypatch.setattr("convscope.data.check.QUICK_ROWS", 26)
    near = quick(load(spoiled, DataSettings(val=0))).leaks[1:]
    assert all("nearly the same, among 26 that were compared, (such as" in sentence for sentence in near)


def test_data_too_large_for_a_quick_search_say_so(monkeypatch):
    monkeypatch.setattr("convscope.data.check.QUICK_BYTES", 100)
    pixels, labels = arrays([0, 1] * 20)
    pixels[39] = pixels[0]
    (said,) = quick(from_arrays(pixels, labels)).others
    assert "were not searched for copies: convscope check does that" in said


@pytest.mark.real_data
def test_the_quick_look_is_quick():
    """On all of MNIST; the time is the processor's, so that a busy machine does not matter."""
    data = load("mnist")
    start = time.process_time()
    assert quick(data) == ([], [])
    assert time.process_time() - start < 1.0


def test_empty_parts_and_classes_are_said(tmp_path):
    for part, names in (("train", "abc"), ("val", "ab"), ("test", "bc")):
        for name in names:
            for number in range(6):
                save(
                    scene(crc32(f"{part} {name} {number}".encode())), tmp_path / part / name / f"{number}.png"
                )
    said = "\n".join(check(tmp_path).conclusions)
    assert "val has no sample of 'c': what it says is of the other classes alone" in said
    assert "test has no sample of 'a'" in said
    assert not any("no sample" in sentence for sentence in check(tmp_path / "train").conclusions)


def test_a_part_that_nothing_went_to_is_said():
    data = from_arrays(np.zeros((4, 8, 8), np.uint8), [0, 1, 0, 1], groups=[1, 1, 2, 2])
    assert "the part val is empty: the last epoch is kept, and not the best one" in quick(data).others


@pytest.mark.parametrize("name", ["person1_bacteria_{}.png", "Patient-01 {}.png", "sub-01_{}_T1w.png"])
def test_people_in_names_of_files_are_a_remark(tmp_path, name):
    for place, label in enumerate(("ill", "well")):
        for number in range(20):
            file = name.replace("1", str(10 * place + number % 4 + 1)).format(number)
            save(scene(100 * place + number), tmp_path / label / file)
    (said,) = [line for line in check(tmp_path).conclusions if "people" in line]
    assert "put the files of each into a folder below the class" in said


@pytest.mark.parametrize("name", ["subject{}_{}.csv", "speaker-{} take {}.csv", "Person {}_{}.npy"])
@pytest.mark.parametrize("window", [None, 20])
def test_people_in_names_of_recordings_are_a_remark(tmp_path, name, window):
    random = np.random.default_rng(0)
    for label in ("walk", "stand"):
        (tmp_path / label).mkdir()
        for number in range(16):
            file = tmp_path / label / name.format(number % 4, number)
            values = random.normal(size=(60, 2))
            if file.suffix == ".npy":
                np.save(file, values.T)
            else:
                np.savetxt(file, values, delimiter=",", header="ax,ay", comments="")
    (said,) = [line for line in check(tmp_path, DataSettings(window=window)).conclusions if "people" in line]
    assert said.startswith("4 people, by the files' names, are in several parts")


def test_groups_in_the_parts_of_the_source_are_found(tmp_path):
    for part, people in (("train", "pqrs"), ("test", "st")):
        for label in ("a", "b"):
            for person in people:
                for number in range(2):
                    seed = crc32(f"{part} {label} {person} {number}".encode())
                    save(scene(seed), tmp_path / part / label / person / f"{number}.png")
    found = check(tmp_path)
    assert next(line for line in found.conclusions if "groups" in line).startswith("1 groups are in several")
    assert "'s'" in " ".join(found.conclusions)


def test_all_files_that_are_counted_can_be_named(spoiled, paint):
    for number in range(8):
        paint(f"data/train/cat/{number}_mask.png", seed=number, channels=1)
    (spoiled / "train" / "dog" / "notes.txt").write_text("x")
    found = check(spoiled)
    short, long = "\n".join(found.lines()), "\n".join(found.lines(every=True))
    assert "no samples: 9" in short
    assert "… and 4 more: --all names them" in short
    assert "train/cat/7_mask.png: a mask of a picture beside it" in long
    assert "train/dog/notes.txt: its ending is no picture's" in long
    assert "more: --all" not in long
    assert len(found.as_dict()["no_samples"]) == 9


def test_deep_pictures_are_compared_by_their_own_levels(tmp_path):
    for place, name in enumerate(("a", "b")):
        for number in range(6):
            grey = np.asarray(scene(10 * place + number).convert("L")).astype(np.float32) / 255
            save(Image.fromarray(grey), tmp_path / name / f"{number}.tif")
            if number == 3:
                save(Image.fromarray(grey * 0.9), tmp_path / name / "darker.tif")
    assert repeated(check(tmp_path).near) == [["a/3.tif", "a/darker.tif"], ["b/3.tif", "b/darker.tif"]]


def test_the_same_shapes_in_another_colour_are_another_picture():
    grey = torch.from_numpy(np.asarray(scene(1).convert("L"), np.float32)) / 255
    shades = [(255, 120, 120), (120, 120, 255), (255, 128, 126), (170, 170, 170)]  # red, blue, red, grey
    pictures = torch.stack([torch.stack([grey * level for level in shade]) for shade in shades]).byte()
    assert duplicates.near(pictures[:3]) == [[0, 2]]
    assert (
        duplicates.near(pictures[1:]) == duplicates.near(pictures[[1, 3, 2]]) == [[0, 1, 2]]
    )  # by the grey one


def test_pictures_that_show_nothing_are_nobodys_copies():
    assert duplicates.near(torch.full((5, 3, 32, 32), 7, dtype=torch.uint8)) == []
    assert duplicates.near(torch.zeros(5, 1, 32, 32)) == []
    assert duplicates.near(torch.zeros(0, 3, 32, 32)) == []
