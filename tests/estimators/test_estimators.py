"""Estimators learn what `convscope.train` learns, and are the run that they are saved as."""

import pickle
import runpy
import sys
import warnings
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import torch
from joblib import parallel_config
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import nn

import convscope
from convscope import ConvClassifier, ConvFeatures, ConvRegressor
from convscope.errors import (
    ArgumentError,
    ConvscopeError,
    DataError,
    RunError,
    SettingsError,
    TrainingWarning,
)
from convscope.estimators import learnt
from convscope.estimators.base import WrongShape
from convscope.estimators.targets import OneClass
from convscope.run import trust

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = {"epochs": 2, "batch": 20, "threads": 1, "random_state": 0}
COUNT = 60
Y = np.arange(COUNT) % 3
DRAW = np.random.default_rng(0)
BYTES = (DRAW.integers(0, 120, (COUNT, 3, 12, 14)) + 40 * Y[:, None, None, None]).astype(np.uint8)
NUMBERS = (DRAW.normal(size=(COUNT, 24)) + Y[:, None]).astype(np.float32)
KINDS = {  # X, parameters → kind, channels and space of what is learnt
    "grey": (BYTES[:, 0], {}, ("image", 1, (12, 14))),
    "colour": (BYTES, {}, ("image", 3, (12, 14))),
    "colour last": (np.moveaxis(BYTES, 1, 3), {}, ("image", 3, (12, 14))),
    "transparent": (BYTES[:, [0, 1, 2, 0]], {}, ("image", 3, (12, 14))),
    "fractions": (BYTES[:, 0] / 255, {}, ("image", 1, (12, 14))),
    "smaller": (BYTES[:, 0], {"size": 8}, ("image", 1, (8, 8))),
    "rows": (BYTES[:, 0].reshape(COUNT, -1), {"shape": (12, 14)}, ("image", 1, (12, 14))),
    "signals": (NUMBERS, {}, ("signal", 1, (24,))),
    "cut": (NUMBERS, {"length": 20}, ("signal", 1, (20,))),
    "leads": (NUMBERS.reshape(COUNT, 2, 12), {}, ("signal", 2, (12,))),
    "square signals": (NUMBERS.reshape(COUNT, 4, 6), {"kind": "signal"}, ("signal", 4, (6,))),
    "volumes": (DRAW.normal(size=(COUNT, 8, 8, 8)), {}, ("volume", 1, (8, 8, 8))),
    "windows": (NUMBERS.reshape(COUNT, 6, 4), {"kind": "sequence"}, ("sequence", 4, (6,))),
    "window of one": (NUMBERS, {"kind": "sequence"}, ("sequence", 1, (24,))),
}


class Small(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv = nn.Conv1d(channels, 4, 3)
        self.fc = nn.Linear(4, classes)

    def forward(self, x):
        return self.fc(self.conv(x).mean(-1))


@pytest.fixture(scope="module")
def fitted(undrawn):
    return ConvClassifier(**QUICK).fit(NUMBERS, Y)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_samples_is_learnt_and_kept(name, tmp_path):
    X, given, wanted = KINDS[name]
    one = ConvClassifier(**QUICK, **given).fit(X, Y)
    facts = one._fitted().settings.facts
    assert (facts.kind, facts.channels, facts.space) == wanted
    said = one.predict_proba(X)
    assert said.shape == (COUNT, 3)
    assert (one.classes_[said.argmax(1)] == one.predict(X)).all()
    path = one.save(tmp_path / "run")
    for other in (ConvClassifier.load(path), pickle.loads(pickle.dumps(one))):
        assert np.abs(other.predict_proba(X) - said).max() < 1e-7
        assert other.classes_.dtype == one.classes_.dtype
        assert other.n_features_in_ == one.n_features_in_ == X.shape[1]
    run = convscope.load(path)
    assert np.abs(np.asarray(run.predict(X)) - said).max() < 1e-5
    own = run.dataset((X, Y))  # the same samples, divided alike: the run can be judged, and trained on
    assert run.evaluate(own, part="val").accuracy >= 0
    with pytest.raises(DataError, match="were seen in training"):
        run.evaluate((X, Y))


@pytest.mark.parametrize("name", ["colour last", "rows", "cut", "windows"])
def test_the_parameters_of_a_saved_fit_say_all_of_it(name, tmp_path):
    X, given, _ = KINDS[name]
    one = ConvClassifier("plain" if name != "windows" else None, **QUICK, **given).fit(X, Y)
    again = clone(ConvClassifier.load(one.save(tmp_path / "run"))).fit(X, Y)
    assert again._fitted().settings.training.epochs == one._fitted().settings.training.epochs == 2
    assert np.abs(again.predict_proba(X) - one.predict_proba(X)).max() < 1e-5


@pytest.mark.parametrize("name", ["grey", "signals", "volumes"])
def test_it_is_what_train_learns(name, tmp_path):
    X, *_ = KINDS[name]
    one = ConvClassifier("plain" if name != "volumes" else None, **QUICK).fit(X, Y)
    settings = {name: value for name, value in QUICK.items() if name != "random_state"}
    run = convscope.train(
        (X, Y), network=one.network, seed=0, test=0.0, precision="fp32", runs=tmp_path, **settings
    )
    assert [row["train_loss"] for row in run.history] == pytest.approx(
        [row["train_loss"] for row in one.history_], rel=1e-5
    )
    assert np.abs(np.asarray(run.predict(X)) - one.predict_proba(X)).max() < 1e-5
    assert run.settings.training == one._fitted().settings.training


def test_a_saved_fit_is_a_run_like_any_other(fitted, tmp_path):
    path = fitted.save(tmp_path / "one")
    run = convscope.load(path)
    assert run.finished
    assert [row["number"] for row in run.history] == [1, 2]
    assert [row["train_loss"] for row in run.history] == pytest.approx(
        [row["train_loss"] for row in fitted.history_], rel=1e-4
    )
    assert len(run.steps) == run.facts["steps"]
    assert run.evaluate((NUMBERS + 0.01, Y)).accuracy == fitted.score(NUMBERS + 0.01, Y)
    assert convscope.features(run, NUMBERS).values.shape[0] == COUNT
    assert run.settings.data.source == "arrays"
    again = ConvClassifier.load(path)
    assert again.save(tmp_path / "two").is_dir()
    assert {each.name for each in path.iterdir()} == {each.name for each in (tmp_path / "two").iterdir()}


def test_a_fit_leaves_nothing_behind_and_says_nothing(tmp_path, monkeypatch, capfd):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        one = ConvClassifier(**QUICK).fit(BYTES, Y)
    one.predict(BYTES)
    pickle.loads(pickle.dumps(one)).predict(BYTES)
    assert list(temporary.iterdir()) == []
    assert list(tmp_path.iterdir()) == [temporary]
    assert capfd.readouterr() == ("", "")
    ConvClassifier(**QUICK, progress=True).fit(NUMBERS, Y)
    assert "val acc" in capfd.readouterr().err


def test_what_looks_wrong_is_a_warning_where_fit_is_called():
    with pytest.warns(TrainingWarning) as told:
        ConvClassifier("plain", lr=9.0, **QUICK).fit(NUMBERS, Y)
    assert told[0].filename == __file__


def test_the_same_state_gives_the_same_fit(fitted):
    assert (clone(fitted).fit(NUMBERS, Y).predict_proba(NUMBERS) == fitted.predict_proba(NUMBERS)).all()
    other = clone(fitted).set_params(random_state=1).fit(NUMBERS, Y)
    assert (other.predict_proba(NUMBERS) != fitted.predict_proba(NUMBERS)).any()
    drawn = [
        clone(fitted).set_params(random_state=np.random.RandomState(3)).fit(NUMBERS, Y) for _ in range(2)
    ]
    assert (drawn[0].predict_proba(NUMBERS) == drawn[1].predict_proba(NUMBERS)).all()
    np.random.seed(4)
    before = clone(fitted).set_params(random_state=None).fit(NUMBERS, Y)
    after = clone(fitted).set_params(random_state=None).fit(NUMBERS, Y)  # NumPy's numbers went on
    assert (before.predict_proba(NUMBERS) != after.predict_proba(NUMBERS)).any()


def test_torch_and_its_random_numbers_are_left_alone():
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    ConvClassifier(**QUICK | {"threads": 2}).fit(NUMBERS, Y)
    assert (torch.get_rng_state() == before).all()
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    "labels",
    [
        Y + 5,
        Y - 1,
        Y * 1.0,
        Y > 0,
        np.array(["c", "a", "10"])[Y],
        np.array(["c", "a", "b"], dtype=object)[Y],
    ],
    ids=["whole", "below zero", "floats", "flags", "text", "objects"],
)
def test_labels_come_back_in_their_own_type(labels, tmp_path):
    one = ConvClassifier("plain", **QUICK).fit(NUMBERS, labels)
    other = ConvClassifier.load(one.save(tmp_path / "run"))
    for each in (one, other):
        assert (each.classes_ == np.unique(labels)).all()
        assert each.classes_.dtype == np.unique(labels).dtype
        assert set(each.predict(NUMBERS)) <= set(labels)


def test_amounts_few_whole_ones_too(tmp_path):
    y = 100 * NUMBERS.mean(1) + 1000
    one = ConvRegressor(**QUICK | {"epochs": 20, "lr": 0.02}).fit(NUMBERS, y)
    assert one.score(NUMBERS, y) > 0.5
    other = ConvRegressor.load(one.save(tmp_path / "run"))
    assert np.abs(other.predict(NUMBERS) - one.predict(NUMBERS)).max() < 1e-4
    assert (
        np.abs(np.asarray(convscope.load(tmp_path / "run").predict(NUMBERS)) - one.predict(NUMBERS)).max()
        < 1e-3
    )
    assert convscope.load(tmp_path / "run").settings.facts.classes == ("y",)
    assert convscope.load(tmp_path / "run").evaluate((NUMBERS + 1, Y)).mae > 0
    whole = ConvRegressor(**QUICK).fit(NUMBERS, pd.Series(Y, name="level"))
    assert whole._fitted().settings.facts.classes == ("level",)
    assert len(np.unique(whole.predict(NUMBERS))) == COUNT


def test_features_are_those_of_the_run(tmp_path):
    one = ConvFeatures(**QUICK).fit(NUMBERS, Y)
    path = one.save(tmp_path / "run")
    wanted = convscope.features(path, NUMBERS)
    assert np.abs(one.transform(NUMBERS) - wanted.values).max() < 1e-5
    assert len(one.get_feature_names_out()) == wanted.values.shape[1]
    trained = ConvFeatures(run=path).fit(NUMBERS)  # nothing is learnt, so there is no y
    assert np.abs(trained.transform(NUMBERS) - wanted.values).max() < 1e-5
    layer = (
        ConvFeatures(run=path, layer="head").fit(NUMBERS) if hasattr(one.model_.network, "head") else trained
    )
    assert layer.transform(NUMBERS).dtype == np.float32
    loaded = ConvFeatures.load(path)
    assert (loaded.transform(NUMBERS) == one.transform(NUMBERS)).all()
    assert list(loaded.get_feature_names_out()) == list(one.get_feature_names_out())
    amounts = ConvFeatures(**QUICK).fit(NUMBERS, NUMBERS.mean(1))
    assert amounts._fitted().settings.facts.regression


def test_in_pipelines_and_searches():
    pipeline = make_pipeline(StandardScaler(), ConvFeatures("plain", **QUICK), SVC())
    assert len(cross_val_score(pipeline, NUMBERS, Y, cv=2, error_score="raise")) == 2
    rows = BYTES[:, 0].reshape(COUNT, -1)
    pictures = make_pipeline(StandardScaler(), ConvClassifier("plain", shape=(12, 14), **QUICK))
    assert pictures.fit(rows, Y).predict_proba(rows).shape == (COUNT, 3)
    sizes = GridSearchCV(
        ConvClassifier("plain", **QUICK), {"size": np.arange(8, 10)}, cv=2, error_score="raise"
    )
    assert sizes.fit(BYTES, Y).best_params_["size"] in (8, 9)
    search = GridSearchCV(
        ConvClassifier(**QUICK), {"network": ["plain", "gru"], "lr": [0.02]}, cv=2, error_score="raise"
    ).fit(NUMBERS, Y)
    assert search.best_params_["network"] in ("plain", "gru")
    assert search.best_estimator_.predict(NUMBERS).shape == (COUNT,)


def several(backend):
    """A search of two jobs: its scores, and that its best estimator is that of a fit alone."""
    search = GridSearchCV(
        ConvClassifier("plain", **QUICK), {"lr": [0.001, 0.1]}, cv=2, n_jobs=2, error_score="raise"
    )
    with parallel_config(backend):
        search.fit(NUMBERS, Y)
    alone = clone(search.best_estimator_).fit(NUMBERS, Y)
    assert np.abs(alone.predict_proba(NUMBERS) - search.predict_proba(NUMBERS)).max() < 1e-7
    return search.cv_results_["mean_test_score"]


def test_a_search_in_several_processes_or_threads():
    assert (several("loky") == several("threading")).all()


@pytest.mark.parametrize(
    "network",
    [
        Small,
        nn.Sequential(nn.Flatten(), nn.Linear(24, 3)),
        lambda classes: nn.Sequential(nn.Flatten(), nn.Linear(24, classes)),
    ],
    ids=["class", "network", "function"],
)
def test_a_network_of_ones_own(network, tmp_path):
    one = clone(ConvClassifier(network, **QUICK)).fit(NUMBERS, Y)
    said = one.predict_proba(NUMBERS)
    assert np.abs(cloudpickle.loads(cloudpickle.dumps(one)).predict_proba(NUMBERS) - said).max() < 1e-7
    path = one.save(tmp_path / "run")
    handed = convscope.load(path, trust=True).settings.network.handed
    like = {"network": nn.Sequential(nn.Flatten(), nn.Linear(24, 3))} if handed else {}
    other = ConvClassifier.load(path, **like)
    assert np.abs(other.predict_proba(NUMBERS) - said).max() < 1e-7
    assert clone(other).fit(NUMBERS, Y).score(NUMBERS, Y) >= 0


def test_code_that_came_in_a_pickle_runs_only_if_it_is_trusted(tmp_path, monkeypatch):
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n\ndef net(classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(24, classes))\n"
    )
    carried = pickle.dumps(ConvClassifier(f"{file}:net", **QUICK).fit(NUMBERS, Y))
    file.unlink()
    assert pickle.loads(carried).predict(NUMBERS).shape == (COUNT,)  # the code is in the run
    monkeypatch.setattr(trust, "list_path", lambda: tmp_path / "nobody")
    other = pickle.loads(carried)
    assert (other.classes_ == [0, 1, 2]).all()
    with pytest.raises(RunError, match="trust"):
        other.predict(NUMBERS)


def test_tables_have_columns(tmp_path):
    frame = pd.DataFrame(NUMBERS, columns=[f"t{number}" for number in range(24)])
    one = ConvClassifier("plain", **QUICK).fit(frame, pd.Series(Y).map({0: "low", 1: "middle", 2: "high"}))
    other = ConvClassifier.load(one.save(tmp_path / "run"))
    for each in (one, other):
        assert list(each.feature_names_in_) == list(frame.columns)
        with pytest.raises(ValueError, match="feature names should match"):
            each.predict(frame[frame.columns[::-1]])
    assert (other.predict(frame) == one.predict(frame)).all()
    frame.to_csv(tmp_path / "new.csv", index=False)
    assert convscope.load(tmp_path / "run").predict(tmp_path / "new.csv").labels == list(one.predict(frame))


@pytest.mark.parametrize(("channels", "wanted"), [(1, (1, 8, 8)), (3, (3, 8, 8))])
def test_columns_of_pixels_are_pictures(channels, wanted):
    names = [f"pixel{number}" for number in range(64 * channels)]
    frame = pd.DataFrame(DRAW.integers(0, 255, (COUNT, len(names)), dtype=np.uint8), columns=names)
    facts = ConvClassifier("plain", **QUICK).fit(frame, Y)._fitted().settings.facts
    assert (facts.channels, *facts.space) == wanted


def test_files_named_in_a_table(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(COUNT)]
    for path, pixels in zip(paths, BYTES, strict=True):
        Image.fromarray(np.moveaxis(pixels, 0, 2)).save(path)
    frame = pd.DataFrame({"file": list(map(str, paths))})
    one = ConvClassifier("plain", size=12, **QUICK).fit(frame, Y)
    run = convscope.load(one.save(tmp_path / "run"))
    wanted = np.asarray(run.predict(list(map(str, paths))))
    for X in (frame, list(frame["file"]), frame["file"], paths, np.array(frame["file"])):
        assert np.abs(one.predict_proba(X) - wanted).max() < 1e-7
    opened = [Image.fromarray(np.moveaxis(pixels, 0, 2)) for pixels in BYTES]
    assert np.abs(one.predict_proba(opened) - wanted).max() < 1e-7
    assert (ConvClassifier.load(run).predict(frame) == one.predict(frame)).all()
    assert not hasattr(one, "n_features_in_")
    twice = frame.iloc[[0, 0, 1]]
    assert one.predict_proba(twice) == pytest.approx(wanted[[0, 0, 1]], abs=1e-7)
    search = cross_val_score(clone(one), frame, Y, cv=2, error_score="raise")
    assert len(search) == 2
    paths[3].write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"3\.png"):
        clone(one).fit(frame, Y)
    with pytest.raises(DataError, match="60 samples, and 59 were read"):
        one.predict(frame)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(one).fit(frame, Y[:-1])


def test_each_label_stays_with_its_file(tmp_path):
    lengths = DRAW.integers(8, 30, COUNT)
    signals = [DRAW.normal(size=length) + 3 * (row % 2) for row, length in enumerate(lengths)]
    one = ConvClassifier(**QUICK | {"epochs": 8}).fit(
        signals, np.array(["low", "high"])[np.arange(COUNT) % 2]
    )
    assert one.score(signals, np.array(["low", "high"])[np.arange(COUNT) % 2]) > 0.9
    amounts = ConvRegressor(**QUICK | {"epochs": 8}).fit(signals, np.arange(COUNT) % 2)
    assert amounts.score(signals, np.arange(COUNT) % 2) > 0.5


def test_groups_stay_together(monkeypatch):
    seen = []
    plain = learnt.train
    monkeypatch.setattr(
        learnt, "train", lambda plan, data, *rest: seen.append(data) or plain(plan, data, *rest)
    )
    groups = np.arange(COUNT) // 6
    ConvClassifier("plain", val=0.3, **QUICK).fit(NUMBERS, Y, groups=groups)
    held = set(groups[seen[0].parts["val"]])
    assert held
    assert not held & set(groups[seen[0].parts["train"]])
    with pytest.raises(DataError, match="3 group values"):
        ConvClassifier("plain", **QUICK).fit(NUMBERS, Y, groups=[1, 2, 3])


def test_a_run_of_train_is_taken_up(tmp_path):
    run = convscope.train((BYTES, Y), network="plain", epochs=1, batch=20, threads=1, runs=tmp_path)
    one = ConvClassifier.load(run)
    assert (one.classes_ == [0, 1, 2]).all()
    assert np.abs(one.predict_proba(BYTES) - np.asarray(run.predict(BYTES))).max() < 1e-7
    assert one.get_params()["network"] == "plain"
    assert one.get_params()["epochs"] == 1
    with pytest.raises(RunError, match="tells classes apart"):
        ConvRegressor.load(run.path)
    with pytest.raises(DataError, match="60 samples, and 1 were read"):
        one.predict(NUMBERS)


def test_what_does_not_go_together_gets_a_sentence(fitted, tmp_path):
    with pytest.raises(WrongShape, match="fitted on samples of 12 × 14"):
        ConvClassifier("plain", **QUICK).fit(BYTES[:, 0], Y).predict(BYTES[:, 0, :, :13])
    with pytest.raises(OneClass, match="one class only"):
        ConvClassifier(**QUICK).fit(NUMBERS, np.zeros(COUNT))
    with pytest.raises(ArgumentError, match="no parameter 'epoch'; did you mean 'epochs'"):
        ConvClassifier(epoch=3)
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        ConvClassifier().set_params(epoch=3)
    with pytest.raises(SettingsError, match="epochs: input should be greater than 0"):
        ConvClassifier(epochs=-1).fit(NUMBERS, Y)
    with pytest.raises(SettingsError, match="size: it has no meaning for signals"):
        ConvClassifier(size=8).fit(NUMBERS, Y)
    with pytest.raises(SettingsError, match="shape: expected that of samples of 24"):
        ConvClassifier(shape=(5, 5)).fit(NUMBERS, Y)
    with pytest.raises(SettingsError, match=r"shape: expected that of samples of 24.*got a Tensor"):
        ConvClassifier(shape=torch.zeros(2)).fit(NUMBERS, Y)
    with pytest.raises(SettingsError, match="kind: expected one of image, signal"):
        ConvClassifier(kind="picture").fit(NUMBERS, Y)
    with pytest.raises(SettingsError, match="random_state: expected a whole number of 0 or more; got -1"):
        ConvClassifier(random_state=-1).fit(NUMBERS, Y)
    with pytest.raises(DataError, match=f"no file 'nothere.png', which is one of {COUNT} of {COUNT}"):
        ConvClassifier().fit(["nothere.png"] * COUNT, Y)
    with pytest.raises(SettingsError, match="threads"):
        ConvClassifier(threads=0).fit(NUMBERS, Y)
    with pytest.raises(ArgumentError, match="layer: expected the name of a layer"):
        ConvFeatures(layer=3).fit(NUMBERS, Y)
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=COUNT), "load": Y})
    with pytest.raises(DataError, match="column 'day' of X holds dates"):
        ConvClassifier().fit(days, Y)
    with pytest.raises(DataError, match="a sequence is"):
        ConvClassifier(kind="sequence").fit(BYTES, Y)
    with pytest.raises(DataError, match="too large for 32 bits"):
        fitted.predict(NUMBERS.astype(float) * 1e300)
    with pytest.raises(NotFittedError):
        ConvClassifier().save(tmp_path / "run")
    with pytest.raises(ConvscopeError, match="cannot be told apart in 32"):
        ConvRegressor().fit(NUMBERS, 1e9 + 1e-3 * Y)


def test_labels_that_do_not_fit_a_saved_run(fitted, tmp_path):
    run = convscope.load(fitted.save(tmp_path / "run"))
    X = NUMBERS + 1
    for data, words in (
        ((X, Y[:-1]), "60 samples, but labels of shape"),
        ((X, Y + 7), "the class 7, which the run does not know"),
        ((X, Y, Y), "got 3 arrays"),
    ):
        with pytest.raises(DataError, match=words):
            run.evaluate(data)
    values = ConvRegressor("plain", **QUICK).fit(NUMBERS, Y)
    path = values.save(tmp_path / "values")
    with pytest.raises(DataError, match="no finite numbers"):
        convscope.load(path).evaluate((X, ["low"] * COUNT))
    with pytest.raises(RunError, match="predicts amounts of y"):
        ConvClassifier.load(path)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(RunError, match="is a link to a run"):
        values.save(tmp_path / "link", force=True)


def interrupted_at(count, function):
    """The same function, with Ctrl-C once before its `count`-th call."""
    left = [count]

    def call(*given):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return function(*given)

    return call


def test_where_a_run_may_be_saved(fitted, tmp_path):
    path = fitted.save(tmp_path / "new" / "run")
    with pytest.raises(RunError, match="is a run already"):
        fitted.save(path)
    assert ConvClassifier.load(fitted.save(path, force=True)).score(NUMBERS, Y) == fitted.score(NUMBERS, Y)
    (path / "notes.txt").write_text("my own words")
    with pytest.raises(RunError, match=r"holds notes\.txt, which is no file of a run, and would be lost"):
        fitted.save(path, force=True)
    (path / "notes.txt").unlink()
    before = sorted(each.name for each in path.iterdir())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):  # between the two renames
        patch.setattr(Path, "rename", interrupted_at(2, Path.rename))
        fitted.save(path, force=True)
    assert sorted(each.name for each in path.iterdir()) == before
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="is no run"):
        fitted.save(tmp_path / "folder", force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        fitted.save(tmp_path / "file" / "run")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder", "new"]


def test_a_ctrl_c_ends_the_fit(monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("convscope.training.loop.TrainingLoop.update", stopped)
    with pytest.raises(KeyboardInterrupt):
        ConvClassifier(**QUICK).fit(NUMBERS, Y)


def test_without_scikit_learn_it_is_said_what_to_install(monkeypatch):
    for name in [each for each in sys.modules if each.startswith("convscope.estimators")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for name in ("ConvClassifier", "ConvRegressor", "ConvFeatures"):
        monkeypatch.delitem(vars(convscope), name, raising=False)
    with pytest.raises(ImportError, match=r"convscope\[sklearn\]"):
        _ = convscope.ConvClassifier
    bare = runpy.run_path(convscope.__file__)
    assert {*bare["HOMES"]} - {*bare["__all__"]} == {"ConvClassifier", "ConvRegressor", "ConvFeatures"}
