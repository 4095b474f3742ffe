"""Sequences by name: the weather of two cities, and a share's trading, which comes with matplotlib."""

from dataclasses import replace

import numpy as np

from convscope.data.catalogue.download import Remote, fetch, sha256
from convscope.data.catalogue.pictures import installed, roots
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import cache
from convscope.data.formats import sequences
from convscope.data.text import columns

WEATHER = Remote("weather.csv", 121_417, "27219f1ca8dbd94c9b6f4b9f4f52ab2f1eb33dfdcf719cd9fc6481ed50b74549")
MIRRORS = (
    "https://cdn.jsdelivr.net/npm/vega-datasets@3.2.1/data/",
    "https://unpkg.com/vega-datasets@3.2.1/data/",
)


def weather(settings: DataSettings) -> Dataset:
    """Four years of daily weather in Seattle and New York, from NOAA; tomorrow's from the last three days."""
    tables = [file for root in roots() for file in sorted((root / "weather").glob("*.csv"))]
    found = next((file for file in tables if sha256(file) == WEATHER.sha256), None)
    if found is None:
        found = cache.home() / "weather" / WEATHER.name
        fetch([WEATHER], MIRRORS, found.parent)
    data = sequences.load(found, _by_default(settings, target="weather", window=3, horizon=1))
    return replace(data, source="weather", remarks=(f"read from {found}", *data.remarks))


def stocks(settings: DataSettings) -> Dataset:
    """Google's share on 1,047 days, 2004 to 2008, with matplotlib; tomorrow's trading volume, an amount."""
    path = installed("matplotlib", "mpl-data/sample_data/goog.npz")
    prices = np.load(path, allow_pickle=False)["price_data"]  # (day,) with a field for each column
    names = ("date", "open", "high", "low", "close", "volume")
    table = columns.of_cells(path, {name: prices[name].astype(str) for name in names}, np.arange(len(prices)))
    data = sequences.of_table(table, _by_default(settings, target="volume", horizon=1))
    return replace(data, source="stocks")


def _by_default(settings: DataSettings, **wanted: str | int) -> DataSettings:
    """The settings with what the person left open."""
    return replace(
        settings, **{name: value for name, value in wanted.items() if getattr(settings, name) is None}
    )
