"""A program of torch.export: for torch alone, in Python or C++.

Source: https://docs.pytorch.org/docs/stable/export.html
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch

from convscope.outputs import OutputForm
from convscope.ship.card import Card, as_json
from convscope.ship.form import ShippedAnswers, ShippedForm
from convscope.ship.whole import Captured, quietly

CARD = "card.json"  # beside the graph; torch.export.load gives it as an extra file


def contents(captured: Captured, card: Card, _name: str) -> Mapping[str, bytes]:
    """The graph, its weights and the card, without a word on where it was made."""
    for node in captured.program.graph.nodes:
        node.meta.pop("stack_trace", None)
    file = io.BytesIO()
    with quietly():
        torch.export.save(captured.program, file, extra_files={CARD: as_json(card.fields)})
    return {".pt2": file.getvalue()}


def read(path: Path) -> ShippedAnswers:
    """How the file answers in torch."""
    with quietly():
        module = torch.export.load(path).module()
    return lambda x: module(torch.from_numpy(x)).numpy()


def _is_ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(f"extra/{CARD}") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


FORM = ShippedForm(
    "torch.export", {".pt2": OutputForm("exported program", (".pt2",), _is_ours)}, contents, read
)
