"""What one open explorer holds: the model, the input, the trace of the two, and what was changed to try."""

import copy
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from convscope.opening import Opened
from convscope.trace import Trace, trace


@dataclass
class Seen:
    """One input gone through one state of the model.

    Attributes:
        key: stands in every address, so that an answer can never belong to another state.
        trace: without gradients.
        inputs: what the model was given, (1, …) each.
        caption: the input in words.
        sample: its place in the data; None: it came from elsewhere.
        label: its class, where it is known.
    """

    trace: Trace
    inputs: tuple[Any, ...]
    caption: str
    sample: int | None = None
    label: int | None = None
    key: str = field(default_factory=lambda: secrets.token_hex(4))
    kept: dict[str, Any] = field(default_factory=dict)  # answers that took time, by address


class Session:
    """The state behind one page. All of its methods may be called from several threads; one works at a time."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.original = opened.model
        self.model: nn.Module = opened.model  # a copy as soon as something is tried on it
        self.edits: list[str] = []
        self.lock = threading.RLock()
        self.seen = self._see(opened.inputs, ", ".join(opened.given))

    def show(
        self, inputs: tuple[Tensor, ...], caption: str, sample: int | None = None, label: int | None = None
    ) -> None:
        """Send another input through."""
        with self.lock:
            self.seen = self._see(inputs, caption, sample, label)

    def sandbox(self) -> nn.Module:
        """The copy that may be changed; made at the first change."""
        if self.model is self.original:
            self.model = copy.deepcopy(self.original)
        return self.model

    def again(self, words: str) -> None:
        """The same input through the changed model."""
        with self.lock:
            self.edits.append(words)
            self.seen = self._see(self.seen.inputs, self.seen.caption, self.seen.sample, self.seen.label)

    def reset(self) -> None:
        """The model as it was opened."""
        with self.lock:
            self.model, self.edits = self.original, []
            self.seen = self._see(self.seen.inputs, self.seen.caption, self.seen.sample, self.seen.label)

    def with_gradients(self, target: int) -> Trace:
        """The same input once more, with gradients of one class's score; kept as long as the input is."""
        with self.lock:
            key = f"gradients {target}"
            if key not in self.seen.kept:
                self.seen.kept[key] = trace(self.model, self.seen.inputs, self.opened.keywords, score=target)
            return self.seen.kept[key]

    def _see(
        self, inputs: tuple[Any, ...], caption: str, sample: int | None = None, label: int | None = None
    ) -> Seen:
        return Seen(trace(self.model, inputs, self.opened.keywords), inputs, caption, sample, label)
