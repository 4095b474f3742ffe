"""What is handed over in Python goes the way of a file of the same content."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import convscope
from convscope.errors import ConvscopeError, DataError, ShapeError, UnknownName


@pytest.fixture
def colour():
    return np.random.default_rng(7).integers(0, 256, (31, 23, 3), dtype=np.uint8)


def close(one, other):
    assert np.asarray(one) == pytest.approx(np.asarray(other), abs=1e-6)


def saved(pixels, name="new.png", **more):
    Image.fromarray(pixels).save(name, **more)
    return name


def test_pictures_of_any_mode_are_as_their_files(finished, colour):
    for mode in ("L", "RGB", "RGBA", "P", "1", "LA"):
        picture = Image.fromarray(colour).convert(mode)
        picture.save("new.png")
        close(finished.predict(picture), finished.predict("new.png"))


def test_a_picture_is_turned_as_its_file_is(finished, colour):
    exif = Image.Exif()
    exif[274] = 6
    name = saved(colour, exif=exif)
    with Image.open(name) as picture:
        close(finished.predict(picture), finished.predict(name))
        picture.load()
        close(finished.predict(picture), finished.predict(name))


def test_a_large_jpeg_that_is_only_opened_is_as_its_file(finished):
    name = saved(np.random.default_rng(1).integers(0, 256, (300, 200, 3), dtype=np.uint8), "new.jpg")
    with Image.open(name) as picture:
        close(finished.predict(picture), finished.predict(name))


def test_arrays_of_another_size_are_as_their_files(finished, colour):
    expected = finished.predict(saved(colour))
    for x in (colour, np.moveaxis(colour, 2, 0)[None], torch.from_numpy(colour), colour.astype(np.float32)):
        close(finished.predict(x), expected)
    assert "was read as one picture, (height, width, channel)" in " ".join(finished.predict(colour).remarks)
    grey = colour[..., 0]
    close(finished.predict(grey), finished.predict(saved(grey)))
    assert finished.predict(grey).remarks == (
        "the array of 1 × 1 × 31 × 23 was brought to samples of 1 × 12 × 10, as files are",
    )


def test_many_with_the_channels_last(finished, colour):
    many = np.stack([colour, colour[::-1], colour[:, ::-1]])
    said = finished.predict(many)
    for row, one in enumerate(many):
        close(said[row : row + 1], finished.predict(saved(np.ascontiguousarray(one))))
    last = np.random.default_rng(2).integers(0, 256, (4, 12, 10, 1), dtype=np.uint8)
    close(finished.predict(last), finished.predict(last[..., 0]))


def test_bytes_and_open_files_are_as_their_files(finished, colour):
    name = saved(colour)
    content = Path(name).read_bytes()
    expected = finished.predict(name)
    close(finished.predict(content), expected)
    close(finished.predict(io.BytesIO(content)), expected)
    with Path(name).open("rb") as file:
        said = finished.predict(file)
    close(said, expected)
    assert said.names == (name,)
    with Path(name).open(errors="replace") as file, pytest.raises(DataError, match="opened as text"):
        finished.predict(file)


def test_lists_and_generators_of_anything(finished, photos, colour):
    path = photos / "owl" / "3.png"
    with Image.open(path) as opened:
        mixed = [path, opened, np.asarray(opened), path.read_bytes(), colour]
        told = [finished.predict(way) for way in (mixed, iter(mixed), (each for each in mixed))]
    for said in told:
        assert len(said) == 5
        for row in range(1, 4):
            close(said[row : row + 1], said[:1])
        close(said[4:], finished.predict(colour))
    assert len({*said.names}) == 4  # the same file twice
    several = [colour, colour[:20], colour[:9, :9]]
    assert len(finished.predict(several)) == 3


def test_patterns_name_files(finished, photos):
    said = finished.predict(f"{photos}/owl/*.png")
    assert [Path(name).name for name in said.names] == [f"{number}.png" for number in range(10)]
    close(said, finished.predict(photos / "owl"))
    with pytest.raises(DataError, match=r"no file or folder '.*\*\.gif'"):
        finished.predict(f"{photos}/owl/*.gif")


def test_a_frame_of_paths(finished, photos):
    paths = [str(photos / name / "1.png") for name in ("cat", "owl")]
    frame = pd.DataFrame({"path": paths, "label": ["cat", "dog"]})
    said = finished.predict(frame)
    close(said, finished.predict(paths))
    assert said.truth == ("cat", "dog")
    assert not any("convscope-" in name for name in said.names)


def test_evaluate_takes_pairs_and_frames():
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(40, 20)), columns=[f"t{i}" for i in range(20)])
    frame["label"] = ["up", "down"] * 20
    run = convscope.train(frame, epochs=1, network="plain", threads=1)
    other = frame.assign(**{f"t{i}": random.normal(size=40) for i in range(20)})
    other.to_csv("other.csv", index=False)
    told = [
        run.evaluate(data) for data in (other, "other.csv", (other.drop(columns="label"), other["label"]))
    ]
    assert {each.accuracy for each in told} == {told[0].accuracy}
    close(run.predict(other), run.predict("other.csv"))
    with pytest.raises(DataError, match="trained on a DataFrame in memory, and it is not here any more"):
        convscope.load(run.path).evaluate()


def test_a_part_that_there_is_not(finished):
    with pytest.raises(UnknownName, match="no part is called 'tset'; did you mean 'test'"):
        finished.evaluate(part="tset")


@pytest.mark.parametrize(
    "x",
    [None, 3, {"a": 1}, [], object(), [None], [[1, 2], [3]], b"", "", ["", 3], np.zeros(3, complex), {1, 2}],
)
def test_what_is_no_sample(finished, x):
    with pytest.raises(ConvscopeError):
        finished.predict(x)


def closed():
    file = io.BytesIO(b"")
    file.close()
    return file


class Refusing:
    def __array__(self, *given, **more):
        raise RuntimeError("nothing here")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Image.new("L", (0, 0)), "no pixels"),
        (closed, "the open file cannot be read"),
        (Refusing, "nothing here"),
        (lambda: np.ma.masked_array(np.ones((12, 10)), mask=True), "have a mask"),
        (lambda: torch.zeros(12, 10).to_sparse(), "no plain array"),
    ],
)
def test_what_holds_nothing_is_told(finished, make, words):
    with pytest.raises(DataError, match=words):
        finished.predict(make())


def test_a_closed_picture(finished, photos):
    picture = Image.open(photos / "owl" / "3.png")
    picture.load()
    picture.close()
    with pytest.raises(ConvscopeError):
        finished.predict(picture)


def test_signals_of_another_length_are_as_their_files():
    x = np.random.default_rng(5).normal(size=(40, 1, 20)).astype(np.float32)
    np.savez("set.npz", X=x, y=np.arange(40) % 2)
    run = convscope.train("set.npz", epochs=1, network="plain", threads=1)
    longer = np.random.default_rng(6).normal(size=(3, 1, 33)).astype(np.float32)
    np.save("new.npy", longer)
    close(run.predict(longer), run.predict("new.npy"))
    close(run.predict(longer[0, 0]), run.predict(longer)[:1])
    with pytest.raises(ShapeError):
        run.predict(np.zeros((2, 2, 2, 2, 2)))


def test_columns_that_count_are_names_and_no_sample(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 20)).astype("f")
    frame = pd.DataFrame(x)
    run = convscope.train(frame.assign(label=["a", "b"] * 20), epochs=0.5, threads=1, device="cpu")
    expected = run.predict(x[:, None]).probabilities
    close(run.predict(frame).probabilities, expected)
    turned = frame[frame.columns[::-1]]
    close(run.predict(turned).probabilities, expected)  # by name, in whatever order
    turned.to_csv(tmp_path / "turned.csv", index=False)
    close(run.predict(tmp_path / "turned.csv").probabilities, expected)


def test_a_frame_without_names_has_no_header():
    x = np.random.default_rng(0).normal(size=(40, 20))
    read = convscope.data.load(
        pd.DataFrame({0: [0, 1] * 20} | {place + 1: x[:, place] for place in range(20)})
    )
    assert (len(read.labels), read.classes) == (40, ("0", "1"))
