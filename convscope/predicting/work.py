"""From streams of samples to what is said of them, a piece at a time."""

import hashlib
import time
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from convscope.data.samples import Samples, demand_shape
from convscope.data.streaming import Position, SamplePiece
from convscope.predicting.engines import Engine
from convscope.predicting.journal import AnsweredPiece
from convscope.run import Run
from convscope.run.streams import SampleStream
from convscope.training.machine import threads

WAITED = 0.1  # of the time for a piece: who waits longer for the next one leaves the cores to its readers
NONE = Samples(torch.empty(0), [], [])


class Work:
    """What is to be predicted, and by what.

    Attributes:
        run: whose network answers.
        engine: what computes.
        expected: how many samples there are, about; None: nobody knows.
        key: what tells this work from every other; "": it cannot be gone on with.
    """

    def __init__(self, run: Run, streams: Iterable[SampleStream], engine: str | None, top: int) -> None:
        self.run, self._streams = run, streams
        known = streams if isinstance(streams, list) else []
        counts = [stream.expected for stream in known]
        self.expected = sum(count or 0 for count in counts) if known and None not in counts else None
        self.remarks = [remark for stream in known for remark in stream.remarks]
        self.engine = Engine(run, engine, self.expected)
        self._took = 0.0  # seconds for the last piece, without the wait for it
        self._top = 0 if self.engine.model.regression else min(top, len(run.classes))
        self.key = self._key([stream.key for stream in known])

    def _key(self, keys: list[str]) -> str:
        if not keys or not all(keys):
            return ""
        parts = [self.engine.key, *self.run.classes, str(self._top), *keys]
        return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()

    def answers(self, after: tuple[int, int, int]) -> Iterator[AnsweredPiece]:
        """What is said of the samples behind a place: a stream, and a position in it."""
        first, *position = after
        for number, stream in enumerate(self._streams):
            if number < first:
                continue
            asked = time.perf_counter()
            for piece in stream.pieces(Position(*position) if number == first else Position()):
                ready = time.perf_counter()
                with threads(1 if ready - asked > WAITED * self._took else None):
                    answered = self._answered(piece, number)
                self._took = time.perf_counter() - ready
                yield answered
                asked = time.perf_counter()

    def _answered(self, piece: SamplePiece, number: int) -> AnsweredPiece:
        samples = piece.samples or NONE
        choices, figures = self._said(samples, piece.more) if piece.samples else _nothing(self._top)
        return AnsweredPiece(
            list(samples.names), list(samples.truth), choices, figures,
            [*piece.skipped, *samples.skipped], samples.remarks, (number, piece.end.files, piece.end.rows),
        )  # fmt: skip

    def _said(self, samples: Samples, more: int) -> tuple[np.ndarray, np.ndarray]:
        """(sample, k): the likeliest classes, and how likely; of values none, and the values."""
        demand_shape(samples, self.run.settings.spec, "these data")
        said: Tensor = self.engine(samples.inputs, more)
        if not self._top:
            return np.empty((len(said), 0), np.int32), said.numpy()[:, None]
        best = said.topk(self._top, dim=1)
        return best.indices.int().numpy(), best.values.numpy()


def _nothing(top: int) -> tuple[np.ndarray, np.ndarray]:
    return np.empty((0, top), np.int32), np.empty((0, max(1, top)))
