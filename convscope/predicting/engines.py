"""What computes: torch, or ONNX Runtime where that is faster here.

Both are asked about the same samples, once there are so many left that it is worth it. ONNX Runtime answers
only if it says the same within 1e-5; where two classes are nearly as likely, torch has the last word.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

import convscope
from convscope import outputs
from convscope.data.files import cache
from convscope.errors import ShipError
from convscope.run import Run
from convscope.ship import onnx_file
from convscope.ship.card import Card
from convscope.ship.parity import LIMIT, apart
from convscope.ship.whole import capture
from convscope.training import scores
from convscope.training.machine import present_device

ENGINES = {"torch": "torch", "onnx": "ONNX Runtime"}
PIECES = 2  # that torch answers before it is compared: the first one finds out how to
WORTH, WORTH_MADE = 12.0, 1.0  # seconds of torch that are left, where a file is to be made; where it is there
KEPT = 20  # files in the cache

AnswersOf = Callable[[Tensor], Tensor]


class Engine:
    """Answers pieces of samples, and looks for the faster way to.

    Attributes:
        name: what answers now.
        rates: engine → samples a second, as they were measured.
    """

    def __init__(self, run: Run, wanted: str | None, expected: int | None) -> None:
        self.run, self.name, self.rates = run, "torch", {}
        self.model = run.model().to(present_device(run.settings.training.device))
        self._left, self._asked = expected, 0
        self._answers: AnswersOf = self._torch
        if wanted == "onnx":
            self._answers, self.name = self._proven(_session(self)), "onnx"
        self._open = wanted is None and self._can
        self._spent, self._said = 0.0, 0

    @cached_property
    def key(self) -> str:
        """What tells this network, with its weights, from every other one."""
        total = hashlib.sha256(str(self.model.network).encode())
        for name, tensor in self.model.state_dict().items():
            total.update(name.encode())
            total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return total.hexdigest()

    def __call__(self, inputs: Tensor, more: int = 0) -> Tensor:
        """What is said of samples, float64: (sample, class), or values, (sample,).

        Args:
            inputs: (sample, channel, *space).
            more: samples that are known to follow, where nobody knows how many there are.
        """
        begun = time.perf_counter()
        said = self._answers(inputs)
        self._asked += 1
        if self._asked >= PIECES:
            self._spent, self._said = self._spent + time.perf_counter() - begun, self._said + len(inputs)
            self.rates[self.name] = self._said / max(self._spent, 1e-9)
        self._left = None if self._left is None else max(0, self._left - len(inputs))
        if self._open and self._asked >= PIECES:
            seconds = (more if self._left is None else self._left) / self.rates["torch"]
            self._consider(inputs, said, max(seconds, self._spent if self._left is None else 0.0))
        return said

    def words(self) -> str:
        """Which it was, and what was measured."""
        other = [each for each in self.rates if each != self.name]
        beside = "".join(f" ({ENGINES[each]}: {self.rates[each]:,.0f} samples a second)" for each in other)
        rate = f", {self.rates[self.name]:,.0f} samples a second" if self.name in self.rates else ""
        return f"{ENGINES[self.name]}{rate}{beside}"

    def _torch(self, inputs: Tensor) -> Tensor:
        return scores.answers(self.model, inputs)

    @property
    def _can(self) -> bool:
        """Whether ONNX Runtime may be asked: it is there, and torch computes on the processor as well."""
        there = all(find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime"))
        return there and next(self.model.parameters()).device.type == "cpu"

    def _consider(self, inputs: Tensor, said: Tensor, seconds: float) -> None:
        """Ask ONNX Runtime the same, where so many seconds of torch are left, and stay with the faster."""
        if seconds < (WORTH_MADE if _place(self.key).is_file() else WORTH):
            return
        self._open = False
        try:
            answers = _session(self)
            answers(inputs[:64])  # the first time is no measure
            begun = time.perf_counter()
            again = answers(inputs)
            rate = len(inputs) / (time.perf_counter() - begun)
        except Exception:  # noqa: BLE001 - a network that ONNX has not, or cannot run: torch can
            return
        if apart(again.numpy(), said, self.model) > LIMIT:
            return
        self.rates["onnx"] = rate
        if rate > self.rates["torch"]:
            self._answers, self.name, self._spent, self._said = self._decided(answers), "onnx", 0.0, 0

    def _proven(self, answers: AnswersOf) -> AnswersOf:
        """Demand the same of the first samples."""
        decided, left = self._decided(answers), [64]

        def asked(inputs: Tensor) -> Tensor:
            said = decided(inputs)
            if left:
                some = inputs[: left.pop()]
                found = apart(said[: len(some)].numpy(), self._torch(some), self.model)
                if not found <= LIMIT:
                    raise ShipError(
                        f"ONNX Runtime answers otherwise than torch, by up to {found:.1e}; {LIMIT:g} is"
                        " allowed.\n  Use torch: --engine torch"
                    )
            return said

        return asked

    def _decided(self, answers: AnswersOf) -> AnswersOf:
        """With torch's word where two classes are nearly as likely, so that both name the same."""

        def asked(inputs: Tensor) -> Tensor:
            said = answers(inputs)
            if not self.model.regression and said.shape[1] > 1:
                first, second = said.topk(2, dim=1).values.unbind(1)
                close = (first - second < 2 * LIMIT).nonzero()[:, 0]
                if len(close):
                    said[close] = self._torch(inputs[close])
            return said

        return asked


def _place(key: str) -> Path:
    """Where the network lies as ONNX, once it was made."""
    versions = f"{torch.__version__} {convscope.__version__}"
    name = hashlib.sha256(f"{key} {versions}".encode()).hexdigest()[:32]
    return cache.home() / "networks" / f"{name}.onnx"


def _session(engine: Engine) -> AnswersOf:
    """ONNX Runtime with the network, from the cache or made now.

    Raises:
        ShipError: a missing package, or a network that is no graph or takes one sample at a time.
    """
    place = _place(engine.key)
    try:
        read = onnx_file.read(place)
    except Exception:  # noqa: BLE001 - not there, damaged, or its packages are missing, which is said below
        captured = capture(engine.model.cpu(), engine.run.settings.facts)
        if captured.fixed:
            raise ShipError("the network takes one sample at a time.\n  Use torch: --engine torch") from None
        content = onnx_file.contents(captured, Card.of(engine.run), "network")[".onnx"]
        with TemporaryDirectory() as folder:
            made = Path(folder) / "network.onnx"
            made.write_bytes(content)
            read = onnx_file.read(made)
        _keep(place, content)

    def answers(inputs: Tensor) -> Tensor:
        size = max(1, min(scores.MOST, scores.NUMBERS // max(1, inputs[:1].numel())))
        values = inputs if inputs.dtype == torch.uint8 else inputs.float()
        pieces = [read(piece.contiguous().numpy()) for piece in values.split(size)]
        return torch.from_numpy(np.concatenate(pieces)).double()

    return answers


def _keep(place: Path, content: bytes) -> None:
    """Store it for the next time; where that fails, it is made again, no more."""
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        outputs.replace(place, content)
        oldest = sorted(place.parent.glob("*.onnx"), key=lambda path: path.stat().st_mtime)[:-KEPT]
        for path in oldest:
            path.unlink(missing_ok=True)
