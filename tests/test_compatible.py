"""Runs of every earlier version open, predict and export as they did (scripts/write_compatible_runs.py)."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import convscope
from convscope.run import trust

PLACE = Path(__file__).parent / "compatible"
KEPT = sorted(PLACE.glob("*/*.zip"))
CLOSE = 1e-6


@pytest.fixture(params=KEPT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def kept(request, tmp_path, monkeypatch):
    """The folder of a run, what it was asked, and (sample, …) what it said."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path)
    if (code := tmp_path / "run" / trust.CODE).exists():
        trust.add(code.read_bytes(), "a fixture")
    table = tmp_path / "asked.csv"
    asked = pd.read_csv(table) if table.exists() else np.load(tmp_path / "asked.npy")
    return tmp_path / "run", asked, np.load(tmp_path / "said.npy")


def test_each_kind_is_kept_of_each_version():
    for version in PLACE.iterdir():
        kinds = {path.stem for path in version.glob("*.zip")}
        assert kinds == {"image", "signal", "volume", "sequence", "amounts", "own"}, version


def test_it_predicts_as_it_did(kept):
    folder, asked, said = kept
    assert np.abs(np.asarray(convscope.load(folder).predict(asked)) - said).max() < CLOSE


def test_its_history_and_evaluation_are_there(kept):
    run = convscope.load(kept[0])
    assert run.finished
    assert run.history


def test_it_leaves_as_it_did(kept, tmp_path):
    folder, asked, said = kept
    if isinstance(asked, pd.DataFrame):
        assert convscope.export(folder, tmp_path / "left.pt2").paths[0].exists()
        return
    path = convscope.export(folder, tmp_path / "left.pt2").paths[0]
    program = torch.export.load(io.BytesIO(path.read_bytes())).module()
    x = np.moveaxis(asked, -1, 1) if asked.shape[-1] == 3 else asked[:, None]
    answer = program(torch.from_numpy(np.ascontiguousarray(x))).numpy()
    assert np.abs(answer - said).max() < 1e-5
