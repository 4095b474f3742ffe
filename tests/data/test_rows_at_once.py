"""Rows of signals read all at once are those that are read cell by cell."""

from pathlib import Path

import numpy as np
import pytest

from convscope.data import DataSettings
from convscope.data.signals import at_once, rows

NUMBERS = ["1", "-2.50", "1e-3", "0.1", "1.7976931348623157e308", "9007199254740993", "+.5", "inf"]
TABLES = {
    "plain": "label,t0,t1,t2\na,1,2,3\nb,4,5,6\na,7,8,9\n",
    "empty cells": "label,t0,t1,t2\na,1,,3\n,4,5,6\na,NaN,8,n/a\nb,?,#N/A,-\n",
    "roles": "t0,split,patient,t1,y,name\n1,train,p1,2,yes,u\n3,test,,4,NA,v\n5,val,p2,6,no,w\n",
    "tabs": "label\tt0\tt1\nnone\t1\t2\nb\t3\t4\n",
    "spaces": "label, t0, t1\na b, 1, 2\nb, 3, 4\n",
    "quotes": 'label,t0,t1\n"a,b",1,2\nb,3,"4"\n',
    "a cell too many": "label,t0,t1\na,1,2,3\nb,3,4\n",
    "a cell too few": "label,t0,t1\na,1\nb,3,4\n",
    "text among numbers": "label,t0,t1\na,1,2\nb,3,four\n",
    "of people": "label,t0,t1\na,1 kg,2\nb,3 kg,4\n",
    "underlines": "label,t0,t1\na,1_000,2\nb,3,4\n",
    "numbers": f"label,p,q,r,s,t,u,v,w\na,{','.join(NUMBERS)}\nb,{','.join(NUMBERS[::-1])}\n",
}  # fmt: skip


def told(read):
    signals = [(s.values.tobytes(), s.values.shape, s.label, s.name, s.part, s.group) for s in read.signals]
    return signals, read.skipped, read.remarks, read.columns


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("lacking", [False, True])
def test_a_table_is_the_same_at_once_and_cell_by_cell(name, lacking, monkeypatch):
    lines = TABLES[name].splitlines()

    def read():
        return told(rows.table(lines, Path("waves.csv"), "", DataSettings(), lacking=lacking))

    found = read()
    monkeypatch.setattr(at_once, "read", lambda *_: None)
    assert found == read()


@pytest.mark.parametrize(
    "body", ["1,0.5,0.25\n2,0,-1", "1,0.5,NaN\n2.0,0,", "1,0.5\n2,0,3", "a\t1\t2\n\nb\t3\t4"]
)
def test_rows_of_the_archive_are_the_same_at_once_and_value_by_value(body, monkeypatch):
    found = told(rows.ucr(body.splitlines(), Path("waves.csv"), "train"))
    monkeypatch.setattr(at_once, "read", lambda *_: None)
    assert found == told(rows.ucr(body.splitlines(), Path("waves.csv"), "train"))


def test_plain_tables_go_the_fast_way():
    """Numbers of all lengths are those that Python reads, to the last bit."""
    random = np.random.default_rng(0)
    values = random.normal(size=(50, 4)) * 10.0 ** random.integers(-30, 30, (50, 4))
    lines = [",".join(["a", *map(repr, row)]) for row in values.tolist()]
    found = at_once.read(lines, 5, [0], [1, 2, 3, 4])
    assert found is not None
    assert np.array_equal(found.values, values.astype(np.float32))
    assert found.texts == {0: ["a"] * 50}
