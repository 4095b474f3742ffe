"""Texts as people have them, against what they were written from."""

import gzip
import warnings

import numpy as np
import pytest

from convscope.data import DataSettings, load
from convscope.data.text import columns, decoding, layout, missing, numbers
from convscope.data.text.describing import described
from convscope.errors import DataError

WEATHER = {
    "gbk": "日期,温度,天气\n2020-01-01,5,雪\n2020-01-02,6,晴\n",
    "gb18030": "时间,销量\n2020年1月1日,5\n2020年1月2日,7\n",
    "big5": "日期,溫度,天氣\n2020-01-01,5,雪\n2020-01-02,6,晴\n",
    "shift_jis": "日付,気温,天気\n2020-01-01,5,雪\n2020-01-02,6,晴れ\n",
    "euc_jp": "日付,気温,天気\n2020-01-01,5,雪\n2020-01-02,6,晴れ\n",
    "euc_kr": "날짜,온도,날씨\n2020-01-01,5,눈\n2020-01-02,6,맑음\n",
    "cp1251": "дата,температура,погода\n2020-01-01,5,снег\n2020-01-02,6,солнце\n",
    "koi8_r": "дата,температура,погода\n2020-01-01,5,снег\n2020-01-02,6,солнце\n",
    "cp1253": "Ημερομηνία,Θερμοκρασία\n2020-01-01,5\n2020-01-02,6\n",
    "latin-1": "Datum,größe,Wetter\n2020-01-01,5,schön\n2020-01-02,6,trüb\n",
    "cp1252": "Datum,Preis\n2020-01-01,5 €\n2020-01-02,6 €\n",
    "utf-16": "日期,température,°C\n2020-01-01,5,6\n2020-01-02,6,7\n",
    "utf-16-le": "date,température,°C\n2020-01-01,5,6\n2020-01-02,6,7\n",
    "utf-16-be": "date,température,°C\n2020-01-01,5,6\n2020-01-02,6,7\n",
    "utf-8-sig": "date,température,°C\n2020-01-01,5,6\n2020-01-02,6,7\n",
}


@pytest.fixture
def write(tmp_path):
    def to(text, name="table.csv", encoding="utf-8"):
        content = text.encode(encoding)
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return tmp_path / name

    return to


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
@pytest.mark.parametrize("encoding", WEATHER)
def test_the_encoding_is_found(write, encoding, name):
    path = write(WEATHER[encoding], name, encoding)
    found = decoding.read(path)
    assert found.text == WEATHER[encoding]
    assert len(found.said) == (encoding != "utf-8-sig")
    assert columns.head(path)[0] == WEATHER[encoding].splitlines()[0].split(",")


def test_a_few_damaged_characters_are_said(write):
    path = write("größe,wärme\n" + "schön,5\n" * 30)
    path.write_bytes(path.read_bytes() + b"b\xf6se,6\n")
    found = decoding.read(path)
    assert found.text.endswith("b�se,6\n")
    assert found.said == ("1 characters are damaged, the first in line 32: read as �",)


def test_a_head_ends_with_a_line(write):
    text = "größe,wärme\n" + "schön,5.25\n" * 10_000
    for encoding in ("utf-8", "latin-1", "utf-16"):
        head = decoding.head(write(text, encoding=encoding))
        assert text.startswith(head) and head.endswith("5.25\n")


TABLE = [
    ["date", "temp", "sky"],
    ["2020-01-01", "5.5", "sun"],
    ["2020-01-02", "6", "rain"],
    ["2020-01-03", "7", "sun"],
]
LAYOUTS = {
    "commas": "\n".join(",".join(row) for row in TABLE),
    "semicolons": "\n".join(";".join(row) for row in TABLE),
    "bars": "\n".join("|".join(row) for row in TABLE),
    "blanks": "\n".join("   ".join(row) for row in TABLE),
    "tabs": "\n".join("\t".join(row) for row in TABLE),
    "comments": "# station 7\n# units: C, mm\n" + "\n".join(",".join(row) for row in TABLE),
    "percent": "% station 7, Ulm\n\n" + "\n".join(",".join(row) for row in TABLE),
    "slashes": "// made by a logger\n" + "\n".join(";".join(row) for row in TABLE),
    "facts": "Station: Ulm\nHeight (m),470\n\n" + "\n".join(",".join(row) for row in TABLE),
    "header in a comment": "# station 7\n# " + "\n".join(" ".join(row) for row in TABLE),
    "comments between": "\n".join(["# one", *(",".join(row) + "\n# more, and more" for row in TABLE)]),
    "units": "date,temp,sky\n,°C,\n" + "\n".join(",".join(row) for row in TABLE[1:]),
    "lines of Windows": "# station\r\n" + "\r\n".join(",".join(row) for row in TABLE),
}  # fmt: skip


@pytest.mark.parametrize("form", LAYOUTS)
def test_the_table_is_found_in_its_text(write, form):
    table = columns.read(write(LAYOUTS[form] + "\n"))
    assert table.columns == TABLE[0]
    assert table.numbers("temp").tolist() == [5.5, 6, 7]
    assert [table.cell("date", row) for row in range(3)] == [row[0] for row in TABLE[1:]]
    usual = form in ("commas", "semicolons", "tabs")
    assert bool(table.remarks) != usual


def test_rows_keep_their_numbers_below_comments(write):
    assert columns.read(write(LAYOUTS["comments"])).rows.tolist() == [4, 5, 6]
    assert columns.read(write(LAYOUTS["units"])).rows.tolist() == [3, 4, 5]


@pytest.mark.parametrize(
    "text",
    ["#,date\n1,2020-01-01\n2,2020-01-02\n", "%,x\n1,2\n3,4\n", '"a, b",c\n1,2\n3,4\n', "a,b\n#1,2\n#3,4\n"],
)
def test_what_looks_like_a_comment_may_be_a_cell(write, text):
    assert len(columns.read(write(text)).rows) == 2


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01,5,sun\n2020-01-02,6,rain\n2020-01-03,7,sun\n",
        "1577836800,5,0.5\n1577836860,6,0.25\n1577836920,7,1\n",
    ],
)
def test_a_table_without_a_header(write, text):
    table = columns.read(write(text))
    assert table.columns == ["column1", "column2", "column3"]
    assert table.numbers("column2").tolist() == [5, 6, 7]
    assert table.rows.tolist() == [1, 2, 3]
    assert "there is no header: the columns are called column1 to column3" in table.remarks


@pytest.mark.parametrize(
    "header", ["country,1960,1961", "state,2020-01-01,2020-01-02", "0,1,2", "label,0.1,0.2"]
)
def test_numbers_and_dates_may_name_columns(write, header):
    assert columns.read(write(header + "\na,5,6\nb,7,8\nc,9,1\n")).columns == header.split(",")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["$64.82", "$1,064.82"], [64.82, 1064.82]),
        (["63%", "5.5 %", "-"], [63, 5.5, np.nan]),
        (["1,234.5", "2"], [1234.5, 2]),
        (["1 234,5", "12,25"], [1234.5, 12.25]),
        (["1\u202f234,5", "12"], [1234.5, 12]),
        (["1'234.50", "5"], [1234.5, 5]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["1.234,5", "2,5"], [1234.5, 2.5]),
        (["12,34,567", "1,00,000"], [1234567, 100000]),
        (["21.3°C", "-2°C"], [21.3, -2]),
        (["12 km/h", "3.5 km/h"], [12, 3.5]),
        (["5 µg/m³", "6 µg/m³"], [5, 6]),
        (["(5)", "6", "(1,000)"], [-5, 6, -1000]),
        (["−5", "4"], [-5, 4]),
        (["5-", "6"], [-5, 6]),
        (["-$5.00", "$(4)", "$3"], [-5, -4, 3]),
        (["12.5M", "800.1K", "3B"], [12.5e6, 800.1e3, 3e9]),
        (["€ 5,00", "€ 1.234,50"], [5, 1234.5]),
        (["USD 5", "USD 6.5"], [5, 6.5]),
        (["1.5e3 m", "2 m"], [1500, 2]),
        (["+5%", "-3.2%"], [5, -3.2]),
    ],
)
def test_numbers_written_for_people(cells, expected):
    nothing = np.array([cell in missing.WORDS for cell in cells])
    found = numbers.read(cells, nothing, comma=False)
    np.testing.assert_allclose(found.values, expected, rtol=1e-15)
    assert found.said.startswith("'") and "is read as the number" in found.said


@pytest.mark.parametrize(
    "cells",
    [
        ["1st", "2nd"], ["12:30", "13:30"], ["1.2.3", "1.2.4"], ["S", "M"], ["2020-01-01", "2020-01-02"],
        ["10-20", "20-30"], ["10am", "11am"], ["1/2", "3/4"], ["030 123", "040 555"], ["5 km", "3 kg"],
        ["12,3456.7", "1"], ["192.168.1.1", "10.0.0.1"], ["A1", "A2"], ["0x1f", "0x2f"], ["1_0", "2_0"],
    ],
)  # fmt: skip
def test_what_is_no_number(cells):
    found = numbers.read(cells, np.zeros(2, bool), comma=False)
    assert not np.isfinite(found.values).all()
    assert found.said == ""


def test_a_column_of_text_with_some_numbers_stays_text(write):
    table = columns.read(write("size\n38 cm\nsmall\n40 cm\nlarge\n"))
    assert not table.is_number("size")


@pytest.mark.parametrize("code", [-999, -9999, 9999, -99.9, 999.9, -200])
def test_codes_for_missing_values(write, code):
    values = [f"{value % 17 + 0.5}" for value in range(40)]
    for row in (3, 4, 30):
        values[row] = str(code)
    table = columns.read(write("a,b\n" + "".join(f"{value},1\n" for value in values)))
    assert np.flatnonzero(np.isnan(table.numbers("a"))).tolist() == [3, 4, 30]
    assert table.missing("a").sum() == 3
    assert table.remarks == (f"column a: {code:g}, far outside of all else, is taken for missing (3 rows)",)


def test_two_codes_at_once():
    values = np.array([-9999.0, 9999.0, *range(20)])
    assert missing.codes(values, np.full(22, 2)) == {-9999: 2, 9999: 2}


@pytest.mark.parametrize(
    "values",
    [
        [*range(9000, 10_000, 10), 9999, 9999],  # within the others
        [*range(5), -999, -999],  # few others: may be classes
        [*range(20), 1000, 1000],  # no code
        [*range(-2000, 0, 100), -999, -999],
    ],
)
def test_what_is_no_code(write, values):
    table = columns.read(write("a,b\n" + "".join(f"{value},1\n" for value in values)))
    assert np.isfinite(table.numbers("a")).all()


def test_a_code_that_stands_once_is_asked_about(write):
    table = columns.read(write("a,b\n" + "".join(f"{value},1\n" for value in [*range(20), -999])))
    assert np.isfinite(table.numbers("a")).all()
    assert (
        "column a: -999, far outside of all else, may mean missing: then leave the cell empty (1 rows)"
        in table.remarks
    )
    again = columns.read(table.path, repeated=1)
    assert np.isnan(again.numbers("a")[-1])


def test_a_code_of_one_column_counts_in_the_next(write):
    rows = [f"{row % 20},{row % 20 * 50},x" for row in range(40)] + ["-200,-200,x"] * 2
    table = columns.read(write("a,b,c\n" + "\n".join(rows) + "\n"))
    assert np.isnan(table.numbers("a")[-2:]).all() and np.isnan(table.numbers("b")[-2:]).all()


@pytest.mark.parametrize("word", ["#N/A", "#N/A N/A", "<NA>", "--", "NULL", "n/a", "?", "NaT", "#DIV/0!"])
def test_words_of_spreadsheets_for_nothing(write, word):
    table = columns.read(write(f"a,b\n1,x\n{word},y\n3,z\n"))
    np.testing.assert_array_equal(table.numbers("a"), [1, np.nan, 3])


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("名前|値\n山|5\n川|6\n木|x\n", "shift_jis", ["Shift JIS", "by bars", "名前: 3 different"]),
        ("name,price\nfoo,$5\nbar,$6.50\nbaz,n/a\n", "utf-16", ["UTF-16", "price: numbers from 5 to 6.5, 1"]),
        ("# shop\na;b\n1,5;2\n2,5;3\n", "utf-8", ["# shop", "semicolons", "a: numbers from 1.5", "b: whole"]),
        ("1577836800,5\n1577836860,6\n1577836920,7\n", "utf-8", ["no header", "3 rows", "column2: whole"]),
    ],
)  # fmt: skip
def test_a_table_that_lacks_something_is_described(write, text, encoding, parts):
    path = write(text, encoding=encoding)
    said = described(path)
    for part in [*parts, "needs a column of dates", "need a column of classes", "--images FOLDER"]:
        assert part in said
    with pytest.raises(DataError):
        load(path)


def test_what_is_no_table_is_not_described(write, tmp_path):
    assert described(write("Dear all,\nthis, too, is a text\n", "letter.txt")) == ""
    assert described(write("a,b\n1,2\n", "table.pdf")) == ""
    assert described(tmp_path) == ""
    assert "is a table without rows below its header: a, b" in described(write("a,b\n"))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_short_text_has_a_layout(length):
    assert layout.find("a,b\n1,2\n3,4\n"[: 4 * length]).separator == ","
    assert layout.find("").header


@pytest.mark.parametrize(
    ("text", "columns_found"),
    [
        ("sep=;\na;b\n1.5;2\n2.5;3\n", ["a", "b"]),
        ('"sep=,"\na,b\n1.5,2\n2.5,3\n', ["a", "b"]),
        ("a,b\n1.5,2,\n2.5,3,\n", ["a", "b"]),  # separators at the end
        ("a b\n1 1.5 2\n2 2.5 3\n".replace(" ", "\t"), ["a", "b"]),  # names of rows, as R writes them
        ("a,b,c\n1.5,2,x\n2.5,3,y\nSource: somewhere\n", ["a", "b", "c"]),
        ("a,b,c\n1.5,2,x\n2.5,3,y\n\nSource: somewhere\nLast updated: today\n", ["a", "b", "c"]),
    ],
)
def test_what_programs_add_to_a_table(write, text, columns_found):
    table = columns.read(write(text))
    assert table.columns == columns_found
    assert table.numbers("a").tolist() == [1.5, 2.5]
    assert table.numbers("b").tolist() == [2, 3]
    assert len(table.remarks) == (not text.lstrip('"').startswith("sep"))


TABLES = {
    "signals": "a,b,c,label\n" + "".join(f"{i},{i * i % 7},{i % 5},{i % 2}\n" for i in range(60)),
    "dates": "time,temp,wind\n" + "".join(f"2020-01-{i:02},{i},{i % 7}\n" for i in range(1, 31)),
    "pictures": "file,label\n" + "".join(f"{i}.png,{i % 2}\n" for i in range(60)),
}  # fmt: skip
DAMAGE = {
    "cut": (lambda packed: packed[: len(packed) // 2], "is cut short"),
    "checksum": (lambda packed: packed[:-8] + bytes(4) + packed[-4:], "CRC check failed"),
    "middle": (lambda packed: packed[:60] + b"\xff" * 20 + packed[80:], "is damaged"),
    "plain": (gzip.decompress, "or not gzipped as its name says"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "settings", [{}, {"target": "temp"}, {"time": "time"}, {"label": "label", "window": 5}]
)
def test_damaged_gzip_is_said_whoever_reads_it(write, damage, table, settings):
    path = write(TABLES[table], "table.csv.gz")
    spoil, said = DAMAGE[damage]
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=said) as caught:
        load(path, DataSettings(**settings))
    assert str(path) in str(caught.value)
    assert "Fetch or save it again" in str(caught.value)


def test_numbers_beyond_float32_are_refused(write):
    rows = "".join(f"2020-01-{i:02},{i},{i}e300\n" for i in range(1, 31))
    with pytest.raises(DataError, match=r"amounts of y, from 1e\+300 to 3e\+301, cannot be told apart"):
        load(write("date,temp,y\n" + rows), DataSettings(target="y"))
    with pytest.raises(DataError, match=r"column 'y' holds 1e\+300, more than float32 can hold"):
        load(write("date,temp,y\n" + rows), DataSettings(target="temp"))


def test_complex_arrays_are_refused_without_a_warning(tmp_path):
    np.savez(tmp_path / "x.npz", X=np.ones((40, 12), complex), y=np.arange(40) % 2)
    with warnings.catch_warnings(), pytest.raises(DataError, match="complex128; expected numbers"):
        warnings.simplefilter("error")
        load(tmp_path / "x.npz")


def test_a_picture_is_no_text_though_most_of_its_bytes_could_be_letters():
    """A TIFF's pixels may read as UTF-8; its first numbers hold zeros, which no text does."""
    letters = "éü".encode() * 1000
    for content in (b"II*\0" + letters + b"\xff", b"II*\0" + letters):
        with pytest.raises(decoding.NotText, match="zeros"):
            decoding.decode(content, whole=False)
    assert decoding.decode(letters + b"\xff").text.startswith("éü")
