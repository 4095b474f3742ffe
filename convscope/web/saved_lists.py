"""The lists of samples in a saved page: as if the data were only the samples that are in the file."""

from collections.abc import Iterator
from urllib.parse import quote

from convscope.run.evaluation.classification import CLOSE
from convscope.web.messages.data.results import PATIENCE
from convscope.web.messages.data.samples import sample
from convscope.web.part import Part
from convscope.web.session import Session
from convscope.web.types.data import SampleMessage, SamplesMessage


def sample_lists(
    session: Session, classes: list[str], indices: list[int]
) -> Iterator[tuple[str, SamplesMessage]]:
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


def _listed(part: Part, which: str, counts: dict[str, int], samples: list[SampleMessage]) -> SamplesMessage:
    """The message `Samples` of static/messages.d.ts."""
    return {
        "which": which,
        "page": 0,
        "pages": 1,
        "total": len(samples),
        "counts": counts,
        "samples": samples,
        "part": part.name,
        "ready": True,
    }


def _cells(each: SampleMessage) -> list[tuple[str, str]]:
    """Where a sample stands in the confusion matrix: its cell, its row, its column."""
    return [(each["label"], each["predicted"]), (each["label"], ""), ("", each["predicted"])]


def _quoted(text: str) -> str:
    """As encodeURIComponent does."""
    return quote(text, safe="!'()*~")
