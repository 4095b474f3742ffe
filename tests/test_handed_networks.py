"""Networks that are handed over in Python: their runs are as complete as any, or say what is missing."""

import subprocess
import sys
import textwrap
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import convscope
from convscope.errors import ConvscopeError, NetworkError, RunError, SettingsError, ShapeError
from convscope.network import written

pytestmark = pytest.mark.usefixtures("undrawn")
HIDDEN = 6
IN_ANOTHER = """
import sys, numpy, convscope
run = convscope.load(sys.argv[1])
assert run.evaluate().samples == 359
numpy.save("said.npy", numpy.asarray(run.predict("digits")))
"""
FAST = {"epochs": 1, "threads": 1}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, HIDDEN, 3, padding=1)

    def forward(self, x):
        return functional.relu(self.conv(x)).mean((2, 3))


class Net(nn.Module):
    def __init__(self, channels=1, classes=10):
        super().__init__()
        self.body, self.head = Block(channels), nn.Linear(HIDDEN, classes)

    def forward(self, x):
        return self.head(self.body(x))


def small(channels, classes):
    return Net(channels, classes)


class Wide(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.Linear(hidden, 10))

    def forward(self, x):
        return self.layers(x)


def script(path, text):
    path.write_text(textwrap.dedent(text))
    return subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True).stdout


def in_another_process(run, tmp_path):
    """What the run says there, where nothing of this process is left."""
    file = tmp_path / "another.py"
    file.write_text(IN_ANOTHER)
    subprocess.run([sys.executable, str(file), str(run.path)], check=True)
    return np.load(tmp_path / "said.npy")


@pytest.mark.parametrize("thing", [Net, small, Net()], ids=["class", "function", "network"])
def test_with_a_source_the_run_is_complete(thing, tmp_path):
    run = convscope.train("digits", network=thing, **FAST)
    assert (run.path / "network.py").is_file()
    said = np.asarray(run.predict("digits"))
    assert in_another_process(run, tmp_path) == pytest.approx(said, abs=1e-6)


def test_a_class_of_a_file_is_that_of_the_command_line():
    run = convscope.train("digits", network=Net, **FAST)
    other = convscope.train("digits", network=f"{__file__}:Net", **FAST)
    assert run.settings.network == other.settings.network
    for name, value in run.model().state_dict().items():
        assert torch.equal(value, other.model().state_dict()[name])


def test_the_running_script_is_not_run_again(tmp_path):
    out = script(
        tmp_path / "mine.py",
        """
        import convscope
        import torch.nn.functional as F
        from torch import nn
        SIZE = 5
        print("once")
        class Mine(nn.Module):
            def __init__(self, classes):
                super().__init__()
                self.layer = nn.Linear(64, SIZE)
                self.out = nn.Linear(SIZE, classes)
            def forward(self, x):
                return self.out(F.relu(self.layer(x.flatten(1))))
        run = convscope.train("digits", network=Mine, epochs=1, threads=1)
        print(convscope.load(run.path).predict("digits").labels == run.predict("digits").labels)
        """,
    )
    assert out.split() == ["once", "True"]


def test_what_was_handed_over_stays_as_it_was_and_is_the_start():
    net = Net()
    before = deepcopy(net.state_dict())
    run = convscope.train("digits", network=net, epochs=1, lr=1e-12, optimizer="sgd", threads=1)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
        assert run.model().network.state_dict()[name] == pytest.approx(value, abs=1e-5)
    started = run.start()
    assert started is not None
    assert all(torch.equal(value, before[name]) for name, value in started.items())


def test_an_object_that_no_file_makes_again(tmp_path):
    run = convscope.train("digits", network=Wide(7), **FAST)
    said = np.asarray(run.predict("digits"))
    sentence = "Wide, was handed over as an object: no file makes it again"
    for use in (
        lambda again: again.predict("digits"),
        lambda again: again.evaluate(),
        lambda again: again.model(),
    ):
        with pytest.raises(RunError, match=sentence):
            use(convscope.load(run.path))
    again = convscope.load(run.path, network=Wide(7))
    assert np.asarray(again.predict("digits")) == pytest.approx(said, abs=1e-9)
    with pytest.raises(RunError, match="do not fit the network"):
        convscope.load(run.path, network=Wide(8)).predict("digits")
    with pytest.raises(NetworkError, match=r"expected an nn\.Module"):
        convscope.load(run.path, network=Wide)
    done = subprocess.run(
        [sys.executable, "-m", "convscope", "evaluate", str(run.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert sentence in done.stderr


def test_a_run_that_makes_its_network_takes_none():
    run = convscope.train("digits", network="plain", **FAST)
    with pytest.raises(RunError, match="makes its network by itself"):
        convscope.load(run.path, network=Net())
    tuned = convscope.train("digits", network=run.model(), **FAST)  # without its first and last step
    assert tuned.start().keys() == run.model().network.state_dict().keys()


def test_two_things_of_one_name_and_inner_ones_are_not_written():
    inner = 3

    class Local(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(64, inner)

    for thing in (Local, nn.Sequential(nn.Flatten()), lambda: 3):
        with pytest.raises(written.Unwritable):
            written.source(thing)
    assert written.source(nn.Linear).splitlines()[-1] == "from torch.nn.modules.linear import Linear"


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (3, NetworkError, "the network is 3"),
        ("", SettingsError, "its name is empty"),
        (object(), NetworkError, "the network is an object"),
        (Wide, ConvscopeError, "asks for hidden, which is not known"),
        (nn.Linear(3, 3), ShapeError, "it expects 3 numbers a row, got 8"),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 9)), ShapeError, "makes 2 × 9 out of 2"),
        (nn.Linear(64, 10, device="meta"), NetworkError, "cannot be copied"),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).half(), NetworkError, r"is float16; .*\n.*float\(\)"),
        (str, NetworkError, "cannot be made"),
        (lambda: 3, NetworkError, "cannot be made"),
    ],
)
def test_what_is_no_network(given, error, words, tmp_path):
    with pytest.raises(error, match=words):
        convscope.train("digits", network=given, **FAST)
    assert not (tmp_path / "runs").exists()


def test_a_lazy_network_gets_its_sizes():
    net = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))
    assert convscope.train("digits", network=net, **FAST).model().network[1].weight.shape == (10, 64)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("runs", 5),
        ("width", "a"),
        ("depth", 1.5),
        ("strict", "no"),
        ("epochs", "two"),
        ("device", 0),
        ("width", True),
    ],
)
def test_settings_of_a_wrong_type(setting, value):
    with pytest.raises(SettingsError, match=setting):
        convscope.train("digits", **{setting: value})


class Dropping(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.share, self.drop, self.head = 0.1, nn.Dropout(0.1), nn.Linear(64, classes)

    def forward(self, x):
        return self.head(self.drop(functional.dropout(x.flatten(1), self.share, self.training)))


def frozen(net):
    net.head.weight.requires_grad_(False)


def dropping_more(net):
    net.drop.p = 0.8


def dropping_elsewhere(net):
    net.share = 0.8


@pytest.mark.parametrize("change", [frozen, dropping_more, dropping_elsewhere])
def test_what_is_set_afterwards_is_in_no_file(change, tmp_path):
    """Gone on with from its file, such a network would be trained as another one."""
    net = Dropping(10)
    assert convscope.train("digits", network=net, runs=tmp_path, **FAST).settings.network.handed is None
    change(net)
    trained = convscope.train("digits", network=net, runs=tmp_path, **FAST)
    assert trained.settings.network.handed
    with pytest.raises(RunError, match="handed over"):
        convscope.load(trained.path).model()


class Detached(Net):
    def forward(self, x):
        return super().forward(x).detach()


class Leaving(Net):
    def forward(self, x):
        sys.exit(3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Detached, "does not depend on any weight that learns"),
        (Leaving, "The message was: SystemExit: 3"),
    ],
)
def test_a_network_that_cannot_learn_is_told(given, words, tmp_path):
    with pytest.raises(ConvscopeError, match=words):
        convscope.train("digits", network=given, runs=tmp_path, **FAST)


@pytest.mark.filterwarnings("ignore")
def test_a_scripted_network_is_refused(tmp_path):
    scripted = torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    with pytest.raises(NetworkError, match="scripted cannot be trained"):
        convscope.train("digits", network=scripted, runs=tmp_path, **FAST)


STOPPED = """
import shutil, sys
from torch import nn
import convscope
from convscope import recipe

class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64 * channels, classes))

    def forward(self, x):
        return self.layers(x)

asked = {"network": Net, "epochs": 1, "threads": 1}
whole = convscope.train("digits", **asked)
events = recipe.stream(recipe.plan("digits", **asked))
path = next(event.path for event in events if isinstance(event, recipe.Created))
events.close()
study = convscope.repeat("digits", seeds=2, **asked)
for run in (*study.runs[1:], ):
    shutil.rmtree(run.path)
(study.path / "report.html").unlink()
shutil.rmtree(sys.argv[1])
"""


def test_a_class_of_a_script_is_kept_by_its_run_and_its_study_alone(tmp_path):
    (tmp_path / "mine.py").write_text(STOPPED)
    cache = tmp_path / "cache" / "networks"
    subprocess.run([sys.executable, "mine.py", str(cache)], check=True)
    assert not cache.exists()
    whole, stopped = (path for path in sorted((tmp_path / "runs").iterdir()) if "_net_" in path.name)
    assert 'name = "network.py:Net"' in (stopped / "settings.toml").read_text()
    again = convscope.resume(stopped)
    assert again.history[-1]["val_loss"] == convscope.load(whole).history[-1]["val_loss"]
    study = next(path for path in (tmp_path / "runs").iterdir() if "seeds" in path.name)
    found = convscope.resume(study)
    assert [run.settings.training.seed for run in found.runs] == [0, 1]
    with pytest.raises(SettingsError, match=r"epochs: .* a study and goes on as it was begun"):
        convscope.resume(study, epochs=3)


def test_a_study_makes_a_class_anew_and_no_network(tmp_path):
    with pytest.raises(SettingsError, match="network: each training makes it anew"):
        convscope.repeat("digits", seeds=2, network=Net(), **FAST)
    with pytest.raises(SettingsError, match="network: no file makes"):
        convscope.repeat("digits", seeds=2, network=lambda: Net(), **FAST)  # noqa: PLW0108 - has no source
    assert not (tmp_path / "runs").exists()


def test_a_study_shows_how_far_it_is(capsys):
    convscope.repeat("digits", seeds=2, network="plain", progress=True, **FAST)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("training ")[1].split(",")[0] for line in lines] == ["start 1 of 2", "start 2 of 2"]
