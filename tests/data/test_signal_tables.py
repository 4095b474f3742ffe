"""Tables with a sample a row: read as CSV says, whatever people write in the cells."""

import csv
import io

import numpy as np
import pytest

from convscope.data import load
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
    assert not data.skipped


def test_a_label_and_a_name_of_a_column_may_hold_a_line_break(write):
    data = load(write(table(waves(), ["a\nb", "c"], header=["x\n0", *NAMES[1:]])))
    assert data.classes == ("a b", "c")
    assert np.array_equal(data.inputs[:, 0].numpy(), waves())


def test_a_quotation_mark_that_is_never_closed_is_said(write):
    text = table(waves(), more={"note": ["fine"] * 20})
    with pytest.raises(DataError, match="a quotation mark in row 11 is never closed"):
        load(write(text.replace("fine\n", '"fine"\n', 9).replace("fine\n", '"fine\n', 1)))
