"""Maps of features: PCA is scikit-learn's, t-SNE keeps neighbours, a picture shows every sample."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

import convscope
from convscope.cli import execute
from convscope.errors import ConvscopeError, DataError, UnknownName
from convscope.extracting import flattening
from convscope.run.plots import points as plotted
from convscope.run.plots.figures import panel
from convscope.run.plots.points import COLOURS, Cloud, cloud

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = {"network": "plain", "epochs": 1, "batch": 16, "threads": 1, "precision": "fp32", "device": "cpu"}


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(0)
    y = np.arange(90) % 3
    return (random.integers(0, 60, (90, 12, 12)) + 80 * y[:, None, None]).astype(np.uint8), y


@pytest.fixture(scope="module")
def run(undrawn, pictures, tmp_path_factory):
    root = tmp_path_factory.mktemp("maps")
    x, y = pictures
    np.savez(root / "data.npz", x=x, y=y)
    return convscope.train(root / "data.npz", runs=root / "runs", **QUICK)


@pytest.fixture(scope="module")
def found(run):
    return convscope.features(run)


@pytest.mark.parametrize("dense", [True, False])
def test_pca_is_scikit_learns(dense, monkeypatch):
    monkeypatch.setattr(flattening, "DENSE", 2_000 if dense else 0)
    random = np.random.default_rng(1)
    values = (random.normal(size=(80, 30)) @ random.normal(size=(30, 30)) + 1e3).astype(np.float32)
    wanted = PCA(2, svd_solver="full").fit(values.astype(np.float64))
    points, shares = flattening.components(values, 2)
    own = wanted.transform(values.astype(np.float64))
    signs = np.sign((points * own).sum(0))
    assert np.abs(points - own * signs).max() < 1e-2
    assert shares == pytest.approx(wanted.explained_variance_ratio_, rel=1e-4)
    again, _ = flattening.components(values, 2)
    assert (again == points).all()


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((1, 5)),
        np.zeros((4, 3)),
        np.arange(6.0)[:, None],
        np.full((5, 2), 3e38),
        np.array([[0.0, 1], [1e38, -1e38]]),
    ],
    ids=["one sample", "all alike", "one feature", "large", "two"],
)
def test_little_has_a_plane_too(values):
    flat = flattening.plane(values.astype(np.float32))
    assert flat.points.shape == (len(values), 2)
    assert np.isfinite(flat.points).all()


def test_one_direction_is_to_the_right():
    flat = flattening.plane(np.arange(6, dtype=np.float32)[:, None])
    assert flat.points[:, 0] == pytest.approx(np.arange(6) - 2.5)
    assert not flat.points[:, 1].any()


def test_tsne_keeps_neighbours_together(found):
    flat = found.map("tsne")
    assert flat.points.shape == (90, 2)
    assert trustworthiness(found.values, flat.points, n_neighbors=5) > 0.8
    assert (found.map("tsne").points == flat.points).all()
    assert flat.shares == ()


def test_new_samples_lie_among_those_of_training(run, found, pictures):
    new = convscope.features(run, pictures[0][:4])
    flat = new.map()
    train = found.parts["train"]
    assert flat.points.shape == (4, 2)
    assert flat.behind_rows.tolist() == train.tolist()
    together, _ = flattening.components(np.concatenate([new.values, found.values[train]]), 2)
    assert np.abs(np.concatenate([flat.points, flat.behind]) - together).max() < 1e-3
    assert list(flat.lines()) == [f"PCA of 4 samples among {len(train)} training samples: what goes into fc"]


def test_of_very_many_some_are_drawn(found, monkeypatch):
    monkeypatch.setattr(flattening, "MOST", 40)
    monkeypatch.setattr(flattening.drawn, "__defaults__", (40,))
    flat = found.map()
    assert len(flat.points) == len(set(flat.rows.tolist())) == 40
    assert list(flat.lines()) == ["PCA of 40 of 90 samples: what goes into fc"]
    assert np.array(flat).shape == (40, 2)


def test_the_picture_has_a_colour_a_class_and_its_name(found, run, monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(plotted, "cloud", lambda axes, what: (cloud(axes, what), drawn.append(axes)))
    path = found.map().save(tmp_path / "map.png")
    with Image.open(path) as picture:
        assert picture.width > 1_000
        assert picture.info["Comment"] == "written by convscope"
    dots = drawn[0].collections[0]
    assert len(dots.get_offsets()) == 90
    places = [run.classes.index(name) for name in found.truth]
    wanted = [tuple(int(COLOURS[at][i : i + 2], 16) / 255 for i in (1, 3, 5)) for at in places]
    assert np.abs(dots.get_facecolors()[:, :3] - np.array(wanted)).max() < 1e-6
    assert {text.get_text() for text in drawn[0].get_legend().get_texts()} == set(run.classes)
    assert not drawn[0].texts
    monkeypatch.setattr(plotted, "COLOURS", COLOURS[:2])  # fewer than classes
    found.map().save(path)
    assert {text.get_text() for text in drawn[1].texts} == set(run.classes)
    assert drawn[1].get_legend() is None
    found.map().save(path)  # it is ours
    Image.new("L", (3, 3)).save(tmp_path / "mine.png")
    with pytest.raises(DataError, match="there already"):
        found.map().save(tmp_path / "mine.png")
    with pytest.raises(DataError, match=r"known by its ending, \.png"):
        found.map().save(tmp_path / "map.svg")


@pytest.mark.parametrize("classes", [(), ("a$b", "猫"), tuple(map(str, range(100)))])
@pytest.mark.parametrize("behind", [0, 3])
def test_any_cloud_is_drawn(classes, behind):
    truth = [None, classes[0], classes[-1], "of no class"] if classes else [None, 0.5, float("nan"), 2]
    points = np.array([[0.0, 0], [1, 1], [2, 0], [2, 0]])
    drawn = Cloud(points, truth, ["a", "b$", "c", "d"], points[:behind], truth[:behind], classes, (), "map")
    figure = panel(cloud, drawn)
    figure.canvas.draw()
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert ("b$" in texts) is (behind > 0)


def test_what_cannot_be_is_said(found, run, pictures, monkeypatch):
    with pytest.raises(UnknownName, match="no map is called 'tnse'; did you mean 'tsne'"):
        found.map("tnse")
    few = replace(found, values=found.values[:3], names=found.names[:3], truth=found.truth[:3])
    with pytest.raises(DataError, match="keeps neighbours together; 3 samples are too few"):
        flattening.flattened(few, few, "tsne")
    odd = replace(found, values=np.where(np.arange(90)[:, None] == 5, np.nan, found.values))
    with pytest.raises(DataError, match="1 of 90 samples have features that are no numbers"):
        odd.map()
    monkeypatch.setattr(flattening, "find_spec", lambda name: None)
    with pytest.raises(
        ConvscopeError, match=r"t-SNE is scikit-learn's(.|\n)*pip install 'convscope\[heads\]'"
    ):
        found.map("tsne")
    with pytest.raises(ConvscopeError, match=r"UMAP is umap-learn's(.|\n)*pip install 'convscope\[umap\]'"):
        found.map("umap")
    assert len(found.map().points) == 90  # PCA needs neither


def test_the_command_line_draws_it(run, tmp_path, capsys):
    typed = ["features", str(run.path), "--map", str(tmp_path / "map.png")]
    assert execute([*typed, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["map"]
    assert told["written"] == str(tmp_path / "map.png")
    assert (told["method"], told["samples"]) == ("pca", 90)
    assert execute([*typed, "--method", "tsne"]) == 0
    printed = capsys.readouterr().out
    assert "t-SNE of 90 samples" in printed
    assert f"written: {tmp_path / 'map.png'}" in printed
    assert execute(["features", str(run.path), "--method", "tsne"]) == 2
    assert "name its file too: --map map.png" in capsys.readouterr().err
