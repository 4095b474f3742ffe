import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from convscope import data
from convscope.data.dataset import DataSettings
from convscope.errors import DataError
from convscope.run import NetworkPart, RunSettings, load
from convscope.run.settings import DataPart, Facts
from convscope.settings import Augment, TrainingSettings

text = st.text(max_size=20)
shares = st.floats(0, 0.99)
sizes = st.lists(st.integers(1, 999), min_size=1, max_size=3).map(tuple)


def perhaps(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


channels = st.sampled_from([None, 1, 3])
augments = st.builds(Augment, shift=shares, flip=st.booleans(), rotate=st.floats(0, 180), cutout=shares)
everything = st.builds(
    RunSettings,
    data=st.builds(
        DataPart, source=text, size=perhaps(sizes), channels=st.sampled_from([None, 1, 3]), val=shares
    ),
    network=st.builds(
        NetworkPart, name=text, width=perhaps(st.floats(0.01, 9)), depth=perhaps(st.integers(1, 99))
    ),
    training=st.builds(
        TrainingSettings,
        epochs=perhaps(st.floats(0.01, 1e4)),
        batch=perhaps(st.just("full") | st.integers(1, 10**6)),
        lr=perhaps(st.floats(1e-12, 1e3)),
        augment=perhaps(augments),
        patience=perhaps(st.integers(1, 99)),
        precision=st.sampled_from(["auto", "fp32", "bf16"]),
    ),
    facts=st.builds(
        Facts,
        created=text,
        classes=st.lists(text, max_size=30).map(tuple),
        channels=st.integers(1, 9),
        space=sizes,
        samples=st.dictionaries(text, st.integers(0, 10**9), max_size=3),
        versions=st.dictionaries(text, text, max_size=3),
        remarks=st.lists(text, max_size=3).map(tuple),
    ),
)


@settings_of_hypothesis(max_examples=40)
@given(everything)
def test_settings_come_back_from_toml(settings):
    written = settings.to_toml()
    assert RunSettings.from_toml(written, Path("settings.toml")) == settings
    tomllib.loads(written)  # valid for the standard library's reader as well


def test_toml_is_for_people(settings):
    lines = settings.to_toml().splitlines()
    assert lines[0] == "# What this run was trained with, nothing left open."
    assert "[training]" in lines
    assert 'classes = ["cat", "dog", "owl"]' in lines
    assert "size = [12, 10]" in lines
    assert max(map(len, lines)) < 200


def test_a_source_with_bytes_that_are_no_text(settings, dataset, tmp_path):
    from convscope.run import create

    odd = settings.model_copy(update={"data": replace(settings.data, source="caf\udce9")})
    writer = create("runs", odd, dataset)
    writer.close()
    assert load(writer.path).settings.data.source == "caf\udce9"


def test_facts_are_those_of_the_data(settings, dataset, photos):
    assert settings.facts.classes == ("cat", "dog", "owl")
    assert settings.facts.space == (12, 10)
    assert settings.facts.values == "uint8"
    assert sum(settings.facts.samples.values()) == 30
    assert settings.data.source == str(photos)
    assert set(settings.facts.versions) == {"convscope", "python", "torch", "numpy"}
    assert settings.data.plain() == dataset.settings


def test_a_relative_source_is_found_from_elsewhere(photos, tmp_path, monkeypatch):
    dataset = data.load("photos", DataSettings(size=(12, 10), channels=1))
    settings = RunSettings.of(dataset, NetworkPart(name="plain"), TrainingSettings())
    assert settings.data.source == str(photos)
    named = RunSettings.of(data.load("digits"), NetworkPart(name="plain"), TrainingSettings())
    assert named.data.source == "digits"


@pytest.mark.parametrize("change", ["a picture more", "a picture changed", "a picture fewer"])
def test_data_that_have_changed_are_refused(finished, photos, change):
    if change == "a picture more":
        (photos / "cat" / "new.png").write_bytes((photos / "cat" / "0.png").read_bytes())
    elif change == "a picture changed":
        (photos / "cat" / "0.png").write_bytes((photos / "owl" / "0.png").read_bytes())
    else:
        (photos / "dog" / "3.png").unlink()
    with pytest.raises(DataError, match="are not what this run was trained on"):
        finished.dataset()
