import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from scipy import ndimage, signal
from scipy.io import wavfile

from convscope.cli import execute
from convscope.errors import ShapeError, UnknownName
from convscope.explaining import explain
from convscope.explaining.filters import FILTERS, apply, filter_layer

MODES = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap"}
PLANES = [name for name, each in FILTERS.items() if each.plane]
LINES = [name for name, each in FILTERS.items() if each.line]


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (3, 9, 12)).astype(np.float64)


@pytest.mark.parametrize("name", PLANES)
@pytest.mark.parametrize("padding", MODES)
def test_pictures_are_filtered_as_scipy_does(name, padding, picture):
    kernel = np.array(FILTERS[name].plane) / FILTERS[name].divisor
    output = apply(name, torch.from_numpy(picture), padding).output
    for channel in range(3):
        expected = ndimage.correlate(picture[channel], kernel, mode=MODES[padding])
        np.testing.assert_allclose(output[channel], expected, rtol=1e-5, atol=1e-3)  # values up to 2,040


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("padding", MODES)
def test_signals_are_filtered_as_scipy_does(name, padding):
    values = np.random.default_rng(0).normal(size=(2, 20))
    kernel = np.array(FILTERS[name].line) / FILTERS[name].line_divisor
    output = apply(name, torch.from_numpy(values), padding).output
    expected = ndimage.correlate1d(values, kernel, mode=MODES[padding])
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


def test_those_that_scipy_has_by_name(picture):
    named = {
        "box-blur": ndimage.uniform_filter(picture[0], 3, mode="nearest"),
        "laplacian": ndimage.laplace(picture[0], mode="nearest"),
        "sobel-x": ndimage.sobel(picture[0], axis=1, mode="nearest"),
        "sobel-y": ndimage.sobel(picture[0], axis=0, mode="nearest"),
        "identity": picture[0],
    }
    for name, expected in named.items():
        np.testing.assert_allclose(apply(name, torch.from_numpy(picture)).output[0], expected, atol=1e-3)
    line = picture[0, :1]
    inside = np.gradient(line[0])[1:-1]
    np.testing.assert_allclose(
        apply("derivative", torch.from_numpy(line), "none").output[0], inside, rtol=1e-6
    )


def test_sobel_rises_to_the_right_and_downwards():
    ramp = torch.arange(5.0).expand(5, 5)
    assert apply("sobel-x", ramp[None], "none").output.tolist() == torch.full((1, 3, 3), 8.0).tolist()
    assert apply("sobel-y", ramp.T[None], "none").output.tolist() == torch.full((1, 3, 3), 8.0).tolist()


def test_edges_are_those_of_pillow(picture):
    grey = picture[0].astype(np.uint8)
    pillow = np.asarray(Image.fromarray(grey).filter(ImageFilter.FIND_EDGES))
    ours = apply("edge", torch.from_numpy(grey)[None], "none").output[0].clamp(0, 255)
    np.testing.assert_array_equal(ours.numpy(), pillow[1:-1, 1:-1])


def test_unsharp_is_the_picture_and_what_the_blur_takes_away(picture):
    values = torch.from_numpy(picture)
    blurred = signal.correlate2d(picture[0], np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256, mode="valid")
    found = apply("unsharp", values, "none").output[0]
    np.testing.assert_allclose(found, 2 * picture[0, 2:-2, 2:-2] - blurred, atol=1e-3)


@pytest.mark.parametrize("name", FILTERS)
def test_a_flat_picture_stays_as_bright_or_becomes_nothing(name):
    axes = 2 if FILTERS[name].plane else 1
    flat = torch.full((1, 7, 7) if axes == 2 else (1, 7), 3.0)
    kept = 0.0 if name in ("laplacian", "edge", "sobel-x", "sobel-y", "derivative") else 3.0
    torch.testing.assert_close(apply(name, flat).output, torch.full_like(flat, kept))


def test_a_number_of_a_filtered_picture_is_explained(picture):
    filtered = apply("sobel-x", torch.from_numpy(picture))
    explanation = explain(filtered.trace, filtered.op, (1, 4, 5))
    expected = ndimage.sobel(picture[1], axis=1, mode="nearest")[4, 5]
    assert explanation.kind == "explained"
    assert explanation.holds
    assert explanation.result == pytest.approx(expected, rel=1e-12)
    filtered = apply("derivative", torch.tensor([[1.0, 2.0, 4.0]]))
    assert explain(filtered.trace, filtered.op, (0, 1)).result == 1.5


def test_the_layer_has_one_kernel_a_channel():
    layer = filter_layer("gaussian-blur", 3, 2, "none")
    assert layer.groups == 3
    assert tuple(layer.weight.shape) == (3, 1, 3, 3)
    assert layer.padding == (0, 0)


def test_words_for_what_cannot_be():
    with pytest.raises(UnknownName, match="no filter is called 'sobel'; did you mean 'sobel-y'"):
        apply("sobel", torch.zeros(1, 4, 4))
    with pytest.raises(UnknownName, match="no padding is called 'mirror'"):
        apply("edge", torch.zeros(1, 4, 4), "mirror")
    with pytest.raises(
        ShapeError, match=r"'sobel-y' has no kernel for signals.\n  Those that have one: identity"
    ):
        apply("sobel-y", torch.zeros(1, 4))
    with pytest.raises(ShapeError, match=r"'derivative' has no kernel for pictures"):
        apply("derivative", torch.zeros(1, 4, 4))
    with pytest.raises(ShapeError, match=r"takes \(channel, time\) or .* got 2 × 1 × 4 × 4"):
        apply("edge", torch.zeros(2, 1, 4, 4))
    with pytest.raises(ShapeError, match=r"2 × 9 is too small for 'edge' with padding 'none': it needs 3"):
        apply("edge", torch.zeros(1, 2, 9), "none")


def test_the_command_lists_the_filters(capsys):
    assert execute(["filter"]) == 0
    told = capsys.readouterr().out
    assert all(f"{name}: " in told for name in FILTERS)
    assert "    1 2 1\n    2 4 2   / 16\n    1 2 1\n    for signals: 1 2 1   / 4" in told
    assert execute(["filter", "emboss"]) == 0
    assert "sobel" not in capsys.readouterr().out
    assert execute(["filter", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sobel-x"]["picture"] == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def test_the_command_filters_a_picture(tmp_path, monkeypatch, capsys, picture):
    monkeypatch.chdir(tmp_path)
    pixels = picture.astype(np.uint8)
    Image.fromarray(pixels.transpose(1, 2, 0)).save("rose.png")
    Image.fromarray(pixels[0]).save("grey.png")
    assert execute(["filter", "box-blur", "rose.png"]) == 0
    blurred = np.asarray(Image.open("box-blur-rose.png")).transpose(2, 0, 1)
    expected = ndimage.uniform_filter(picture, (0, 3, 3), mode="nearest")
    assert np.abs(blurred - expected).max() <= 0.5 + 1e-3
    assert execute(["filter", "sobel-x", "grey.png", "--output", "edges.png", "--padding", "none"]) == 0
    edges = np.asarray(Image.open("edges.png"))
    expected = ndimage.sobel(picture[0], axis=1)[1:-1, 1:-1] / 2 + 127.5
    assert np.abs(edges - expected.clip(0, 255)).max() <= 0.5
    assert "0 is drawn as middle grey" in capsys.readouterr().out


def test_few_numbers_that_are_too_large_are_not_said_to_be_none(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pixels = np.zeros((64, 64), np.uint8)
    pixels[32, 32] = 255
    Image.fromarray(pixels).save("dot.png")
    assert execute(["filter", "sharpen", "dot.png"]) == 0
    assert capsys.readouterr().out.startswith("0.1 % of the numbers")
    Image.fromarray(np.pad(pixels, 64)).save("dot.png")
    assert execute(["filter", "sharpen", "dot.png"]) == 0
    assert capsys.readouterr().out.startswith("< 0.1 % of the numbers")


def test_the_command_explains_one_number(tmp_path, capsys, picture):
    Image.fromarray(picture[0].astype(np.uint8)).save(tmp_path / "grey.png")
    assert execute(["filter", "sobel-y", str(tmp_path / "grey.png"), "--at", "4,5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["result"] == ndimage.sobel(picture[0], axis=0)[4, 5]
    assert told["holds"]
    assert execute(["filter", "sobel-y", str(tmp_path / "grey.png"), "--at", "4,5"]) == 0
    assert "9 terms" in capsys.readouterr().out


@pytest.mark.parametrize("titles", ["", "left,right\n"])
def test_the_command_filters_a_signal(tmp_path, monkeypatch, capsys, titles):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "heart.csv").write_text(titles + "1,5\n2,5\n4,5\n4,8\n")
    assert execute(["filter", "derivative", "heart.csv", "--output", "rise.csv"]) == 0
    assert (tmp_path / "rise.csv").read_text() == "0.5,0\n1.5,0\n1,1.5\n0,1.5\n"
    assert execute(["filter", "gaussian-blur", "heart.csv"]) == 0
    with Image.open("gaussian-blur-heart.png") as plot:
        assert min(plot.size) > 100
    capsys.readouterr()
    assert execute(["filter", "derivative", "heart.csv", "--at", "1,2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == 1.5


def test_the_command_reads_sounds(tmp_path, capsys):
    frames = (np.sin(np.arange(50) / 3) * 2**14).astype(np.int16)
    wavfile.write(tmp_path / "tone.wav", 8000, frames)
    assert execute(["filter", "laplacian", str(tmp_path / "tone.wav"), "--at", "20", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = ndimage.correlate1d(frames / 2**15, [1, -2, 1])[20]
    assert told["result"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["blur", "grey.png"], 1, "no filter is called 'blur'"),
        (["blur"], 1, "no filter is called 'blur'"),
        (["edge", "none.png"], 1, "there is no such file"),
        (["edge", "words.csv"], 1, "words.csv holds 'three', which is no number."),
        (["derivative", "empty.csv"], 1, "empty.csv holds no numbers."),
        (["edge", "grey.png", "--at", "3"], 2, "--at: expected ROW,COLUMN, such as 3,3; got '3'."),
        (["edge", "grey.png", "--at", "here"], 2, "--at: expected ROW,COLUMN"),
        (["edge", "grey.png", "--at", "99,0"], 1, "there is no number at"),
        (["edge", "grey.png", "--output", "no/such/folder.png"], 1, "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys, words, code, message):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (6, 5)).save("grey.png")
    (tmp_path / "words.csv").write_text("1\n2\nthree\n")
    (tmp_path / "empty.csv").write_text("title\n")
    assert execute(["filter", *words]) == code
    assert message in capsys.readouterr().err
