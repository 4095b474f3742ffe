"""Nobody's code is executed but that which the person named or trusts."""

from pathlib import Path

import pytest

from convscope import network
from convscope.errors import NetworkError, RunError
from convscope.network.model import Model
from convscope.network.preprocess import Standardise
from convscope.run import NetworkPart, RunSettings, create, load, trust

CODE = """
from pathlib import Path
from torch import nn

Path("executed").write_text("")


class Small(nn.Module):
    def __init__(self, channels, classes, space):
        super().__init__()
        self.linear = nn.Linear(channels * space[0] * space[1], classes)

    def forward(self, x):
        return self.linear(x.flatten(1))
"""


@pytest.fixture
def own(tmp_path, dataset, settings, training):
    """A finished run of a person's own network; it has been executed in training."""
    Path("mine.py").write_text(CODE)
    run_settings = RunSettings.of(dataset, NetworkPart(name="mine.py:Small"), settings.training)
    net = network.build("mine.py:Small", channels=1, classes=3, space=(12, 10))
    scale = Standardise(training.model.preprocess.mean, training.model.preprocess.std)
    writer = create("runs", run_settings, dataset)
    for event in type(training)(Model(scale, net)).events(3):
        writer.write(event)
    Path("executed").unlink()
    return writer.path


def test_training_is_the_word(own):
    Path("mine.py").unlink()  # the copy is what counts
    run = load(own)
    assert not Path("executed").exists()
    assert run.model().network.linear.out_features == 3
    assert own.name.endswith("_small_1")
    assert (own / "network.py").read_text() == CODE


@pytest.fixture
def somebody_elses(own):
    trust.list_path().unlink()
    return own


def test_somebody_elses_code_is_not_executed(somebody_elses):
    with pytest.raises(RunError) as refused:
        load(somebody_elses)
    message = str(refused.value)
    assert f"Read {somebody_elses / 'network.py'}" in message
    assert f"convscope trust {somebody_elses}" in message
    assert "trust=True" in message
    assert not Path("executed").exists()


def test_the_word_for_once(somebody_elses):
    load(somebody_elses, trust=True).model()
    assert Path("executed").exists()
    with pytest.raises(RunError):
        load(somebody_elses)


def test_the_word_for_good(somebody_elses):
    assert trust.accept(somebody_elses) == somebody_elses / "network.py"
    assert trust.accept(somebody_elses) == somebody_elses / "network.py"
    assert len(trust.list_path().read_text().splitlines()) == 1
    load(somebody_elses).model()


def test_changed_code_is_damage_even_where_it_was_trusted(own):
    (own / "network.py").write_text(CODE.replace("executed", "something"))
    for word in (False, True):
        with pytest.raises(RunError, match=r"network\.py is damaged, or was changed"):
            load(own, trust=word)


def test_a_network_of_ours_needs_no_word(finished):
    with pytest.raises(RunError, match="carries no code"):
        trust.accept(finished.path)


def test_code_that_is_not_there(settings, dataset):
    gone = settings.model_copy(update={"network": NetworkPart(name="gone.py:Net")})
    with pytest.raises(NetworkError, match=r"gone\.py cannot be read"):
        create("runs", gone, dataset)
    assert not Path("runs").exists()
