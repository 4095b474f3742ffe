"""Groups that are written in several ways, and groups that are the classes."""

import numpy as np
import pytest

from convscope.data import DataSettings, load
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

WAYS = [("3", "3.0"), ("p3", "P3"), ("Ann", "ann "), ("７", "7")]


def table(path, cells, head="g,x0,x1,x2,label", row="{g},{a}.5,{b}.25,-{a},{c}"):
    """A row for each cell; the classes in turns."""
    rows = [row.format(g=cell, a=at, b=at % 7, c="ab"[at % 2]) for at, cell in enumerate(cells)]
    path.write_text("\n".join([head, *rows]))
    return path


def owners(ways):
    """60 owners, written in turns in both ways, and which of ten people each is."""
    people = np.arange(60) // 2 % 10
    return [ways[at // 20 % 2] if who == 0 else f"q{who}" for at, who in enumerate(people)], people


def assert_kept_together(data, people):
    assert_dataset_is_sound(data)
    parts = [set(people[rows.numpy()]) for rows in data.parts.values()]
    assert all(parts)
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert any(remark.startswith("the groups '") and "are one each" in remark for remark in data.remarks)
    assert any("group by group" in remark for remark in data.remarks)


@pytest.mark.parametrize("ways", WAYS)
def test_one_group_however_it_is_written(tmp_path, ways):
    cells, people = owners(ways)
    data = load(table(tmp_path / "rows.csv", cells), DataSettings(group="g"))
    assert_kept_together(data, people)


@pytest.mark.parametrize("ways", WAYS[:2])
def test_so_in_tables_of_pictures(paint, tmp_path, ways):
    cells, people = owners(ways)
    for at in range(60):
        paint(f"{at}.png", seed=at)
    path = table(tmp_path / "rows.csv", cells, "patient,path,label", "{g},{a}.png,{c}")
    assert_kept_together(load(path), people)


@pytest.mark.parametrize("ways", WAYS)
def test_so_in_arrays(tmp_path, ways):
    cells, people = owners(ways)
    inputs = np.random.default_rng(0).normal(size=(60, 8))
    np.savez(tmp_path / "a.npz", X=inputs, y=np.arange(60) % 2, who=np.array(cells))
    assert_kept_together(load(tmp_path / "a.npz", DataSettings(group="who")), people)


@pytest.mark.parametrize("ways", WAYS[:3])
def test_so_in_long_tables(tmp_path, ways):
    cells, people = owners(ways)
    rows = [
        f"{at},{t},{at}.5,{t}.25,{'ab'[at % 2]},{cell}" for at, cell in enumerate(cells) for t in range(4)
    ]
    (tmp_path / "long.csv").write_text("\n".join(["id,t,u,v,label,patient", *rows]))
    assert_kept_together(load(tmp_path / "long.csv"), people)


@pytest.mark.parametrize(
    ("head", "settings"),
    [
        ("g,x0,x1,x2,label", {"group": "label"}),
        ("g,x0,x1,x2,quality", {"group": "Quality", "label": "quality"}),
        ("id,t,u,v,label", {"group": "label"}),
        ("id,t,u,v,label", {"sample": "label"}),
    ],
)
def test_what_is_learnt_tells_nothing_apart(tmp_path, head, settings):
    path = table(tmp_path / "rows.csv", [at // 6 for at in range(60)], head)
    option = "sample" if "sample" in settings else "group"
    with pytest.raises(DataError, match=rf"--{option} \w+: this is what is to be learnt of .*\n.*leave"):
        load(path, DataSettings(**settings))


def test_nor_does_an_array_of_labels(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(20, 8)), y=np.arange(20) % 2)
    with pytest.raises(DataError, match=r"--group y: this is what is to be learnt"):
        load(tmp_path / "a.npz", DataSettings(group="y"))


def test_folders_that_repeat_the_classes_are_no_groups(paint, tmp_path):
    for name in ("cat", "dog"):
        for at in range(6):
            paint(f"{name}/{name}/{at}.png", seed=at)
    data = load(tmp_path)
    assert all(len(rows) for rows in data.parts.values())
    assert "the groups are the classes themselves: the samples are dealt out one by one" in data.remarks
