"""Take away: the explorer as one HTML file, with the answers to everything that can be pressed inside.

The file holds a few samples. Each has its own table of answers, by the address that the page asks for;
pressing another sample turns to another table.
"""

import base64
import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import numpy as np

from convscope.errors import ConvscopeError, DataError
from convscope.run import files
from convscope.web.inline import inlined
from convscope.web.messages import GET
from convscope.web.messages.layer import PAGE
from convscope.web.messages.numbers import Message
from convscope.web.messages.samples import CLOSE, sample
from convscope.web.part import Part
from convscope.web.session import Session
from convscope.web.table import Table

BUDGET = 20 * 2**20  # bytes of the file
EACH = {"wrong": 2, "right": 2, "unsure": 1}  # samples that are taken besides the one on the screen
HERE = "here"  # stands for an input that is no sample of the data
SORTS = ("mean", "max", "sparsity", "gradient", "effect")
METHODS = ("gradient", "gradcam", "integrated", "occlusion")
MISSES = 30  # answers in a row that do not fit, until no more are tried
PATHS = ("file", "path")  # fields whose folders are nobody else's business
QUICK = 0.05  # seconds of one pass, up to which also the slow attributions are worked out
PATIENCE = 600.0  # seconds that are waited for what the network says of all samples


@dataclass
class Taker:
    """Takes answers about one input into the table, as long as there is room."""

    table: Table
    session: Session
    key: str
    leave: float
    misses: int = 0

    @property
    def full(self) -> bool:
        """Whether it makes no sense to try more."""
        return self.misses >= MISSES

    def take(self, address: str, *, without_terms: bool = False) -> Message | None:
        """Keep an answer; None where the server refuses or there is no room.

        Args:
            address: what the page asks for.
            without_terms: the page works them out itself, from the window.
        """
        if self.full:
            return None
        try:
            message = answer(self.session, address)
        except (ConvscopeError, ValueError, LookupError):
            return None
        kept = _anonymous(message) | ({"terms": None} if without_terms else {})
        added = self.table.add(self.key, address, kept, self.leave)
        self.misses = 0 if added else self.misses + 1
        return message if added else None


def save(session: Session, path: Path, samples: Sequence[int] | None = None, budget: int = BUDGET) -> int:
    """Write the explorer as one HTML file, whole or not at all; gives its size in bytes.

    Args:
        session: what is on the screen; it stays as it is.
        path: where to; a file that is there is replaced.
        samples: places in the data; None: the one on the screen and a few wrong, right and unsure ones.
        budget: bytes that the file may have, about; what lies deepest is left out first.

    Raises:
        DataError: it cannot be written.
    """
    return write(page(session, samples, budget), path)


def write(data: bytes, path: Path) -> int:
    """Write a page that was made; gives its size in bytes.

    Raises:
        DataError: it cannot be written.
    """
    try:
        files.replace(path, data)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}.\n  Give another path.") from error
    return len(data)


def page(session: Session, samples: Sequence[int] | None = None, budget: int = BUDGET) -> bytes:
    """The file itself, so that its size can be told before it is written."""
    frame = len(inlined({}).encode())
    return inlined(collected(session, samples, budget - frame).as_dict()).encode()


def collected(session: Session, samples: Sequence[int] | None, room: int) -> Table:
    """The answers: first what every sample needs, then as deep as there is room, the one on the screen last.

    Each of the others may use its share of the room; what they leave is for the one on the screen.
    """
    keys = _keys(session, samples)
    table = Table(keys[0], room)
    for address, message in _shared(session, [int(key) for key in keys if key != HERE]):
        table.add(None, address, message)
    for key in keys:
        _outline(Taker(table, _looking(session, key), key, 0))
    for place, key in enumerate(reversed(keys)):
        others = len(keys) - place - 1
        leave = table.room * others / (others + 1)
        _depth(Taker(table, _looking(session, key), key, leave))
    return table


def answer(session: Session, address: str) -> Message:
    """What the server would say.

    Raises:
        ConvscopeError: it would refuse.
    """
    path, _, query = address.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    for pattern, respond in GET.items():
        found = _fits(pattern, path)
        if found is not None:
            with session.lock:
                return respond(session, {**asked, **found})
    raise DataError(f"there is no address {path}.")


def _fits(pattern: str, path: str) -> Mapping[str, str] | None:
    """The words of a path that is one of the pattern: "layer/{op}", "layer/5" → {"op": "5"}."""
    wanted, given = pattern.split("/"), path.split("/")
    pairs = list(zip(wanted, given, strict=False))
    if len(wanted) != len(given) or any(one != other for one, other in pairs if not one.startswith("{")):
        return None
    return {one[1:-1]: other for one, other in pairs if one.startswith("{")}


def _keys(session: Session, samples: Sequence[int] | None) -> list[str]:
    """The inputs that are taken, the first one is shown first."""
    if samples:
        return list(dict.fromkeys(map(str, samples)))
    here = HERE if session.seen.sample is None else str(session.seen.sample)
    if not session.has_data:
        return [here]
    session.part.said.get(PATIENCE)
    listed = [
        answer(session, f"samples?which={which}&class=&page=0")["samples"][:most]
        for which, most in EACH.items()
    ]
    return list(dict.fromkeys([here, *(str(each["index"]) for some in listed for each in some)]))


def _looking(session: Session, key: str) -> Session:
    """The session, looking at one of the inputs; the one on the screen stays where it is."""
    aside = copy.copy(session)
    if key not in (HERE, str(session.seen.sample)):
        aside.choose(int(key))
    return aside


def _shared(session: Session, samples: list[int]) -> Iterator[tuple[str, Message]]:
    """What does not depend on the input."""
    known = answer(session, "session")
    title = Path(known["title"]).name if "/" in known["title"] else known["title"]
    yield "session", known | {"saved": True, "canDraw": False, "title": title}
    for address in ("results", "check", "runs") if known["hasRun"] else ():
        try:
            yield address, _anonymous(answer(session, address))
        except ConvscopeError:
            continue
    if known["hasData"] and samples:
        yield from _lists(session, known["classes"], samples)


def _lists(session: Session, classes: list[str], indices: list[int]) -> Iterator[tuple[str, Message]]:
    """The lists of samples, as if there were only those that are in the file."""
    part = session.part
    found = part.said.get(PATIENCE)
    if found is None:
        return
    every = [sample(part, found, index) for index in indices]
    unsure = {index for index in indices if found.margin[index] < CLOSE}
    for label in ("", *classes):
        own = [each for each in every if label in ("", each["label"])]
        kinds = {"all": own}
        if classes:
            kinds["right"] = [each for each in own if each["label"] == each["predicted"]]
            kinds["wrong"] = [each for each in own if each["label"] != each["predicted"]]
            kinds["unsure"] = [each for each in own if each["index"] in unsure]
        counts = {which: len(some) for which, some in kinds.items()}
        for which, some in kinds.items():
            message = _listed(part, which, counts, some)
            yield f"samples?which={which}&class={_quoted(label)}&page=0", message
    for cell in {cell for each in every for cell in _cells(each)} if classes else ():
        some = [each for each in every if cell in _cells(each)]
        truth, said = map(_quoted, cell)
        address = f"samples?which=all&class={truth}&page=0&predicted={said}"
        yield address, _listed(part, "all", {"all": len(some)}, some)


def _listed(part: Part, which: str, counts: dict[str, int], samples: list[Message]) -> Message:
    """The message `Samples` of static/messages.d.ts."""
    some = {"which": which, "page": 0, "pages": 1, "total": len(samples), "counts": counts}
    return some | {"samples": samples, "part": part.name, "ready": True}


def _cells(each: Message) -> list[tuple[str, str]]:
    """Where a sample stands in the confusion matrix: its cell, its row, its column."""
    return [(each["label"], each["predicted"]), (each["label"], ""), ("", each["predicted"])]


def _outline(taker: Taker) -> None:
    """What the map and the right side need."""
    graph = taker.take("graph")
    for each in graph["operations"] if graph else ():
        taker.take(f"operation/{each['index']}")


def _depth(taker: Taker) -> None:
    """Layers; which pixels count; channels, those of the first page, each with its strongest number."""
    graph = answer(taker.session, "graph")
    shapes = {each["index"]: each["shape"] for each in graph["operations"]}
    layers = {op: taker.take(f"layer/{op}?sort=index&page=0") for op in shapes}
    counts = {op: layer["channels"] for op, layer in layers.items() if layer}
    if graph["prediction"]:
        said = int(np.argmax(graph["prediction"]["probabilities"]))
        for method in METHODS if graph["totals"]["seconds"] < QUICK else METHODS[:2]:
            taker.take(f"attribution?method={method}&class={said}")
    for place in range(min(PAGE, max(counts.values(), default=0))):
        for op in (op for op, count in counts.items() if place < count):
            found = taker.take(f"channel/{op}/{place}")
            if found:
                taker.take(
                    f"number/{op}?at={_strongest(found, shapes[op])}", without_terms=bool(found["window"])
                )
        if taker.full:
            return
    for op, count in counts.items():
        pages = [f"layer/{op}?sort=index&page={leaf}" for leaf in range(1, -(-count // PAGE))]
        for address in (*pages, *(f"layer/{op}?sort={sort}&page=0" for sort in SORTS)):
            taker.take(address)


def _strongest(channel: Message, shape: list[int]) -> str:
    """The number that the page shows first: the largest one, whatever its sign; its index in the output."""
    output = channel["output"]
    values = np.frombuffer(base64.b64decode(output["data"]), "<f4")
    place = channel["channel"]
    if len(shape) <= 1:
        return str(place) if shape else ""
    space = tuple(output["shape"])
    at = np.unravel_index(int(np.abs(values).argmax()), space) if space else ()
    between = tuple(shape[1 : len(shape) - len(space)])
    first = np.unravel_index(place, between) if place < math.prod(between) else (place,)
    return ",".join(str(int(each)) for each in (0, *first, *at))


def _anonymous(value: Any) -> Any:  # noqa: ANN401 - any message
    """Without the folders of this machine: the file may go to anybody."""
    if isinstance(value, list):
        return [_anonymous(each) for each in value] if value and isinstance(value[0], dict | list) else value
    if not isinstance(value, dict):
        return value
    return {key: _name(each) if key in PATHS else _anonymous(each) for key, each in value.items()}


def _name(path: object) -> object:
    return path.replace("\\", "/").rpartition("/")[2] if isinstance(path, str) else path


def _quoted(text: str) -> str:
    """As encodeURIComponent does."""
    return quote(text, safe="!'()*~")
