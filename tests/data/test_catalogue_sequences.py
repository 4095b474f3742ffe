import os
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope.data import DataSettings, load
from convscope.data.catalogue import sequences as catalogue_sequences
from convscope.data.catalogue.download import sha256
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound


@pytest.mark.real_data
def test_weather_is_the_published_one():
    data = load("weather")
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (2_916, 13, 3)
    assert data.classes == ("drizzle", "fog", "rain", "snow", "sun")
    assert {part: len(rows) for part, rows in data.parts.items()} == {"train": 1966, "val": 220, "test": 730}
    assert data.counts("test") == [30, 64, 235, 20, 381]
    assert (data.settings.target, data.settings.window, data.settings.horizon) == ("weather", 3, 1)
    assert (data.settings.time, data.settings.series) == ("date", "location")
    assert {data.when[row][:4] for row in data.parts["test"].tolist()} == {"2015"}
    test = data.parts["test"]
    assert (data.persistence[test] == data.labels[test]).float().mean().item() == pytest.approx(
        0.5808, abs=1e-4
    )
    assert sha256(Path(data.remarks[0].removeprefix("read from "))) == catalogue_sequences.WEATHER.sha256


@pytest.mark.real_data
def test_weather_listens_to_the_person():
    data = load("weather", DataSettings(target="temp_max", window=5, horizon=2))
    assert_dataset_is_sound(data)
    assert data.classes == ("temp_max",)
    assert data.inputs.shape == (2 * (1461 - 6), 13, 5)


@pytest.mark.real_data
def test_weather_is_kept_where_it_was_downloaded(own_cache, monkeypatch):
    table = next((Path(os.environ["CONVSCOPE_DATA"]) / "weather").glob("*.csv"))
    monkeypatch.delenv("CONVSCOPE_DATA")
    monkeypatch.setattr(catalogue_sequences, "MIRRORS", ("http://127.0.0.1:9/",))
    with pytest.raises(DataError, match=r"weather.csv could not be downloaded"):
        load("weather")
    (own_cache / "weather" / "weather.csv").write_bytes(table.read_bytes())
    assert load("weather").remarks[0] == f"read from {own_cache / 'weather' / 'weather.csv'}"


def test_stocks_need_nothing(monkeypatch):
    import matplotlib

    monkeypatch.delenv("CONVSCOPE_DATA", raising=False)
    data = load("stocks")
    assert_dataset_is_sound(data)
    assert data.source == "stocks"
    assert data.classes == ("volume",)
    assert data.inputs.shape == (1042, 7, 5)
    prices = np.load(Path(matplotlib.get_data_path()) / "sample_data" / "goog.npz")["price_data"]
    assert torch.equal(data.labels, torch.from_numpy(prices["volume"][5:].astype(np.float32)))
    assert torch.equal(data.inputs[:, 0, 0], torch.from_numpy(prices["open"][:-5].astype(np.float32)))
    assert data.when == prices["date"][5:].astype(str).tolist()
