"""What is alike to the network: samples as points in a plane, the training samples nearest to an input."""

import copy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.errors import DataError, RunError
from convscope.extracting.flattening import METHODS, demand_method, drawn, installed
from convscope.extracting.heads import demand_numbers
from convscope.extracting.layers import of_layer
from convscope.extracting.neighbours import closest
from convscope.run.report.words import number
from convscope.web.messages.data.results import PATIENCE
from convscope.web.messages.looks import small_look, small_looks
from convscope.web.messages.numbers import exact, plain
from convscope.web.part import Part, Said
from convscope.web.session import Session
from convscope.web.types.data import Nearest, NeighbourMessage, PlaneMessage

MOST = 1_500  # points of the map: each brings its picture
NEAR = 6  # neighbours that are shown
NUMBERS = 2**26  # of training samples' features that are kept: of more samples some are drawn


class Held(NamedTuple):
    """Features of samples of the data.

    Attributes:
        values: (sample, feature).
        rows: (sample,) their rows in the data.
        layer: whose they are, in words.
    """

    values: np.ndarray
    rows: Tensor
    layer: str


def plane(session: Session, method: str = "pca") -> PlaneMessage:
    """The message `PlaneMessage` of static/messages.d.ts: samples of the part as points.

    Args:
        session: where the data are.
        method: pca, tsne or umap, where that is installed.
    """
    demand_method(method)
    part = session.part
    said = part.said.get(PATIENCE)
    held = session.later("features", lambda: _of_part(session)).get(PATIENCE)
    if said is None or held is None:
        raise DataError("the network is still looking at the samples.\n  Come back in a while.")
    flat = session.later(f"plane {method}", lambda: METHODS[method](held.values)).get(PATIENCE)
    if flat is None:
        raise DataError("the map is still being made.\n  Come back in a while.")
    return _told(part, said, drawn(np.arange(len(part)), MOST).tolist(), method, flat.points, flat.shares)


def _told(
    part: Part, said: Said, shown: list[int], method: str, points: np.ndarray, shares: tuple[float, ...]
) -> PlaneMessage:
    data = part.dataset
    best = [plain(float(each)) for each in said.best[shown]]
    sure = [plain(float(each)) for each in said.sure[shown]]
    return {
        "method": method,
        "methods": [name for name in METHODS if installed(name)],
        "points": exact(torch.from_numpy(np.ascontiguousarray(points))),
        "shares": list(shares),
        "samples": shown,
        "truth": [plain(float(each)) for each in said.truth[shown]],
        "said": best,
        "sure": None if data.regression else sure,
        "looks": small_looks(data.inputs[part.rows[shown]], data.kind, tuple(data.features)),
        "total": len(part),
        "part": part.name,
    }


def nearest(session: Session) -> Nearest:
    """The message `Nearest` of static/messages.d.ts: the training samples that are most like the input.

    Raises:
        RunError: the model is of no run.
        DataError: no training samples, or features that are no numbers.
    """
    training = session.later("training features", lambda: _of_training(session)).get(PATIENCE)
    if training is None:
        raise DataError("the network is still looking at the training samples.\n  Come back in a while.")
    with session.lock:
        given = session.seen.given
    values, _ = of_layer(copy.deepcopy(session.asked), given.inputs[0], None, session.title)
    demand_numbers(values, training.layer)
    itself = _itself(session.part, training, given.place) if not given.change else -1
    count = min(NEAR, len(training.rows) - (itself >= 0))
    distances, places = closest(values, training.values, count, torch.tensor([itself]))
    found = zip(training.rows[places[0]].tolist(), distances[0].tolist(), strict=True)
    return {
        "neighbours": [_neighbour(session.part, row, distance) for row, distance in found],
        "layer": training.layer,
        "compared": len(training.rows),
        "total": len(session.part.dataset.parts["train"]),
    }


def _itself(part: Part, training: Held, place: tuple[str, int] | None) -> int:
    """Which of the training samples the input is; -1: none."""
    if place is None or place[0] != "train":
        return -1
    same = (training.rows == part.dataset.parts["train"][place[1]]).nonzero()
    return int(same[0, 0]) if len(same) else -1


def _neighbour(part: Part, row: int, distance: float) -> NeighbourMessage:
    data = part.dataset
    label = data.labels[row].item()
    return {
        "look": small_look(data.inputs[row], data.kind, tuple(data.features)),
        "label": number(float(label)) if data.regression else data.classes[int(label)],
        "name": str(data.names[row]),
        "distance": distance,
    }


def _of_part(session: Session) -> Held:
    """Those of the map."""
    return _held(session, session.part.rows[drawn(np.arange(len(session.part)), MOST)])


def _of_training(session: Session) -> Held:
    if session.opened.run is None:
        raise RunError(f"{session.opened.name} is no run: it was trained on no samples.")
    rows = session.part.dataset.parts["train"]
    if not len(rows):
        raise DataError("a neighbour is a training sample; there is none here.")
    width = _held(session, rows[:1]).values.shape[1]
    return _held(session, rows[drawn(np.arange(len(rows)), max(1, NUMBERS // max(1, width)))])


def _held(session: Session, rows: Tensor) -> Held:
    """What goes into the classifier of a copy: the person's own may be traced meanwhile."""
    inputs = session.part.dataset.inputs[rows]
    values, layer = of_layer(copy.deepcopy(session.asked), inputs, None, session.title)
    demand_numbers(values, layer)
    return Held(values, rows, layer)
