"""Sequences against pandas and plain loops, with tables that are wrong in every way people get them wrong."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.data import DataSettings, load
from convscope.data.check import check, quick
from convscope.data.formats import sequences
from convscope.data.formats.sequences import of_table, recognises, windows_of
from convscope.data.text.columns import of_cells
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

SKY = ["sun", "rain", "fog"]


def frame(days=200, cities=("Ulm", "Bern"), start="2012-01-01", freq="D", seed=0):
    """Weather that never was: a table as people have them."""
    rng = np.random.default_rng(seed)
    times = pd.date_range(start, periods=days, freq=freq)
    parts = [
        pd.DataFrame(
            {
                "city": city,
                "date": times,
                "wind": rng.normal(size=days).round(2),
                "cars": rng.integers(0, 1000, days),
                "sky": rng.choice(SKY, days),
            }
        )
        for city in cities
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def read(tmp_path):
    """Write a table and read it back as sequences."""

    def write(table, name="table.csv", text=None, **settings):
        text = table.to_csv(index=False) if text is None else text
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load(tmp_path / name, DataSettings(**settings))

    write.folder = tmp_path
    return write


def refused(read, table, **settings):
    with pytest.raises(DataError) as caught:
        read(table, **settings)
    return str(caught.value)


def said(data, words):
    return any(words in remark for remark in data.remarks)


@pytest.mark.parametrize(("window", "horizon"), [(1, 1), (3, 1), (4, 5)])
def test_samples_are_those_of_pandas_shift(read, window, horizon):
    table = frame()
    data = read(table, target="sky", window=window, horizon=horizon)
    assert_dataset_is_sound(data)
    assert data.classes == ("fog", "rain", "sun")
    expected = {}
    for city, rows in table.groupby("city"):
        for step in range(window):
            for column in ("wind", "cars"):
                rows[f"{column} {step}"] = rows[column].shift(window - 1 - step + horizon)
        rows["before"] = rows["sky"].shift(horizon)
        for _, row in rows.iloc[window + horizon - 1 :].iterrows():
            expected[f"{city} {row['date']:%Y-%m-%d}"] = row
    assert sorted(data.names) == sorted(expected)
    wind, cars = (data.features.index(name) for name in ("wind", "cars"))
    for sample, name in enumerate(data.names):
        row = expected[name]
        assert data.when[sample] == name.split()[1]
        assert data.classes[data.labels[sample]] == row["sky"]
        assert data.classes[data.persistence[sample]] == row["before"]
        assert data.inputs[sample, wind].tolist() == pytest.approx([row[f"wind {s}"] for s in range(window)])
        assert data.inputs[sample, cars].tolist() == [row[f"cars {step}"] for step in range(window)]


def test_text_becomes_one_feature_a_class(read):
    table = frame()
    data = read(table, target="sky", window=2)
    assert data.features == ("city=Bern", "city=Ulm", "wind", "cars", "sky=fog", "sky=rain", "sky=sun")
    skies = data.inputs[:, 4:]
    assert torch.equal(skies.sum(1), torch.ones(len(skies), 2))
    assert torch.equal(skies[:, :, -1].argmax(1), data.persistence)
    cities = ["Bern", "Ulm"]
    assert [cities[place] for place in data.inputs[:, :2, 0].argmax(1).tolist()] == [
        name.split()[0] for name in data.names
    ]


def test_a_series_of_its_own_needs_no_feature(read):
    data = read(frame(cities=["Ulm"]).drop(columns="city"), target="sky", window=2)
    assert data.features == ("wind", "cars", "sky=fog", "sky=rain", "sky=sun")
    assert data.names == data.when
    assert data.settings.series is None


@pytest.mark.parametrize("values", [list("abc"), [3, 11, 7]])
def test_the_column_of_the_series_is_found(read, values):
    table = frame(cities=values)
    table["site"] = table.pop("city")
    data = read(table, target="sky", window=2)
    assert data.settings.series == "site"
    assert said(data, f"series: column site, 3 of them: {', '.join(map(str, sorted(values)))}")
    assert [name for name in data.features if name.startswith("site")] == [
        f"site={v}" for v in sorted(values)
    ]


def test_amounts_are_regression(read):
    data = read(frame(), target="wind", window=3)
    assert_dataset_is_sound(data)
    assert data.regression
    assert data.classes == ("wind",)
    assert data.labels.dtype == data.persistence.dtype == torch.float32
    assert torch.equal(data.inputs[:, data.features.index("wind"), -1], data.persistence)
    assert said(read(frame(), target="cars", window=3), "whole numbers are too many for classes")


def test_few_whole_numbers_are_classes_and_features_of_their_own(read):
    table = frame()
    table["level"] = [10, 9, 2] * (len(table) // 3) + [2]
    data = read(table, target="level", window=2)
    assert data.classes == ("2", "9", "10")
    assert data.features[-3:] == ("level=2", "level=9", "level=10")
    # As pandas writes whole numbers among which one is missing
    table["level"] = table["level"].astype(float)
    table.loc[0, "level"] = math.nan
    assert read(table, target="level", window=2).classes == ("2", "9", "10")


def test_the_season_is_a_circle_where_a_whole_year_is_seen(read):
    data = read(frame(days=800), target="sky", window=1)
    assert data.features[-2:] == ("season (sine)", "season (cosine)")
    sine, cosine = data.inputs[:, -2, 0], data.inputs[:, -1, 0]
    assert torch.allclose(sine**2 + cosine**2, torch.ones(len(sine)))
    seen = {
        (datetime.fromisoformat(when) - timedelta(1)).strftime("%m-%d"): row
        for row, when in enumerate(data.when)
    }
    assert (sine[seen["01-01"]], cosine[seen["01-01"]]) == (0, 1)
    assert sine[seen["04-01"]] > 0.99
    assert cosine[seen["07-02"]] < -0.99
    assert not any("season" in name for name in read(frame(days=300), target="sky", window=1).features)


def test_the_hour_is_a_circle_where_there_are_hours(read):
    data = read(frame(days=300, freq="h"), target="sky")
    assert data.features[-2:] == ("hour (sine)", "hour (cosine)")
    assert data.settings.window == 24
    assert data.when[0] == "2012-01-02T00:00"
    hours = torch.arange(24) * 2 * math.pi / 24
    assert torch.allclose(data.inputs[0, -2:], torch.stack([hours.sin(), hours.cos()]), atol=1e-6)


def test_parts_follow_each_other_and_are_cut_at_the_same_day_everywhere(read):
    data = read(frame(days=1461), target="sky", window=3)
    for city in ("Ulm", "Bern"):
        days = {
            part: [data.when[row] for row in rows.tolist() if data.names[row].startswith(city)]
            for part, rows in data.parts.items()
        }
        assert (days["train"][0], days["train"][-1]) == ("2012-01-04", "2014-09-12")
        assert (days["val"][0], days["val"][-1]) == ("2014-09-13", "2014-12-31")
        assert (days["test"][0], days["test"][-1], len(days["test"])) == ("2015-01-01", "2015-12-31", 365)
    assert said(
        data,
        "split by time: train 2012-01-04 to 2014-09-12, val 2014-09-13 to 2014-12-31,"
        " test 2015-01-01 to 2015-12-31",
    )


def test_no_part_is_held_back_if_nobody_wants_it(read):
    data = read(frame(), target="sky", window=3, val=0.0, test=0.0)
    assert [len(rows) for rows in data.parts.values()] == [394, 0, 0]
    assert said(data, "there is no test part")


@settings(deadline=None)  # the first example imports pandas, and machines may be busy
@given(st.integers(0, 79), st.sampled_from(["wind", "cars", "sky", "new sky", "empty"]), st.integers(1, 3))
def test_nothing_of_val_or_test_reaches_what_is_learnt(back, change, horizon):
    """Whatever happens from the day on which validation begins: the training part stays the same."""
    settings = DataSettings(target="sky", window=3, horizon=horizon)
    table = frame(days=100)

    def made():
        return of_table(
            of_cells(Path("t"), {n: v.astype(str) for n, v in table.items()}, np.arange(len(table))), settings
        )

    before = made()
    val = min(before.when[row] for row in before.parts["val"].tolist())
    rows = np.flatnonzero(table["date"] >= val)
    row = rows[back % len(rows)]
    column, value = {
        "wind": ("wind", 1e6),
        "cars": ("cars", -1),
        "sky": ("sky", "sun"),
        "new sky": ("sky", "meteors"),
        "empty": ("wind", math.nan),
    }[change]
    table[column] = table[column].astype(object)
    table.loc[row, column] = value
    after = made()
    assert after.features == before.features
    assert torch.equal(after.part("train")[0], before.part("train")[0])
    assert [after.classes[label] for label in after.part("train")[1]] == [
        before.classes[label] for label in before.part("train")[1]
    ]


def test_a_class_that_comes_later_is_kept_and_said(read):
    table = frame()
    table.loc[[190, 390], "sky"] = "meteors"
    data = read(table, target="sky", window=1)
    assert data.classes == ("fog", "meteors", "rain", "sun")
    assert "sky=meteors" not in data.features
    assert said(data, "not in the training part, so it cannot be learnt: meteors")
    after = data.when.index("2012-07-10")
    assert data.inputs[after, data.features.index("sky=fog") :].sum() == 0


def test_order_of_the_rows_does_not_matter(read):
    table = frame()
    shuffled = read(table.sample(frac=1, random_state=1), target="sky", window=3)
    ordered = read(table, target="sky", window=3)
    assert torch.equal(shuffled.inputs, ordered.inputs)
    assert shuffled.names == ordered.names
    assert said(shuffled, "the rows were not in the order of time: sorted")
    assert not said(ordered, "sorted")


def test_no_window_crosses_a_gap(read):
    table = frame(cities=["Ulm"]).drop(index=[50, 51, 52, 120])
    data = read(table, target="sky", window=3)
    lost = {f"{pd.Timestamp('2012-01-01') + pd.Timedelta(days=day):%Y-%m-%d}" for day in range(200)} - set(
        data.when
    )
    days = sorted((datetime.fromisoformat(day) - datetime(2012, 1, 1)).days for day in lost)
    assert days == [0, 1, 2, 50, 51, 52, 53, 54, 55, 120, 121, 122, 123]
    assert said(data, "6 windows were left out: they would cross one of 2 gaps in time")


def test_missing_values_are_the_last_ones_known(read):
    table = frame(cities=["Ulm"])
    table.loc[10:12, "wind"] = math.nan
    data = read(table, target="cars", window=2)
    row = data.when.index("2012-01-13")  # sees days 11 and 12
    assert data.inputs[row, data.features.index("wind")].tolist() == pytest.approx([table.loc[9, "wind"]] * 2)
    assert said(data, "missing values in 3 rows were filled with the last ones known")
    assert len(data.labels) == 198


def test_windows_with_long_holes_are_left_out(read):
    table = frame(cities=["Ulm"])
    table.loc[10:15, "wind"] = math.nan  # three are filled, 13 to 15 are not
    table.loc[0, "wind"] = math.nan  # nothing is known before
    data = read(table, target="cars", window=2)
    assert said(data, "5 windows were left out: values are missing in them")
    assert not {"2012-01-03", *(f"2012-01-{day}" for day in (15, 16, 17, 18))} & set(data.when)
    assert {"2012-01-14", "2012-01-19"} <= set(data.when)


def test_windows_without_target_are_left_out(read):
    table = frame(cities=["Ulm"])
    table.loc[[20, 21], "sky"] = ""
    data = read(table, target="sky", window=2)
    assert said(data, "2 windows were left out: their target, sky, is missing")
    after = data.when.index("2012-01-23")
    assert data.classes[data.persistence[after]] == table.loc[19, "sky"]  # the last known


def test_what_tells_nothing_is_said_or_left_out(read):
    table = frame()
    table["same"] = 5
    table["empty"] = math.nan
    table["empty text"] = ["x"] + [""] * (len(table) - 1)
    table["note"] = [f"note {row}" for row in range(len(table))]
    data = read(table, target="sky", window=2)
    assert said(data, "same is the same in all training rows")
    assert said(data, "empty is empty in most training rows: left out")
    assert said(data, "empty text is empty in most training rows: left out")
    assert said(data, "note has 288 different texts, too many for classes: left out")
    assert "same" in data.features
    assert not [name for name in data.features if name.startswith(("empty", "note"))]


def test_european_tables(read):
    table = frame(cities=["Ulm"])
    table["date"] = table["date"].dt.strftime("%d.%m.%Y")
    text = "\ufeff" + table.to_csv(index=False, sep=";", decimal=",")
    data = read(None, text=text, target="sky", window=2)
    expected = read(frame(cities=["Ulm"]), name="b.csv", target="sky", window=2)
    assert torch.equal(data.inputs, expected.inputs)
    assert data.when == expected.when


@pytest.mark.parametrize(
    ("freq", "window"), [("D", 7), ("B", 5), ("MS", 12), ("h", 24), ("15min", 10), ("W", 10)]
)
def test_a_window_is_chosen_by_the_spacing(read, freq, window):
    data = read(frame(freq=freq), target="sky")
    assert (data.settings.window, data.settings.horizon) == (window, 1)
    assert said(data, f"window: {window} rows")
    assert said(data, "horizon: the next row")


@pytest.mark.parametrize("name", ["date", "Date Time", "ds", "Timestamp", "datum", "when"])
def test_the_column_of_time_is_found(read, name):
    data = read(frame().rename(columns={"date": name}), target="sky", window=2)
    assert data.settings.time == name


@pytest.mark.parametrize("name", ["target", "Label", "y"])
def test_an_obvious_target_is_taken(read, name):
    assert read(frame().rename(columns={"sky": name}), window=2).settings.target == name


def test_uneven_spacing_is_said(read):
    table = frame(cities=["Ulm"])
    minutes = np.random.default_rng(0).integers(1, 60, len(table)).cumsum()
    table["date"] = pd.Timestamp("2012-01-01") + pd.to_timedelta(minutes, unit="min")
    assert said(read(table, target="sky", window=1), "the rows are unevenly spaced")


def test_the_future_is_said(read):
    assert said(read(frame(start="2150-01-01"), target="sky", window=1), "some rows lie in the future")


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda t: t, {}, "does not say what to predict: choose one of the columns wind, cars, sky"),
        (
            lambda t: t,
            {"target": "snow"},
            "has no column 'snow' for the target; its columns are city, date, wind",
        ),
        (lambda t: t, {"target": "sky", "time": "day"}, "has no column 'day' for the time"),
        (lambda t: t, {"target": "sky", "series": "town"}, "has no column 'town' for the series"),
        (lambda t: t, {"target": "sky", "time": "wind"}, "which is no date that convscope knows"),
        (lambda t: t, {"target": "sky", "window": 0}, "the window is 0 rows; expected at least 1"),
        (lambda t: t, {"target": "sky", "window": 2, "horizon": -1}, "the horizon is -1 rows"),
        (lambda t: t, {"target": "sky", "window": 200}, "need 201 rows, but the longest series has 200"),
        (lambda t: t, {"target": "sky", "test": 1.0}, "the share 'test' must be at least 0 and below 1"),
        (lambda t: t.assign(wind="x"), {"target": "wind"}, "column 'wind' holds 1 class"),
        (
            lambda t: t.assign(wind=["calm", *t["wind"][1:]]),
            {"target": "sky"},
            "column 'wind' holds numbers, but something else in 1 rows, the first is row 2: 'calm'",
        ),
        (
            lambda t: pd.concat([t, t.iloc[[7]]]),
            {"target": "sky"},
            "2012-01-01 is there 2 times, in the rows 2, 202.\n  Keep one of them; or, if they",
        ),
        (
            lambda t: pd.concat([t, t.iloc[[7]]]),
            {"target": "sky", "series": "city"},
            "2012-01-08 of Ulm is there 2 times, in the rows 9, 402.\n  Keep one of them",
        ),
        (
            lambda t: t.assign(city=["", *t["city"][1:]]),
            {"target": "sky", "series": "city"},
            "row 2 does not say which city it belongs to",
        ),
        (lambda t: t.iloc[[0, 200]], {"target": "cars"}, "has one row a series: too few"),
        (
            lambda t: t.iloc[:3],
            {"target": "cars", "window": 2},
            "has no window before those for val and test",
        ),
        (lambda t: t.iloc[:3], {"target": "cars", "val": 0.9, "window": 1}, "nothing to learn from"),
        (
            lambda t: t.assign(wind=[1 if row % 10 < 5 else math.nan for row in range(len(t))]).iloc[:49],
            {"target": "cars", "window": 20},
            "has no window that can be used.\n  29 windows were left out: values are missing in them",
        ),
        (lambda t: t.assign(day="-"), {"target": "sky", "time": "day"}, "column 'day' is empty"),
        (
            lambda t: t.assign(a=t["date"], b=t["date"]).drop(columns="date"),
            {},
            "several columns of dates: a, b",
        ),
        (
            lambda t: t.assign(date=t["date"].dt.strftime("%d/%m/%Y")).iloc[:12],
            {"target": "cars"},
            "can be read day first or month first: '02/01/2012' may be 2012-01-02 or 2012-02-01",
        ),
    ],
)
def test_bad_tables_and_wishes(read, change, settings, message):
    assert message in refused(read, change(frame()), **settings)


def test_rows_without_a_time_are_left_out(read):
    table = frame(cities=["Ulm"])
    table["date"] = table["date"].dt.strftime("%Y-%m-%d")
    table.loc[199, "date"] = ""
    assert said(read(table, target="sky", window=2), "1 rows have no date and were left out")


def test_what_is_recognised(tmp_path):
    tables = {
        "a.csv": ("date,x\n2012-01-01,1\n", True),
        "b.tsv": ("x\twhen\n1\t31.12.2012 10:00\n", True),
        "year.csv": ("year,x\n2012,1\n", True),
        "numbers.csv": ("x,y\n2012,1\n", False),
        "signal.csv": ("label,0,1,2\n1,0.5,0.25,0.125\n", False),
        "ucr.csv": ("1,0.5,0.25\n2,0.5,0.25\n", False),
        "head.csv": ("date,x\n", False),
        "empty.csv": ("", False),
        "a.txt": ("date,x\n2012-01-01,1\n", True),
        "notes.txt": ("Dear reader,\nhere is a note of 2012-01-01.\n", False),
    }
    for name, (text, expected) in tables.items():
        (tmp_path / name).write_text(text)
        assert recognises(tmp_path / name) == expected, name
    (tmp_path / "folder.csv").mkdir()
    assert not recognises(tmp_path / "folder.csv")
    (tmp_path / "latin.csv").write_bytes("größe,date\n1,2012-01-01\n".encode("latin-1"))
    assert recognises(tmp_path / "latin.csv")


def test_prediction_sees_what_training_saw(read):
    table = frame(days=60)
    data = read(table, target="sky", window=3, horizon=2)
    found = windows_of(read.folder / "table.csv", data.settings, data.features)
    places = [found.names.index(name) for name in data.names]
    assert torch.equal(found.inputs[places], data.inputs)
    assert [found.truth[place] for place in places] == [data.classes[label] for label in data.labels]
    assert [found.when[place] for place in places] == data.when
    new = [name for name in found.names if name not in data.names]
    assert new == [f"{city} 2012-03-0{day}" for city in ("Bern", "Ulm") for day in (1, 2)]
    assert [found.truth[found.names.index(name)] for name in new] == [None] * 4


def test_tomorrow_from_three_rows_of_another_table(read):
    table = frame(days=60)
    data = read(table, target="sky", window=3)
    rest = table.iloc[57:60][["sky", "cars", "date", "wind", "city"]].copy()
    rest["city"] = "Bern"
    rest.loc[58, "sky"] = "meteors"  # never seen: no class at all
    rest.to_csv(read.folder / "new.csv", index=False)
    found = windows_of(read.folder / "new.csv", data.settings, data.features)
    assert (found.names, found.when, found.truth) == (["Bern 2012-03-01"], ["2012-03-01"], [None])
    sky = [data.features.index(f"sky={name}") for name in ("fog", "rain", "sun")]
    assert found.inputs[0, sky].sum(0).tolist() == [1, 0, 1]
    assert found.inputs[0, data.features.index("city=Bern")].tolist() == [1, 1, 1]
    assert found.inputs[0, data.features.index("wind")].tolist() == pytest.approx(rest["wind"].tolist())


def test_prediction_of_amounts_names_what_is_missing(read):
    table = frame(days=60, cities=["Ulm"])
    data = read(table, target="wind", window=2)
    table.loc[table.index[20:27], "cars"] = math.nan
    table.loc[40, "wind"] = math.nan
    table.to_csv(read.folder / "new.csv", index=False)
    found = windows_of(read.folder / "new.csv", data.settings, data.features)
    assert [name for name, _ in found.skipped] == [f"2012-01-{day}" for day in range(25, 30)]
    assert {reason for _, reason in found.skipped} == {"values are missing"}
    assert len(found.names) == len(found.when) == len(found.truth) == len(found.inputs) == 59 - 5
    assert found.truth[found.when.index("2012-02-10")] is None
    assert found.truth[found.when.index("2012-02-09")] == table.loc[39, "wind"]


def test_prediction_wants_the_same_columns(read):
    data = read(frame(), target="sky", window=2)
    frame().drop(columns=["wind", "sky"]).to_csv(read.folder / "new.csv", index=False)
    with pytest.raises(
        DataError, match=r"new.csv has no column for sky=fog, sky=rain, sky=sun, wind; it has city"
    ):
        windows_of(read.folder / "new.csv", data.settings, data.features)
    frame(days=1, cities=["a", "b"]).to_csv(read.folder / "new.csv", index=False)
    with pytest.raises(DataError, match="one row a series"):
        windows_of(read.folder / "new.csv", data.settings, data.features)
    frame(days=2).to_csv(read.folder / "new.csv", index=False)
    with pytest.raises(DataError, match="has no 5 rows without a gap or a missing value"):
        windows_of(read.folder / "new.csv", replace(data.settings, window=5), data.features)


def test_settings_of_a_run_read_the_same_again(read):
    first = read(frame(), target="sky")
    again = load(read.folder / "table.csv", first.settings)
    assert again.settings == first.settings
    assert torch.equal(again.inputs, first.inputs)
    assert again.names == first.names


def test_amounts_can_be_checked(read):
    table = frame(cities=["Ulm"])
    table["wind"], table["cars"], table["sky"] = 1.0, np.arange(200) % 25, "sun"
    data = read(table, target="cars", window=1)
    assert {part: data.counts(part) for part in data.parts} == {"train": [143], "val": [16], "test": [40]}
    found = check(read.folder / "table.csv", DataSettings(target="cars", window=1))
    assert found.counts == {"train": {"cars": 143}, "val": {"cars": 16}, "test": {"cars": 40}}
    assert quick(data).leaks
    assert len(found.exact) == 25
    assert all(repeat.leak and not repeat.conflict for repeat in found.exact)


def test_horizon_0_tells_the_target_by_the_other_columns(read):
    table = frame(cities=["Ulm"], days=60).drop(columns="city")
    data = read(table, target="sky", window=3, horizon=0)
    assert data.features == ("wind", "cars")
    assert [data.classes[label] for label in data.labels] == table["sky"].tolist()[2:]
    np.testing.assert_allclose(data.inputs[:, 0, -1], table["wind"][2:], rtol=1e-6)
    assert list(data.when) == table["date"].dt.strftime("%Y-%m-%d").tolist()[2:]
    assert data.persistence is None
    assert_dataset_is_sound(data)


def test_prediction_with_horizon_0_needs_no_target(read):
    table = frame(cities=["Ulm"], days=60)
    data = read(table, target="sky", window=3, horizon=0)
    table.drop(columns="sky").to_csv(read.folder / "new.csv", index=False)
    found = windows_of(read.folder / "new.csv", data.settings, data.features)
    assert torch.equal(found.inputs, data.inputs)
    assert found.truth == [None] * 58


def test_horizon_0_wants_another_column(read):
    table = frame(cities=["Ulm"])[["date", "cars"]]
    assert "a horizon of 0 has nothing to tell it by" in refused(read, table, target="cars", horizon=0)


@pytest.mark.parametrize("stride", [1, 3, 7])
def test_windows_lie_a_stride_apart(read, stride):
    every = read(frame(cities=["Ulm"]), target="sky", window=5, horizon=2)
    some = read(frame(cities=["Ulm"]), target="sky", window=5, horizon=2, stride=stride)
    assert torch.equal(some.inputs, every.inputs[::stride])
    assert list(some.names) == list(every.names)[::stride]
    assert "stride is 0" in refused(read, frame(), target="sky", stride=0)


def test_a_label_is_a_target_of_classes(read):
    table = frame(cities=["Ulm"]).assign(state=[f"{row % 30}" for row in range(200)])
    assert not read(table, label="state", window=2).regression
    assert read(table, target="state", window=2).regression
    assert read(table, label="sky", window=2).classes == read(table, target="sky", window=2).classes
    assert "has only one of them" in refused(read, table, label="sky", target="state")
    assert "--target wind" in refused(read, table, label="wind")


def test_texts_that_are_nearly_all_different_are_no_classes(read):
    table = frame(cities=["Ulm"]).assign(note=[f"note {row}" for row in range(200)])
    assert "column 'note' holds 200 different texts in 200 rows" in refused(read, table, target="note")


@pytest.mark.parametrize("wish", [{"group": "sky"}, {"label_from": "(.)"}, {"size": (8, 8)}])
def test_wishes_that_mean_nothing_here_are_refused(read, wish):
    option = next(iter(wish)).replace("_", "-")
    assert f"--{option} has no meaning for it" in refused(read, frame(), target="sky", **wish)


def test_no_group_is_no_wish(read):
    assert len(read(frame(), target="sky", group="none").inputs)


def test_the_only_column_is_the_target(read):
    assert read(frame(cities=["Ulm"])[["date", "cars"]], window=2).classes == ("cars",)


@pytest.mark.parametrize("hole", [(140, 165), (100, 160), (150, 199)])
def test_a_gap_leaves_no_part_empty(read, hole):
    table = frame(cities=["Ulm"]).drop(index=range(*hole))
    data = read(table, target="cars", window=30)
    assert all(len(rows) for rows in data.parts.values())
    latest = {name: max(data.when[row] for row in rows.tolist()) for name, rows in data.parts.items()}
    first = {name: min(data.when[row] for row in rows.tolist()) for name, rows in data.parts.items()}
    assert latest["train"] < first["val"] <= latest["val"] < first["test"]
    assert_dataset_is_sound(data)


def test_classes_that_are_not_judged_are_said(read):
    table = frame(cities=["Ulm"])
    table.loc[100:, "sky"] = table.loc[100:, "sky"].replace("fog", "sun")
    data = read(table, target="sky", window=2)
    assert "not in the val part, so it is not judged there: fog" in data.remarks
    assert "not in the test part, so it is not judged there: fog" in data.remarks


def hours(count=72):
    table = frame(days=count, cities=["Ulm"], freq="h").drop(columns="city")
    return table, table.pop("date")


SPLIT = {
    "day and clock": lambda time: {
        "Date": time.dt.strftime("%d.%m.%Y"), "Time": time.dt.strftime("%H:%M:%S")
    },
    "12 hours": lambda time: {"date": time.dt.strftime("%Y-%m-%d"), "time": time.dt.strftime("%I:%M %p")},
    "dots": lambda time: {"Date": time.dt.strftime("%d/%m/%Y"), "Time": time.dt.strftime("%H.%M.%S")},
    "day and hour": lambda time: {"date": time.dt.strftime("%Y-%m-%d"), "hour": time.dt.hour},
    "hour as 1800": lambda time: {"date": time.dt.strftime("%Y-%m-%d"), "time": time.dt.hour * 100},
    "numbers": lambda time: {
        "year": time.dt.year, "month": time.dt.month, "day": time.dt.day, "hour": time.dt.hour
    },
    "short names": lambda time: {
        "YEAR": time.dt.year, "MO": time.dt.month, "DY": time.dt.day, "HR": time.dt.hour
    },
    "month by name": lambda time: {
        "Year": time.dt.year, "Month": time.dt.strftime("%B"), "Day": time.dt.day, "Hour": time.dt.hour
    },
    "day of year": lambda time: {"year": time.dt.year, "doy": time.dt.day_of_year, "hour": time.dt.hour},
    "characters": lambda time: {
        "年": time.dt.year, "月": time.dt.month, "日": time.dt.day, "时": time.dt.hour
    },
}  # fmt: skip


@pytest.mark.parametrize("form", SPLIT)
def test_a_time_in_several_columns(read, form):
    table, time = hours(24 * 15)
    expected = read(table.assign(date=time), target="cars", window=4)
    data = read(pd.DataFrame(SPLIT[form](time)).join(table), target="cars", window=4)
    assert torch.equal(data.inputs, expected.inputs)
    assert data.when == expected.when
    again = windows_of(read.folder / "table.csv", data.settings, data.features)
    assert torch.equal(again.inputs[: len(data.inputs)], data.inputs)


@pytest.mark.parametrize(
    "columns",
    [{"year": range(2000, 2030), "month": range(1, 13)}, {"Year": range(1990, 2020), "quarter": range(1, 5)}],
)
def test_years_and_months_or_quarters(read, columns):
    (year, years), (part, parts) = columns.items()
    rows = [(one, each) for one in years for each in parts]
    table = pd.DataFrame(rows, columns=[year, part]).assign(x=range(len(rows)))
    data = read(table, window=4)
    months = [(one - years[0]) * 12 + (each - 1) * 12 // len(parts) for one, each in rows[4:]]
    assert data.when == [f"{years[0] + month // 12}-{month % 12 + 1:02}-01" for month in months]
    assert len(data.inputs) == len(rows) - 4
    assert data.features[0] == "x"


def test_columns_of_time_can_be_named(read):
    table, time = hours()
    table = pd.DataFrame({"when": time.dt.strftime("%Y-%m-%d"), "at": time.dt.strftime("%H:%M")}).join(table)
    assert read(table, target="cars", window=2, time="when,at").settings.time == "when,at"
    assert "no column 'when,no' for the time" in refused(read, table, target="cars", time="when,no")
    odd = table.assign(at=["25:00", *table["at"][1:]])
    assert "row 2 is at no time that exists: when '2012-01-01', at '25:00'" in refused(
        read, odd, target="cars", time="when,at"
    )


@pytest.mark.parametrize("freq", ["h", "15min"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney"])
def test_the_hour_that_comes_twice_in_autumn(read, freq, zone):
    month = "2020-04-02" if "Sydney" in zone else "2020-10-20"
    time = pd.date_range(month, periods=24 * 16 * (4 if freq != "h" else 1), freq=freq, tz=zone)
    clock = time.strftime("%Y-%m-%d %H:%M")
    repeated = pd.Series(clock).duplicated()
    assert repeated.sum() == (4 if freq != "h" else 1)
    table = pd.DataFrame(
        {"time": clock, "load": range(len(time)), "sky": [SKY[n % 3] for n in range(len(time))]}
    )
    data = read(table, target="load", window=3)
    assert data.settings.series is None
    assert any("the second time of the same hour is left out" in remark for remark in data.remarks)
    assert set(data.labels.tolist()).isdisjoint(table["load"][repeated])
    two = pd.concat([table.assign(city="Ulm"), table.assign(city="Bern")])
    assert len(read(two, target="load", window=3).inputs) == 2 * len(data.inputs)


def test_other_times_that_are_there_twice_are_refused(read):
    table = frame(cities=["Ulm"], freq="h").drop(columns=["city", "sky"])
    assert "is there 2 times" in refused(read, pd.concat([table, table.iloc[[30]]]), target="cars")


def test_every_window_is_predicted_whatever_the_stride(read):
    table = frame(cities=["Ulm"])
    data = read(table, target="sky", window=5, horizon=2, stride=7)
    found = windows_of(read.folder / "table.csv", data.settings, data.features)
    assert found.when[-1] == "2012-07-20"
    assert set(data.when) <= set(found.when)
    assert len(found.inputs) == 196


@pytest.mark.parametrize("values", [["-7", "3", "5"], ["1.0", "2.0", "3.0"], ["-7.0", "0.0", "10.0"]])
def test_few_numbers_below_zero_or_with_a_point_are_amounts(read, values):
    table = frame()
    table["level"] = (values * len(table))[: len(table)]
    assert read(table, target="level", window=2).regression
    assert len(read(table, label="level", window=2).classes) == 3


@pytest.mark.parametrize("values", [["-1", "0", "1"], ["-1", "1"], ["0.0", "1.0"]])
def test_two_sides_are_classes_in_order(read, values):
    table = frame()
    table["level"] = (values * len(table))[: len(table)]
    assert [float(name) for name in read(table, target="level", window=2).classes] == [*map(float, values)]
    classes = read(table.assign(level=(["-10", "-2", "0", "3"] * 100)), label="level", window=2).classes
    assert classes == ("-10", "-2", "0", "3")


def test_few_numbers_with_a_unit_are_amounts(read):
    table = frame(cities=["Ulm"]).assign(hum=[f"{60 + row % 5}%" for row in range(200)])
    data = read(table, target="hum", window=2)
    assert data.regression
    assert data.labels[:3].tolist() == [62, 63, 64]
    assert read(table, label="hum", window=2).classes == ("60%", "61%", "62%", "63%", "64%")


@pytest.mark.parametrize(("rows", "stride"), [(120, 500), (60, 100), (30, 26)])
def test_a_single_window_has_no_test_part_and_it_is_said(tmp_path, rows, stride):
    days = np.datetime64("2020-01-01") + np.arange(rows)
    lines = [f"{day},{at % 7}.5,{at}.25" for at, day in enumerate(days)]
    (tmp_path / "days.csv").write_text("\n".join(["date,temp,y", *lines]))
    data = load(tmp_path / "days.csv", DataSettings(target="temp", window=5, stride=stride))
    assert [len(data.parts[part]) for part in ("train", "val", "test")] == [1, 0, 0]
    assert any("there is a single window: none is left for val and test" in line for line in data.remarks)
    assert not any("of the windows" in line for line in data.remarks)


@pytest.mark.parametrize("start", [0, 1, 5000])
def test_a_column_that_counts_the_rows_is_no_feature(read, start):
    table = frame()
    table["No"] = np.arange(len(table)) + start
    table["each"] = [*range(len(table) // 2)] * 2
    data = read(table, target="wind", window=3)
    assert not {"No", "each"} & set(data.features)
    assert said(data, "No counts the rows")
    assert said(data, "inputs: city, wind, cars, sky")
    assert "No" in read(table.assign(No=table["No"] * 2), target="wind", window=3).features


@pytest.mark.parametrize("last", [lambda n: [7] * n, lambda n: [0] * n, lambda n: [*range(n)]])
def test_a_column_that_tells_nothing_is_not_proposed(read, last):
    table = frame()
    table["last"] = last(len(table))
    assert "For example: --target sky" in refused(read, table)


@pytest.mark.parametrize(("asked", "meant"), [("WIND", "wind"), ("Sky", "sky"), ("car", "cars")])
def test_a_column_by_nearly_its_name(read, asked, meant):
    assert f"did you mean '{meant}'? Its columns are city" in refused(read, frame(), target=asked)


def test_what_is_below_the_header_is_quoted(read):
    lines = [
        "date,open,close",
        "Ticker,AAPL,MSFT",
        *(f"2020-01-{day:02d},{day}.5,2.{day}" for day in range(1, 30)),
    ]
    assert said(read(None, text="\n".join(lines), target="open"), "units or names (Ticker, AAPL, MSFT)")


def test_many_windows_are_a_view_of_the_rows_and_hold_the_same(read, monkeypatch):
    table = frame(cities=["Ulm"])
    usual = read(table, target="cars", window=5)
    monkeypatch.setattr(sequences, "LARGE", 0)
    large = read(table, target="cars", window=5)
    assert large.inputs.untyped_storage().nbytes() < usual.inputs.untyped_storage().nbytes()
    assert torch.equal(large.inputs, usual.inputs)
    assert large.when == usual.when
    assert torch.equal(read(table.drop(index=60), target="cars", window=5).inputs[:40], usual.inputs[:40])
