"""Tables that everybody has, made small by their published description: each loads as it is."""

import numpy as np
import pandas as pd
import pytest

from convscope.data import DataSettings, load
from convscope.data.formats.sequences import windows_of
from tests.data.soundness import assert_dataset_is_sound

RNG = np.random.default_rng(0)
WAVE = np.round(20 + 5 * np.sin(np.arange(600) / 9) + RNG.normal(size=600) / 9, 3)
OTHER = np.round(RNG.normal(size=600), 2)


def household():
    """UCI: Individual household electric power consumption."""
    time = pd.date_range("2006-12-16 17:24", periods=600, freq="min")
    rows = [
        f"{at.day}/{at.month}/{at.year};{at:%H:%M:%S};{x};{y};?"
        for at, x, y in zip(time, WAVE, OTHER, strict=True)
    ]
    rows[50] = rows[50].rsplit(";", 3)[0] + ";?;?;"
    text = "\n".join(["Date;Time;Global_active_power;Voltage;Sub_metering_3", *rows]) + "\n"
    return "household_power_consumption.txt", text.encode(), "Global_active_power", time


def prsa():
    """UCI: Beijing PM2.5."""
    time = pd.date_range("2010-01-01", periods=600, freq="h")
    table = pd.DataFrame(
        {"No": range(1, 601), "year": time.year, "month": time.month, "day": time.day, "hour": time.hour,
         "pm2.5": np.where(np.arange(600) < 24, np.nan, WAVE), "DEWP": OTHER, "cbwd": ["NW", "cv"] * 300}
    )  # fmt: skip
    return "PRSA_data.csv", table.to_csv(index=False, na_rep="NA").encode(), "pm2.5", time


def jena():
    """Weather at the Max Planck Institute in Jena."""
    time = pd.date_range("2009-01-01 00:10", periods=600, freq="10min")
    wind = np.where(np.isin(np.arange(600), [100, 101, 400]), -9999.0, np.abs(OTHER))
    table = pd.DataFrame(
        {"Date Time": time.strftime("%d.%m.%Y %H:%M:%S"), "T (degC)": WAVE, "wv (m/s)": wind}
    )
    return "jena_climate_2009_2016.csv", table.to_csv(index=False).encode(), "T (degC)", time


def transformer():
    """ETTh1: the oil temperature of a transformer."""
    time = pd.date_range("2016-07-01", periods=600, freq="h")
    table = pd.DataFrame({"date": time.strftime("%Y-%m-%d %H:%M:%S"), "HUFL": OTHER, "OT": WAVE})
    return "ETTh1.csv", table.to_csv(index=False).encode(), "OT", time


def airline():
    """Passengers of airlines by month: one column beside the time."""
    time = pd.date_range("1949-01-01", periods=600, freq="MS")
    table = pd.DataFrame({"Month": time.strftime("%Y-%m"), "Passengers": WAVE})
    return "airline-passengers.csv", table.to_csv(index=False).encode(), None, time


def seaborn_flights():
    """The same as seaborn has it."""
    time = pd.date_range("1949-01-01", periods=600, freq="MS")
    table = pd.DataFrame({"year": time.year, "month": time.strftime("%b"), "passengers": WAVE})
    return "flights.csv", table.to_csv(index=False).encode(), "passengers", time


def yahoo():
    """Prices as Yahoo Finance had them as CSV."""
    time = pd.bdate_range("2015-01-02", periods=600)
    table = pd.DataFrame(
        {"Date": time.strftime("%Y-%m-%d"), "Close": WAVE, "Volume": RNG.integers(1e6, 1e8, 600)}
    )
    return "AAPL.csv", table.to_csv(index=False).encode(), "Close", time


def yfinance():
    """Prices as the package yfinance writes them: tickers and the index's name below the header."""
    time = pd.bdate_range("2015-01-02", periods=600)
    rows = [f"{at:%Y-%m-%d},{x},{y}" for at, x, y in zip(time, WAVE, OTHER, strict=True)]
    text = "\n".join(["Price,Close,High", "Ticker,AAPL,AAPL", "Date,,", *rows]) + "\n"
    return "yfinance.csv", text.encode(), "Close", time


def investing():
    """Prices as Investing.com writes them: for people, newest first."""
    time = pd.bdate_range("2015-01-02", periods=600)
    rows = [
        f'"{at:%m/%d/%Y}","{1000 * x:,.2f}","{"-" if place % 9 == 3 else f"{x:.2f}M"}","{y:.2f}%"'
        for place, (at, x, y) in enumerate(zip(time, WAVE, OTHER, strict=True))
    ]
    text = "\n".join(['"Date","Price","Vol.","Change %"', *rows[::-1]]) + "\n"
    return "investing.csv", text.encode("utf-8-sig"), "Price", time


def air_quality():
    """UCI: Air Quality, with decimal commas, clocks with points, −200 for missing, empty rows and columns."""
    time = pd.date_range("2004-03-10 18:00", periods=600, freq="h")
    rows = [
        f"{at:%d/%m/%Y;%H.%M.%S};{x:.3f};{-200 if place % 50 == 7 else abs(y):.2f};;".replace(
            ".", ","
        ).replace(f"{at:%H,%M,%S}", f"{at:%H.%M.%S}")
        for place, (at, x, y) in enumerate(zip(time, WAVE, OTHER, strict=True))
    ]
    text = "\r\n".join(["Date;Time;CO(GT);NMHC(GT);;", *rows, *[";;;;;"] * 9]) + "\r\n"
    return "AirQualityUCI.csv", text.encode(), "CO(GT)", time


def bikes():
    """UCI: Bike Sharing by the hour."""
    time = pd.date_range("2011-01-01", periods=600, freq="h")
    table = pd.DataFrame(
        {"instant": range(1, 601), "dteday": time.strftime("%Y-%m-%d"), "yr": 0, "mnth": time.month,
         "hr": time.hour, "temp": OTHER, "cnt": WAVE}
    )  # fmt: skip
    return "hour.csv", table.to_csv(index=False).encode(), "cnt", time


def mauna_loa():
    """CO2 at Mauna Loa as NOAA writes it, below many lines of comment."""
    time = pd.date_range("1958-03-01", periods=600, freq="MS")
    rows = [
        f"{at.year},{at.month},{at.year + at.month / 12:.4f},{x},-9.99"
        for at, x in zip(time, WAVE, strict=True)
    ]
    text = (
        "\n".join(["# USE OF NOAA GML DATA", "#", "# a, b", "year,month,decimal date,average,sdev", *rows])
        + "\n"
    )
    return "co2_mm_mlo.csv", text.encode(), "average", time


def power():
    """NASA POWER by the hour, below a block of facts."""
    time = pd.date_range("2020-01-01", periods=600, freq="h")
    rows = [
        f"{at.year},{at.month},{at.day},{at.hour},{-999 if place in (9, 10) else x},{y}"
        for place, (at, x, y) in enumerate(zip(time, WAVE, OTHER, strict=True))
    ]
    head = [
        "-BEGIN HEADER-",
        "NASA/POWER Hourly Data",
        "Dates: 01/01/2020 through 01/25/2020",
        "-END HEADER-",
    ]
    text = "\n".join([*head, "YEAR,MO,DY,HR,T2M,RH2M", *rows]) + "\n"
    return "POWER_Point_Hourly.csv", text.encode(), "T2M", time


def dwd():
    """Germany's weather service: 2020010100 for the hour, blanks around numbers, −999 for missing."""
    time = pd.date_range("2020-01-01", periods=600, freq="h")
    rows = [
        f"        433;{at:%Y%m%d%H};    3; {-999 if place in (9, 10) else x:7.3f};  {y:.1f};eor"
        for place, (at, x, y) in enumerate(zip(time, WAVE, OTHER, strict=True))
    ]
    text = "\n".join(["STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor", *rows]) + "\n"
    return "produkt_tu_stunde.txt", text.encode(), "TT_TU", time


TABLES = (
    *(household, prsa, jena, transformer, airline, seaborn_flights, yahoo, yfinance, investing, air_quality),
    *(bikes, mauna_loa, power, dwd),
)


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_a_popular_table_loads_as_it_is(make, tmp_path):
    name, content, target, time = make()
    (tmp_path / name).write_bytes(content)
    data = load(tmp_path / name, DataSettings(target=target, window=5))
    assert data.kind == "sequence" and data.regression
    assert_dataset_is_sound(data)
    known = {
        f"{at:%Y-%m-%dT%H:%M}".removesuffix("T00:00") if (time.hour == 0).all() else f"{at:%Y-%m-%dT%H:%M}": x
        for at, x in zip(time, WAVE * (1000 if make is investing else 1), strict=True)
    }
    assert len(data.labels) > 550
    np.testing.assert_allclose(data.labels, [known[at] for at in data.when], rtol=1e-6)
    again = windows_of(tmp_path / name, data.settings, data.features)
    assert len(again.inputs) >= len(data.inputs)


def test_codes_for_missing_are_no_values(tmp_path):
    name, content, target, _ = air_quality()
    (tmp_path / name).write_bytes(content)
    data = load(tmp_path / name, DataSettings(target=target, window=5))
    assert (data.inputs[:, data.features.index("NMHC(GT)")] >= 0).all()
    assert "column NMHC(GT): -200, far outside of all else, is taken for missing (12 rows)" in data.remarks
