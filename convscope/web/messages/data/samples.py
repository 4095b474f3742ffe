"""The samples to choose from: right, wrong, unsure; of one class; a page at a time."""

import numpy as np

from convscope.errors import DataError, UnknownName
from convscope.run.evaluation.classification import CLOSE
from convscope.run.report.words import number
from convscope.web.messages.looks import small_look
from convscope.web.part import Part, Said
from convscope.web.session import Session
from convscope.web.types.data import SampleMessage, SamplesMessage

PAGE, LARGEST = 32, 128
CHOICES = ("right", "wrong", "unsure", "all")


def samples(
    session: Session,
    which: str = "all",
    class_: str = "",
    predicted: str = "",
    page: int = 0,
    size: int = PAGE,
) -> SamplesMessage:
    """The message `Samples` of static/messages.d.ts.

    What the network says of all samples is found in the background; until then, `ready` is false and the page
    asks again.

    Args:
        session: where the data are.
        which: "right", "wrong" (the surest first), "unsure" (the closest second choice first), "all".
        class_: only samples of this class; "" for all.
        predicted: only samples that were taken for this class; "" for all.
        page: counted from 0.
        size: samples a page.
    """
    if which not in CHOICES:
        raise UnknownName("choice of samples", which, CHOICES)
    if page < 0 or not 1 <= size <= LARGEST:
        raise DataError(
            f"a page has 1 … {LARGEST} samples, and the first one is 0; got {size} on page {page}."
        )
    part = session.part
    found = part.said.get()
    orders = {"all": np.arange(len(part))} if found is None else _orders(part, found, class_, predicted)
    order = orders.get(which, orders["all"][:0])
    shown = order[size * page : size * (page + 1)].tolist()
    return {
        "which": which,
        "page": page,
        "pages": -(-len(order) // size),
        "total": len(order),
        "counts": {name: len(each) for name, each in orders.items()},
        "samples": [sample(part, found, index) for index in shown],
        "part": part.name,
        "ready": found is not None,
    }


def sample(part: Part, found: Said | None, index: int) -> SampleMessage:
    """One of them."""
    data = part.dataset
    return {
        "index": index,
        "look": small_look(part.sample(index), data.kind, tuple(data.features)),
        "label": part.truth(index),
        "predicted": "" if found is None else said_of(part, found, index),
        "probability": None if found is None or data.regression else float(found.sure[index]),
    }


def said_of(part: Part, found: Said, index: int) -> str:
    """The class, or the value, that the network says."""
    best = found.best[index]
    return number(float(best)) if part.dataset.regression else part.dataset.classes[int(best)]


def _orders(part: Part, found: Said, label: str, said: str) -> dict[str, np.ndarray]:
    """Which samples, and in which order, for each choice; of values there are no right ones."""
    wanted = np.ones(len(part), bool)
    if not part.dataset.regression:
        wanted &= _is(part, found.truth, label) & _is(part, found.best, said)
    every = np.arange(len(part))[wanted]
    if part.dataset.regression:
        return {"all": every}
    right = (found.truth == found.best)[every]
    unsure = every[found.margin[every] < CLOSE]
    return {
        "right": every[right],
        "wrong": every[~right][np.argsort(-found.sure[every[~right]], kind="stable")],
        "unsure": unsure[np.argsort(found.margin[unsure], kind="stable")],
        "all": every,
    }


def _is(part: Part, classes: np.ndarray, name: str) -> np.ndarray:
    if not name:
        return np.ones(len(classes), bool)
    if name not in part.dataset.classes:
        raise UnknownName("class", name, part.dataset.classes)
    return classes == part.dataset.classes.index(name)
