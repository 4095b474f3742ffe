import numpy as np
import pytest
from PIL import Image

from convscope.data import DataSettings, load
from convscope.data.formats.pictures import recognises_table as recognises
from convscope.errors import DataError


@pytest.fixture
def table(paint, tmp_path):
    """Write a table, and pictures 0.png … 11.png beside it."""
    for number in range(12):
        paint(f"{number}.png", seed=number)

    def write(text, name="data.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return write


def rows(labels="ab", head="path,label"):
    return "\n".join([head, *(f"{number}.png,{labels[number % len(labels)]}" for number in range(12))])


def test_pictures_and_labels_come_from_the_table(table, tmp_path):
    data = load(table(rows()))
    assert data.classes == ("a", "b")
    assert data.labels.tolist() == [0, 1] * 6
    assert list(data.names) == [f"{number}.png" for number in range(12)]
    for row, name in enumerate(data.names):
        assert np.array_equal(data.inputs[row].permute(1, 2, 0), np.asarray(Image.open(data.root / name)))


@pytest.mark.parametrize("head", ["filename,class", "Image , Label", "FILE,Target"])
def test_columns_are_found_by_name(table, head):
    assert load(table(rows(head=head))).classes == ("a", "b")


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_spreadsheets_separators_are_understood(table, separator):
    assert load(table(rows().replace(",", separator))).classes == ("a", "b")


def test_a_byte_order_mark_is_no_part_of_the_name(table):
    assert load(table(rows(), encoding="utf-8-sig")).classes == ("a", "b")


def test_labels_are_texts_in_natural_order(table):
    assert load(table(rows(labels=["10", "9", "NA"]))).classes == ("9", "10", "NA")


def test_quoted_cells_may_hold_separators(table):
    data = load(table(rows(labels=['"a, b"', '"c\nd"'])))
    assert data.classes == ("a, b", "c\nd")


def test_given_splits_are_kept(table):
    parts = ["train"] * 6 + ["valid"] * 2 + ["TEST"] * 4
    text = "\n".join(["path,label,split", *(f"{n}.png,{'ab'[n % 2]},{part}" for n, part in enumerate(parts))])
    data = load(table(text))
    assert {name: rows.tolist() for name, rows in data.parts.items()} == {
        "train": [0, 1, 2, 3, 4, 5],
        "val": [6, 7],
        "test": [8, 9, 10, 11],
    }


def test_a_group_is_never_in_two_parts(table):
    text = "\n".join(
        [
            "path,label,patient",
            *(f"{n}.png,{'ab'[n % 2]},{'' if n == 5 else f'p{n // 3}'}" for n in range(12)),
        ]
    )
    for seed in range(10):
        data = load(table(text), DataSettings(seed=seed, test=0.3, val=0.3))
        part_of = {row: name for name, rows in data.parts.items() for row in rows.tolist()}
        for group in ((0, 1, 2), (3, 4), (6, 7, 8), (9, 10, 11)):
            assert len({part_of[row] for row in group}) == 1


def test_rows_without_label_or_path_are_named_by_number(table):
    text = rows() + "\n,a\n3.png,\n,\n\n5.png\n"
    data = load(table(text))
    assert len(data.inputs) == 12
    assert [tuple(item) for item in data.skipped] == [
        ("row 14", "row 14 has no path"),
        ("3.png", "row 15 has no label"),
        ("5.png", "row 18 has no label"),
    ]
    with pytest.raises(DataError, match="row 15 has no label"):
        load(table(text), strict=True)


def test_missing_pictures_are_named(table):
    (item,) = load(table(rows() + "\nnowhere.png,a")).skipped
    assert item == ("nowhere.png", "there is no such file")


def test_absolute_paths_are_understood(table, tmp_path):
    text = rows().replace("\n0.png", f"\n{tmp_path / '0.png'}")
    assert len(load(table(text)).inputs) == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n", "no rows below the header"),
        ("path,label\n0.png,\n1.png,\n", "none of its 2 rows has both"),
        (
            "path,colour\n0.png,a\n",
            r"no label column; its columns are path, colour\.\n  Call one of them label, class",
        ),
        (rows(labels=["Cat", "cat"]), "'Cat' and 'cat' differ in case only"),
        (rows(labels=["a"]), "12 pictures, all of class 'a'"),
        ("path,label\n0.png,a\n", "only one picture"),
        ("path,label,split\n0.png,a,later\n", r"row 2 is in the split 'later'.\n  The splits are train"),
        ("path,label,split\n0.png,a,train\n1.png,b,train\n2.png,c,test", "class 'c' is in test, but train"),
        ("path,label\nx.png,a\ny.png,b\n", "none of the 2 pictures can be read"),
    ],
)
def test_tables_that_cannot_be_trained_on_say_why(table, text, message):
    with pytest.raises(DataError, match=message):
        load(table(text))


@pytest.mark.parametrize(
    ("encoding", "labels"),
    [
        ("latin-1", ("Bär", "Kuh")),
        ("utf-16", ("Bär", "Kuh")),
        ("gbk", ("熊猫", "老虎")),
        ("cp1251", ("кот", "пёс")),
    ],
)
def test_a_table_in_another_encoding_is_read(table, encoding, labels):
    assert set(load(table(rows(labels=labels), encoding=encoding)).classes) == set(labels)


def test_only_tables_of_pictures_are_recognised(table, tmp_path):
    assert recognises(table(rows()))
    assert recognises(table(rows(), name="DATA.TSV"))
    assert not recognises(table("time,value,label\n1,2,3\n", name="signal.csv"))
    assert not recognises(table("", name="empty.csv"))
    assert not recognises(table(rows(), name="data.txt"))
    assert not recognises(tmp_path)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    assert not recognises(tmp_path / "binary.csv")
