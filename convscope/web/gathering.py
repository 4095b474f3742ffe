"""What goes into a saved page: the answers to all that can be pressed, the most important ones first."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.errors import ConvscopeError
from convscope.web.dispatch import answer
from convscope.web.messages import GET
from convscope.web.messages.channels.layer import PAGE
from convscope.web.messages.data.results import PATIENCE
from convscope.web.saved_lists import sample_lists
from convscope.web.session import Session
from convscope.web.table import SavedAnswers
from convscope.web.types.channels import Channel
from convscope.web.types.network import GraphMessage, Operation
from convscope.web.types.parts import Prediction, Real

EACH = {"wrong": 2, "right": 2, "unsure": 1}  # samples that are taken besides the one on the screen
HERE = "here"  # stands for an input that is no sample of the data
SORTS = ("mean", "max", "sparsity", "gradient", "effect")
METHODS = ("gradient", "gradcam", "integrated", "occlusion")
MISSES = 30  # answers in a row that do not fit, until no more are tried
PATHS = ("file", "path")  # fields whose folders are nobody else's business
MAP = "plane?method=pca"  # as the page asks for it first
QUICK = 0.05  # seconds of one pass, up to which also the slow attributions are worked out


@dataclass
class Taker:
    """Takes answers about one input into the table, as long as there is room."""

    table: SavedAnswers
    session: Session
    key: str
    leave: float
    misses: int = 0

    @property
    def full(self) -> bool:
        """Whether it makes no sense to try more."""
        return self.misses >= MISSES

    @property
    def first(self) -> bool:
        """Whether this is the input that is shown first."""
        return self.key == self.table.start

    def take(self, address: str, *, without_terms: bool = False) -> Any:  # noqa: ANN401 - any message
        """Keep an answer; None where the server refuses or there is no room.

        Args:
            address: what the page asks for.
            without_terms: the page works them out itself, from the window.
        """
        if self.full:
            return None
        try:
            message = ask(self.session, address)
        except (ConvscopeError, ValueError, LookupError):
            return None
        kept = _anonymous(message)
        if "terms" in kept:
            kept["terms"] = None if without_terms else _float32(kept["terms"])
        added = self.table.add(self.key, address, kept, self.leave)
        self.misses = 0 if added else self.misses + 1
        return message if added else None


def collected(session: Session, samples: Sequence[int] | None, room: int) -> SavedAnswers:
    """The answers: first what every sample needs, then as deep as there is room, the one on the screen last.

    Each of the others may use its share of the room; what they leave is for the one on the screen.
    """
    keys = _keys(session, samples)
    table = SavedAnswers(keys[0], room)
    for address, message in _shared(session, [int(key) for key in keys if key != HERE]):
        table.add(None, address, message)
    for key in keys:
        _outline(Taker(table, _looking(session, key), key, 0))
    for place, key in enumerate(reversed(keys)):
        others = len(keys) - place - 1
        leave = table.room * others / (others + 1)
        _depth(Taker(table, _looking(session, key), key, leave))
    return table


def ask(session: Session, address: str) -> Any:  # noqa: ANN401 - any message
    """What the server would say."""
    with session.lock:
        return answer(GET, session, address)


def _keys(session: Session, samples: Sequence[int] | None) -> list[str]:
    """The inputs that are taken, the first one is shown first."""
    if samples:
        return list(dict.fromkeys(map(str, samples)))
    here = HERE if session.seen.sample is None else str(session.seen.sample)
    if not session.has_data:
        return [here]
    session.part.said.get(PATIENCE)
    listed = [
        ask(session, f"samples?which={which}&class=&page=0")["samples"][:most] for which, most in EACH.items()
    ]
    return list(dict.fromkeys([here, *(str(each["index"]) for some in listed for each in some)]))


def _looking(session: Session, key: str) -> Session:
    """The session, looking at one of the inputs; the one on the screen stays where it is."""
    aside = copy.copy(session)
    if key not in (HERE, str(session.seen.sample)):
        aside.choose(int(key))
    return aside


def _shared(session: Session, samples: list[int]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What does not depend on the input."""
    known = ask(session, "session")
    yield "session", known | {"saved": True, "canDraw": False}
    for address in ("results", MAP, "check", "runs") if known["hasRun"] else ():
        try:
            kept = {"looks": None, "methods": []} if address == MAP else {}  # a picture a point is too much
            yield address, _anonymous(ask(session, address)) | kept
        except ConvscopeError:
            continue
    if known["hasData"] and samples:
        yield from sample_lists(session, known["classes"], samples)


def _outline(taker: Taker) -> None:
    """What the map and the right side need."""
    graph = taker.take("graph")
    for each in graph["operations"] if graph else ():
        taker.take(f"operation/{each['index']}")


def _depth(taker: Taker) -> None:
    """Layers; which pixels count; channels, those of the first page, each with its strongest number."""
    graph = ask(taker.session, "graph")
    operations = [each["index"] for each in graph["operations"]]
    layers = {op: taker.take(f"layer/{op}?sort=index&page=0") for op in operations}
    counts = {op: layer["channels"] for op, layer in layers.items() if layer}
    _pixels(taker, graph)
    for place in range(min(PAGE, max(counts.values(), default=0))):
        for op in (op for op, count in counts.items() if place < count):
            _channel(taker, op, place, graph["prediction"])
        if taker.full:
            return
    for op, count in counts.items():
        for leaf in range(1, -(-count // PAGE)):
            taker.take(f"layer/{op}?sort=index&page={leaf}")
    if taker.first:
        _sorted(taker, graph["operations"])


def _sorted(taker: Taker, operations: list[Operation]) -> None:
    """Layers in other orders; by effect, which takes a pass a channel, only those with weights."""
    for each in operations:
        for sort in SORTS if each["parameters"] else SORTS[:-1]:
            taker.take(f"layer/{each['index']}?sort={sort}&page=0")


def _pixels(taker: Taker, graph: GraphMessage) -> None:
    """Attributions of the predicted class."""
    if not graph["prediction"]:
        return
    said = _best(graph["prediction"]["probabilities"])
    for method in METHODS if graph["totals"]["seconds"] < QUICK else METHODS[:2]:
        taker.take(f"attribution?method={method}&class={said}")


def _channel(taker: Taker, op: int, place: int, prediction: Prediction | None) -> None:
    """One channel, its strongest number, the way back.

    Where a window slides, the page itself computes the number; so for the further inputs these are left out.
    """
    found = taker.take(f"channel/{op}/{place}")
    if found is None or (found["window"] and not taker.first):
        return
    taker.take(f"number/{op}?at={_strongest(found)}", without_terms=bool(found["window"]))
    if prediction and taker.first:
        truth = prediction["truth"]
        slope = _slope(found, _best(prediction["logits"]) if truth is None else truth)
        if slope:
            taker.take(slope)


def _best(scores: list[Real]) -> int:
    """The class with the largest score; one that is no number is none."""
    return int(np.argmax([float("-inf") if score is None else score for score in scores]))


def _strongest(channel: Channel) -> str:
    """Index of the number that the page shows first: the largest one, whatever its sign."""
    output = channel["output"]
    values = np.frombuffer(output["data"], "<f4")
    space = tuple(output["shape"])
    at = np.unravel_index(int(np.abs(values).argmax()), space) if space else ()
    return ",".join(str(int(each)) for each in (0, channel["channel"], *at))


def _slope(channel: Channel, target: int) -> str | None:
    """Address of the gradient that the page shows first: of the weight in the middle of the first kernel."""
    window = channel["window"]
    if window is None or window["weight"] is None or window["kind"] != "convolution":
        return None
    at = (channel["channel"], 0, *(size // 2 for size in window["kernel"]))
    return f"number/{channel['index']}?gradient=weight&at={','.join(map(str, at))}&target={target}"


def _anonymous(value: Any) -> Any:  # noqa: ANN401 - any message
    """Without the folders of this machine: the file may go to anybody."""
    if isinstance(value, list):
        return [_anonymous(each) for each in value] if value and isinstance(value[0], dict | list) else value
    if not isinstance(value, dict):
        return value
    return {key: _name(each) if key in PATHS else _anonymous(each) for key, each in value.items()}


def _float32(value: Any) -> Any:  # noqa: ANN401 - terms
    """Nine digits: what tells one float32 from the next."""
    match value:
        case dict():
            return {key: _float32(each) for key, each in value.items()}
        case list():
            return [_float32(each) for each in value]
        case float():
            return float(f"{value:.9g}")
    return value


def _name(path: object) -> object:
    return path.replace("\\", "/").rpartition("/")[2] if isinstance(path, str) else path
