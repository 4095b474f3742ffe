import gzip

import numpy as np
import pytest

from convscope.data.text import body, columns
from convscope.errors import DataError


@pytest.fixture
def table(tmp_path):
    def write(text, name="table.csv", encoding="utf-8"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        return columns.read(tmp_path / name)

    return write


def refused(table, text, **options):
    with pytest.raises(DataError) as caught:
        table(text, **options)
    return str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_cells_by_column(table, separator, end, encoding):
    text = end.join(["day, größe ,what", "1,2.5,a", "2,,b"]).replace(",", separator)
    found = table(text, encoding=encoding)
    assert found.columns == ["day", "größe", "what"]
    np.testing.assert_array_equal(found.numbers("größe"), [2.5, np.nan])
    assert [found.cell("what", row) for row in (0, 1)] == ["a", "b"]


def test_gzip(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert columns.is_table(path)
    assert columns.head(path) == [["a", "b"], ["1", "2"]]
    assert columns.read(path).numbers("b").tolist() == [2]


def test_damaged_gzip(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n" * 1000)[:30])
    assert columns.head(path) == []
    with pytest.raises(DataError, match=r"table.csv.gz is cut short"):
        columns.read(path)


def test_quoted_cells_may_hold_separators_and_lines(table):
    assert table('a,b\n"x, y","two\nlines"\n').cell("b", 0) == "two\nlines"


def test_ragged_rows_are_named_by_their_number(table):
    message = refused(table, "a,b\n1,2\n\n3\n4,5,6\n")
    assert "2 rows have not the header's 2 cells, the first is row 4 with 1." in message


def test_a_column_twice(table):
    assert "two columns called 'a'" in refused(table, "a,b,a\n1,2,3\n")


@pytest.mark.parametrize("text", ["", "a,b\n", "a,b\n,\n\n"])
def test_nothing_in_it(table, text):
    assert "has no rows below its header" in refused(table, text)


def test_another_encoding_is_found_and_said(table):
    found = table("größe\n1\n", encoding="latin-1")
    assert found.numbers("größe").tolist() == [1]
    assert found.remarks == (
        "its text is not in UTF-8 and read as Latin-1 (Windows-1252), which gives 'größe'",
    )


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    for content in (bytes(range(256)), b"a,b\n1,\0\n"):
        path.write_bytes(content)
        assert columns.head(path) == []
        with pytest.raises(DataError, match=r"table.csv is no text: .*\n  Save it as CSV in UTF-8"):
            columns.read(path)


def test_empty_rows_and_nameless_columns_are_left_out_and_said(table):
    found = table(",a\n0,1\n,\n2,3\n")
    assert found.columns == ["a"]
    assert found.rows.tolist() == [2, 4]
    assert found.remarks == (
        "columns without a name were left out: row numbers, mostly",
        "1 empty rows were left out",
    )


@pytest.mark.parametrize("word", ["", "NA", "nan", "n/a", "NULL", "?", "-", " "])
def test_words_for_nothing(table, word):
    found = table(f"a,b,c\n1,x,1\n{word},{word},2\n3,y,3\n")
    assert found.is_number("a")
    np.testing.assert_array_equal(found.numbers("a"), [1, np.nan, 3])
    codes, names = found.texts("b")
    if word.strip().lower() in ("", "nan", "null"):
        assert (codes.tolist(), names) == ([0, -1, 1], ["x", "y"])
    else:  # may well be a class
        assert (codes.tolist(), names) == ([0, 1, 2], ["x", word, "y"])


@pytest.mark.parametrize("word", ["abc", "inf", "1_0", "0x1"])
def test_text_among_numbers(table, word):
    found = table("a\n" + "1\n" * 20 + word + "\n")
    with pytest.raises(DataError) as caught:
        found.is_number("a")
    assert f"something else in 1 rows, the first is row 22: '{word}'" in str(caught.value)


def test_numbers_among_text_are_text(table):
    found = table("size\n38\n40\nXL\n")
    assert not found.is_number("size")
    assert found.texts("size")[1] == ["38", "40", "XL"]


def test_one_number_is_one_class_however_written(table):
    codes, names = table("a\n1\n1.0\n 1\n-2.0\n10\n1.50\n").texts("a")
    assert names == ["1", "-2", "10", "1.50"]
    assert codes.tolist() == [0, 0, 0, 1, 2, 3]


def test_european_decimal_commas(table):
    found = table("a;b;c\n1,5;2;1.000,5\n-0,25;3,5;2,5\n")
    assert found.numbers("a").tolist() == [1.5, -0.25]
    assert found.numbers("b").tolist() == [2, 3.5]
    assert found.numbers("c").tolist() == [1000.5, 2.5]  # a point before a comma means thousands


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n2.640;8,90\n936;8,7\n", [2640, 936]),  # a decimal comma beside it
        ("a;b\n-12.640;03.01.2022\n936;4.1.2022\n", [-12640, 936]),  # days as in German
        ("a;b\n14.669 €;8,90\n1.234.567 €;1,5\n", [14669, 1234567]),
        ("a;b\n2.640;8,90\n936;8.7\n", [2.64, 936]),  # a decimal point as well
        ("a;b\n8.310;8,90\n8.31;8,7\n", [8.31, 8.31]),
        ("a;b\n8.310;x\n9360;y\n", [8.31, 9360]),
        ("a,b\n2.640,03.01.2022\n936,04.01.2022\n", [2.64, 936]),
    ],
)
def test_points_before_thousands_where_the_table_is_german(table, text, expected):
    assert table(text).numbers("a").tolist() == expected


def test_points_that_may_stand_before_thousands_are_said(table):
    said = "column a: '2.640' is read as the number 2.640; if it means 2640, write it without the point"
    assert said in table("a;b\n2.640;x\n936;y\n").remarks
    assert table("a;b\n2.64;x\n936;y\n").remarks == ()
    assert "column a: '2.640' is read as the number 2640" in table("a;b\n2.640;8,90\n936;8,7\n").remarks


def test_rows_taken_keep_their_numbers(table):
    found = table("a\n5\n6\n7\n").take(np.array([2, 0]))
    assert found.numbers("a").tolist() == [7, 5]
    assert found.rows.tolist() == [4, 2]


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_table_is_read_in_pieces_and_is_the_same(tmp_path, monkeypatch, packed):
    draw = np.random.default_rng(0)
    rows = [
        [
            f"2020-01-{1 + i % 28:02d} {i:05d}",
            f"{value:.9g}",
            "" if i % 7 == 0 else f" {i} ",
            "ab"[i % 2],
            word,
        ]
        for i, (value, word) in enumerate(
            zip(draw.normal(size=300), ["1", "NA", "ü", "-999"] * 75, strict=True)
        )
    ]
    rows[150][1], rows[200][1] = "", "-9999"
    text = "\n".join(map(",".join, [["when", "value", "count", "kind", "mixed"], *rows]))
    path = tmp_path / ("t.csv.gz" if packed else "t.csv")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    usual = columns.read(path, repeated=1)
    monkeypatch.setattr(body, "LARGE", 10)
    monkeypatch.setattr(body, "CELLS", 50)
    large = columns.read(path, repeated=1)
    assert large.cells["value"].plain is not None, "it was read in pieces"
    assert large.remarks == usual.remarks
    np.testing.assert_array_equal(large.rows, usual.rows)
    for found, expected in (
        (large, usual),
        (large.take(np.arange(90, 20, -3)), usual.take(np.arange(90, 20, -3))),
    ):
        for name in usual.columns:
            np.testing.assert_array_equal(
                found.cells[name].numbers[found.codes[name]],
                expected.cells[name].numbers[expected.codes[name]],
            )
            np.testing.assert_array_equal(found.missing(name), expected.missing(name))
            for one, other in zip(found.distinct(name), expected.distinct(name), strict=True):
                assert one.tolist() == other.tolist()
            assert found.cells[name].first == expected.cells[name].first
            assert [found.cell(name, row) for row in range(5)] == [
                expected.cell(name, row) for row in range(5)
            ]
