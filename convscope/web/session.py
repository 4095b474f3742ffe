"""What one open explorer holds: the model, the input, the trace of the two, and what was changed to try."""

import copy
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from torch import Tensor, nn

from convscope.data.dataset import Dataset, Kind
from convscope.data.samples import SampleSpec, spec_of
from convscope.errors import DataError
from convscope.network.model import Model
from convscope.opening import Opened
from convscope.run import Run
from convscope.tracing import Trace, trace
from convscope.web.later import Later
from convscope.web.part import Part
from convscope.web.types.parts import Sentence
from convscope.web.values import ValueStore

Made = TypeVar("Made")
KEPT_GRADIENTS = 4  # classes whose gradients are kept for one input


@dataclass(frozen=True)
class SessionInput:
    """What the model is run on.

    Attributes:
        inputs: (1, …) each.
        caption: in words, what is no sample of the data; "" of one that is.
        place: of a sample: part of the data, and its number there.
        change: what the person did to it, in words.
        sample: its place in the part of the data that is shown; None: it came from elsewhere.
        label: its class, where it is known.
        whole: the first input as it was before the person changed numbers of it.
    """

    inputs: tuple[Any, ...]
    caption: str
    sample: int | None = None
    label: int | None = None
    whole: Tensor | None = None
    place: tuple[str, int] | None = None
    change: str = ""

    @property
    def words(self) -> str:
        """What it is, in a line: "test 17, masked"."""
        part = f"{self.place[0]} {self.place[1]}" if self.place else ""
        return ", ".join(filter(None, (part, self.caption, self.change)))


@dataclass
class Seen:
    """One input gone through one state of the model.

    Attributes:
        key: stands in every address, so that an answer can never belong to another state.
        trace: without gradients.
        given: the input.
        kept: answers that took time, by address; they go with the trace.
    """

    trace: Trace
    given: SessionInput
    key: str = field(default_factory=lambda: secrets.token_hex(4))
    kept: dict[str, Any] = field(default_factory=dict)
    gradients: dict[int, Trace] = field(default_factory=dict)

    inputs = property(lambda self: self.given.inputs)
    sample = property(lambda self: self.given.sample)
    label = property(lambda self: self.given.label)


class Session:
    """The state behind one page. All of its methods may be called from several threads; one works at a time.

    Args:
        opened: the model and its first input.
        dataset: where samples are taken from; None: loaded when it is asked for, where there is a run.
        sample: begin with this one of them instead of the model's first input.
        note: what to bear in mind, such as "not trained"; "" for nothing.
        without_data: those of the run are not there any more.
    """

    def __init__(
        self,
        opened: Opened,
        dataset: Dataset | None = None,
        *,
        sample: int | None = None,
        note: str = "",
        without_data: bool = False,
    ) -> None:
        self.opened, self.note = opened, note
        self.original = opened.model
        self.model: nn.Module = opened.model  # a copy as soon as something is tried on it
        self.edits: list[Sentence] = []
        self.tried: list[Any] = []  # the same as `messages/whatif.py` applies it: the last can be undone
        self.lock, self.values = threading.RLock(), ValueStore()
        self._later: dict[str, Later[Any]] = {}
        self.others: dict[str, Run] = {}  # runs to set beside this one, by path
        self._seen: Seen | None = None
        self._dataset, self._without_data = dataset, without_data
        self._part: Part | None = None
        self._part_lock, self._later_lock = threading.Lock(), threading.Lock()
        self._first = _first(opened) if sample is None else self._sample(sample)

    @property
    def seen(self) -> Seen:
        """The input gone through the model, now if it has not yet."""
        with self.lock:
            if self._seen is None:
                self._seen = self._see(self._first)
            return self._seen

    @property
    def title(self) -> str:
        """The name of the run, or the model as the person wrote it."""
        return self.opened.run.name if self.opened.run else self.opened.name

    @property
    def words(self) -> str:
        """What is shown, in a line for the terminal."""
        run, what = self.opened.run, self._first.words
        trained = f"{run.settings.network.name} trained on {run.settings.data.source}, " if run else ""
        return f"{trained}{what}{f' ({self.note})' if self.note else ''}"

    @property
    def kind(self) -> Kind | Literal["any"]:
        """Of the data: image, signal, volume, sequence, or any."""
        if self._dataset is not None:
            return self._dataset.kind
        return self.opened.run.settings.facts.kind if self.opened.run else "any"

    @property
    def spec(self) -> SampleSpec | None:
        """What a sample of the run or the data is; None: the model's input is all that is known."""
        if self.opened.run is not None:
            return self.opened.run.settings.spec
        return spec_of(self._dataset) if self._dataset is not None else None

    @property
    def has_data(self) -> bool:
        """Whether there are samples to choose from (as far as is known before they are loaded)."""
        return self._dataset is not None or (self.opened.run is not None and not self._without_data)

    @property
    def part(self) -> Part:
        """The samples to choose from.

        Raises:
            DataError: there are none, or they are not there any more.
        """
        with self._part_lock:
            if self._part is None:
                self._part = Part(self._data(), self.asked)
            return self._part

    @property
    def asked(self) -> Model:
        """What is asked about every sample: the model as it was opened."""
        assert isinstance(self.original, Model)  # of a run, or made for a data set
        return self.original

    def later(self, what: str, make: Callable[[], Made]) -> Later[Made]:
        """Something that takes long and is made once for the session."""
        with self._later_lock:
            return self._later.setdefault(what, Later(make))

    def begin(self) -> None:
        """Do what the first page will need, before anybody asks."""
        try:
            _ = self.seen
            if self.has_data:
                self.part.said.begin()
        except Exception:  # noqa: BLE001 - told when it is asked for
            pass

    def show(self, inputs: tuple[Tensor, ...], caption: str) -> None:
        """Send another input through."""
        with self.lock:
            self._seen = self._see(SessionInput(inputs, caption))

    def choose(self, index: int) -> None:
        """Send a sample of the data through."""
        given = self._sample(index)
        with self.lock:
            self._seen = self._see(given)

    def change(self, first: Tensor, words: str) -> None:
        """The same sample with other numbers; `restore` brings it back."""
        with self.lock:
            given = self.seen.given
            whole = given.inputs[0] if given.whole is None else given.whole
            self._seen = self._see(
                replace(given, inputs=(first, *given.inputs[1:]), whole=whole, change=words)
            )

    def restore(self) -> None:
        """The input without the person's changes."""
        with self.lock:
            given = self.seen.given
            if given.whole is not None:
                inputs = (given.whole, *given.inputs[1:])
                self._seen = self._see(replace(given, inputs=inputs, change="", whole=None))

    def sandbox(self) -> nn.Module:
        """The copy that may be changed; made at the first change."""
        if self.model is self.original:
            self.model = copy.deepcopy(self.original)
        return self.model

    def again(self, words: Sentence) -> None:
        """The same input through the changed model."""
        with self.lock:
            self.edits = [*self.edits, words]
            self._seen = self._see(self.seen.given)

    def reset(self) -> None:
        """The model as it was opened."""
        with self.lock:
            self.model, self.edits, self.tried = self.original, [], []
            self._seen = self._see(self.seen.given)

    def with_gradients(self, target: int) -> Trace:
        """The same input once more, with gradients of one class's score; kept for the last few classes."""
        with self.lock:
            kept = self.seen.gradients
            if target not in kept:
                found = trace(self.model, self.seen.inputs, self.opened.keywords, score=target)
                if len(kept) >= KEPT_GRADIENTS:
                    kept.pop(next(iter(kept)))
                kept[target] = found
            return kept[target]

    def _see(self, given: SessionInput) -> Seen:
        return Seen(trace(self.model, given.inputs, self.opened.keywords), given)

    def _sample(self, index: int) -> SessionInput:
        part = self.part
        inputs, place = (part.sample(index)[None],), (part.name, index)
        return SessionInput(inputs, "", index, part.label(index), place=place)

    def _data(self) -> Dataset:
        if not self.has_data:
            raise DataError(f"{self.opened.name} has no data to take samples from.\n  Open a run of it.")
        if self._dataset is None and self.opened.run is not None:
            self._dataset = self.opened.run.dataset()
        assert self._dataset is not None
        return self._dataset


def _first(opened: Opened) -> SessionInput:
    """What the person named on the command line."""
    caption, place = ", ".join(opened.given), opened.place
    if place is None or opened.run is None:
        return SessionInput(opened.inputs, caption)
    label = None if opened.run.settings.facts.regression else int(place.label)
    index = place.number if place.part == "test" else None
    return SessionInput(opened.inputs, "", index, label, place=(place.part, place.number))
