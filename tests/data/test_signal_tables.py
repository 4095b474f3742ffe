"""Tables with a sample a row: read as CSV says, whatever people write in the cells."""

import csv
import io

import numpy as np
import pytest

from convscope import train
from convscope.data import DataSettings, load
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.errors import DataError

NAMES = [f"x{place}" for place in range(6)]


def waves(count=20, points=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, points)).astype(np.float32).round(3)


def table(values, labels="ab", more=None, end="\n", header=NAMES, separator=","):
    """A table as Python's csv module writes it; `more`: columns behind the label."""
    more = more or {}
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator=end, delimiter=separator)
    out.writerow([*header, "label", *more])
    for number, row in enumerate(values):
        cells = [cell if isinstance(cell, str) else f"{cell:.3f}" for cell in row]
        out.writerow([*cells, labels[number % len(labels)], *(column[number] for column in more.values())])
    return text.getvalue()


@pytest.fixture
def write(tmp_path):
    def to(text, name="feat.csv"):
        (tmp_path / name).write_bytes(text.encode())
        return tmp_path / name

    return to


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "note",
    [
        "first\n1,2,3,4,5,6,b,more",
        "one;\r\n\r\n;;;;;;;;;;;;;;;;two",
        'he said "no,\nnever", twice',
        "a\u2028b\x0cc",
    ],
)
def test_a_line_break_within_quotes_is_part_of_a_cell(write, note, end):
    values = waves()
    data = load(write(table(values, more={"note": [note] * 20}, end=end)))
    assert np.array_equal(data.inputs[:, 0].numpy(), values)
    assert [data.classes[label] for label in data.labels] == ["a", "b"] * 10
    assert data.names[-1] == "row 21"  # as spreadsheets count
    assert not any("decimal commas" in remark for remark in data.remarks)
    assert not data.skipped


def test_a_label_and_a_name_of_a_column_may_hold_a_line_break(write):
    data = load(write(table(waves(), ["a\nb", "c"], header=["x\n0", *NAMES[1:]])))
    assert data.classes == ("a b", "c")
    assert np.array_equal(data.inputs[:, 0].numpy(), waves())


def test_a_quotation_mark_that_is_never_closed_is_said(write):
    text = table(waves(), more={"note": ["fine"] * 20})
    with pytest.raises(DataError, match="a quotation mark in row 11 is never closed"):
        load(write(text.replace("fine\n", '"fine"\n', 9).replace("fine\n", '"fine\n', 1)))


ORDERS = {
    "other order": [3, 0, 5, 1, 4, 2],
    "backwards": [5, 4, 3, 2, 1, 0],
    "as it was": [0, 1, 2, 3, 4, 5],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("labels", ["ab", None])
@pytest.mark.parametrize("spare", [False, True])
def test_columns_are_told_by_their_names_after_training(write, order, labels, spare):
    values = waves()
    kind = spec_of(load(write(table(values))))
    header = [*(["zz"] if spare else []), *(NAMES[place] for place in order)]
    moved = np.concatenate([np.full((20, int(spare)), 9, np.float32), values[:, order]], axis=1)
    text = table(moved, labels or "a", header=header)
    if labels is None:
        text = "\n".join(line.rpartition(",")[0] for line in text.splitlines())
    found = read([write(text, "other.csv")], kind)
    assert np.array_equal(found.inputs[:, 0].numpy(), values)
    assert list(found.truth) == (["a", "b"] * 10 if labels else [None] * 20)
    assert ("columns that training did not have are not used: zz" in found.remarks) == spare


def test_a_column_that_is_lacking_is_named(write):
    kind = spec_of(load(write(table(waves()))))
    with pytest.raises(DataError, match=r"no column 'x0', 'x2', which the run was trained on"):
        read([write(table(waves(points=4), header=["x1", "x3", "x4", "x5"]), "few.csv")], kind)


def test_without_names_values_go_by_their_place(write):
    kind = spec_of(load(write(table(waves()))))
    bare = "\n".join(",".join(map(str, row)) for row in waves())
    found = read([write(bare, "bare.csv")], kind)
    assert np.array_equal(found.inputs[:, 0].numpy(), waves())


def test_train_and_test_tables_may_have_their_columns_in_another_order(write):
    path = write(table(waves()), "Set_TRAIN.csv")
    order = ORDERS["other order"]
    write(table(waves(seed=1)[:, order], header=[NAMES[place] for place in order]), "Set_TEST.csv")
    data = load(path)
    assert np.array_equal(data.inputs[:, 0].numpy(), np.concatenate([waves(), waves(seed=1)]))


def test_evaluation_tells_columns_by_their_names(write, tmp_path):
    path = write(table(waves(), separator=","))
    run = train(path, epochs=1, network="compact", runs=tmp_path / "runs", threads=1)
    order = ORDERS["backwards"]
    other = write(table(waves()[:, order], header=[NAMES[place] for place in order]), "other.csv")
    same = write(table(waves()), "same.csv")
    assert run.evaluate(other).loss == run.evaluate(same).loss


@pytest.mark.parametrize("gap", ["", "-999", "inf", "NA"])
@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_gap_is_one_wherever_it_stands(write, place, gap):
    cells = waves(30).astype(object)
    for row in (4, 9, 16):
        cells[row, place] = gap
    data = load(write(table(cells)))
    assert [skipped.file for skipped in data.skipped] == ["row 6", "row 11", "row 18"]
    assert {skipped.reason for skipped in data.skipped} == {"1 of its 6 values are missing or infinite"}
    assert data.inputs.shape == (27, 1, 6)
    found = read([write(table(cells), "new.csv")], spec_of(data))
    assert found.inputs.shape == (27, 1, 6)
    assert len(found.skipped) == 3


@pytest.mark.parametrize("place", [0, 10, 19])
def test_small_gaps_in_long_rows_are_filled_and_said(write, place):
    header = [f"t{number}" for number in range(20)]
    cells = waves(30, 20).astype(object)
    cells[4, place] = ""
    data = load(write(table(cells, header=header)))
    assert data.inputs.shape == (30, 1, 20)
    assert "1 missing value was filled in between their neighbours, in 1 signal" in data.remarks
    near = [each for each in (place - 1, place + 1) if 0 <= each < 20]
    assert data.inputs[4, 0, place] == pytest.approx(np.mean([waves(30, 20)[4, each] for each in near]))


def test_rows_that_end_early_at_several_places_are_short_signals(write):
    header = [f"t{number}" for number in range(20)]
    cells = waves(30, 20).astype(object)
    for row in range(10):
        cells[row, 8 + row :] = ""
    data = load(write(table(cells, header=header)))
    assert any("signals have 8 to 20 points" in remark for remark in data.remarks)
    assert not data.skipped
    assert len(read([write(table(cells[:1], header=header), "one.csv")], spec_of(data)).inputs) == 1


WRITTEN = {  # how people write a number, what separates the columns
    "thousands": (lambda value: f"{value:,.0f}", ","),
    "thousands and decimals": (lambda value: f"{value:,.1f}", ","),
    "a blank in thousands": (lambda value: f"{value:,.0f}".replace(",", " "), ";"),
    "an apostrophe": (lambda value: f"{value:,.0f}".replace(",", "'"), ";"),
    "decimal commas in quotes": (lambda value: f"{value / 1000:.3f}".replace(".", ","), ","),
    "a unit": (lambda value: f"{value:.0f} kg", ","),
    "some per cent": (lambda value: f"{value:.0f}{'%' if value % 2 else ''}", ","),
    "brackets for less than nothing": (
        lambda value: f"({value:.0f})" if value > 20000 else f"{value:.0f}",
        ",",
    ),
}


@pytest.mark.parametrize(("form", "separator"), WRITTEN.values(), ids=WRITTEN)
def test_numbers_are_read_as_people_write_them(write, form, separator):
    values = np.random.default_rng(0).integers(1000, 40000, (40, 6))
    values[::2] //= 30
    text = table([[form(value) for value in row] for row in values], separator=separator)
    data = load(write(text))
    expected = values.astype(np.float64)
    if "1," in form(1000) and "." not in form(1000) and len(form(1000)) == 5 and form(500)[0] == "0":
        expected = expected / 1000
    if form(30000).startswith("("):
        expected = np.where(values > 20000, -values, values)
    np.testing.assert_allclose(data.inputs[:, 0].numpy(), expected, rtol=1e-6)
    assert any("is read as the number" in remark for remark in data.remarks)
    assert not data.skipped
    found = read([write(text, "new.csv")], spec_of(data))
    assert np.array_equal(found.inputs, data.inputs)


def test_one_class_left_tells_of_the_rows_that_were_left_out(write):
    cells = waves().astype(object)
    cells[::2, 2] = "much"
    with pytest.raises(
        DataError, match=r"all of class 'b'(.|\n)*10 signals were left out:\n.*column 'x2' is 'much'"
    ):
        load(write(table(cells)))


@pytest.mark.parametrize("labels", [["0", "1"], ["2", "7", "9"], ["up", "down"]])
@pytest.mark.parametrize("name", ["class", "target", "Category"])
def test_a_second_label_is_no_value_and_said(write, name, labels):
    values = waves().astype(object)
    values[:, 0] = [labels[row % len(labels)] for row in range(20)]
    data = load(write(table(values, header=[name, *NAMES[1:]])))
    assert np.array_equal(data.inputs[:, 0].numpy(), waves()[:, 1:])
    assert data.classes == ("a", "b")
    assert any(name in remark and "not used" in remark for remark in data.remarks)


def test_amounts_that_are_called_as_a_label_are_values(write):
    data = load(write(table(waves(), header=["y", *NAMES[1:]])))
    assert np.array_equal(data.inputs[:, 0].numpy(), waves())


@pytest.mark.parametrize("header", [["label", *NAMES[1:]], ["x1", *NAMES[1:]], [*NAMES[:-1], "x0"]])
def test_two_columns_of_one_name_are_refused(write, header):
    twice = next(name for name in [*header, "label"] if [*header, "label"].count(name) > 1)
    with pytest.raises(DataError, match=f"has two columns called '{twice}'"):
        load(write(table(waves(), header=header)))


@pytest.mark.parametrize("cell", ["2020_01", "1_0.5", "1e1_0"])
def test_an_underscore_is_part_of_no_number(write, cell):
    cells = waves().astype(object)
    cells[7, 2] = cell
    data = load(write(table(cells)))
    assert data.skipped == (("feat.csv, row 9", f"column 'x2' is '{cell}', which is no number"),)


def test_names_of_columns_may_be_numbers_with_underscores(write):
    data = load(write(table(waves(), header=[f"{2020 + place}_01" for place in range(6)])))
    assert data.columns[0] == "2020_01"
    assert np.array_equal(data.inputs[:, 0].numpy(), waves())


def test_classes_with_underscores_are_names(write):
    data = load(write(table(waves(), ["2020_01", "2020_02"])))
    assert data.classes == ("2020_01", "2020_02")


@pytest.mark.parametrize("columns", [2, 3, 4])
@pytest.mark.parametrize("group", [None, "street"])
def test_a_row_with_an_amount_is_a_sample_however_few_columns_it_has(tmp_path, columns, group):
    random = np.random.default_rng(columns)
    values, price = random.integers(0, 900, (60, columns)), random.integers(10**5, 10**6, 60)
    names = ["street", *("rooms", "garden", "floors", "cellar")[:columns], "price"]
    rows = [f"street {row % 12},{','.join(map(str, values[row]))},{price[row]}" for row in range(len(values))]
    (tmp_path / "houses.csv").write_text("\n".join([",".join(names), *rows]))
    data = load(tmp_path / "houses.csv", DataSettings(target="price", group=group))
    assert data.inputs.shape == (60, 1, columns)
    assert data.labels.tolist() == price.tolist()
    assert np.array_equal(data.inputs[:, 0].numpy(), values)
