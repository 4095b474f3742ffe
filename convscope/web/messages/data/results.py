"""How good the run is on the samples it has not seen, and what was found in its data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convscope.data import check as checking
from convscope.data.check import Check, findings
from convscope.data.check.findings import Repeat
from convscope.errors import DataError
from convscope.run.evaluation import judging, metrics
from convscope.run.evaluation.metrics import Evaluation
from convscope.run.evaluation.regression import ValueEvaluation
from convscope.run.report.words import number, percent, typeset
from convscope.web.messages.data.samples import sample
from convscope.web.part import Part, Said
from convscope.web.session import Session
from convscope.web.types.data import ConfusionMatrix, FindingMessage, Findings, Results

PATIENCE = 600.0  # seconds that are waited for what the network says of all samples
MISTAKES = 48  # that are shown
LINKED = 12  # samples that a finding leads to


def results(session: Session) -> Results:
    """The message `Results` of static/messages.d.ts."""
    part = session.part
    found = part.said.get(PATIENCE)
    if found is None:
        raise DataError("the network is still looking at the samples.\n  Come back in a while.")
    evaluation = _evaluation(session, part, found)
    places = {int(row): index for index, row in enumerate(part.rows.tolist())}
    if isinstance(evaluation, Evaluation):
        shown = [places[each.row] for each in evaluation.mistakes[:MISTAKES]]
        matrix: ConfusionMatrix | None = _matrix(evaluation)
        headline = _of_classes(evaluation)
    else:
        shown = (-found.sure).argsort(kind="stable")[:MISTAKES].tolist()
        matrix, headline = None, _of_values(evaluation)
    return {
        "headline": [{"name": name, "value": value} for name, value in headline],
        "confusion": matrix,
        "mistakes": [sample(part, found, index) for index in shown],
        "part": part.name,
    }


def _evaluation(session: Session, part: Part, found: Said) -> Evaluation | ValueEvaluation:
    import torch

    run, dataset = session.opened.run, part.dataset
    said = torch.from_numpy(found.answers)
    if run is None:
        return metrics.evaluate(found.truth, found.answers, dataset.classes, rows=part.rows.numpy())
    return judging.evaluation(said, dataset, part.rows, session.original, run.settings.facts)  # pyright: ignore[reportArgumentType]


def _matrix(found: Evaluation) -> ConfusionMatrix:
    place = {name: at for at, name in enumerate(found.classes)}
    pairs = sorted([place[each.true], place[each.predicted], each.times] for each in found.pairs)
    return {"classes": list(found.classes), "pairs": pairs}


def _of_classes(found: Evaluation) -> Iterator[tuple[str, str]]:
    yield "accuracy", percent(found.accuracy)
    yield "95 % interval", typeset(found.interval.shares())
    yield "balanced accuracy", percent(found.balanced_accuracy)
    yield "macro F1", percent(found.macro_f1)
    yield "always the commonest class", percent(found.majority)
    if found.persistence is not None:
        yield "expecting no change", percent(found.persistence)


def _of_values(found: ValueEvaluation) -> Iterator[tuple[str, str]]:
    known: dict[str, Any] = found.as_dict()
    names = {"mae": "mean absolute error", "rmse": "root mean squared error", "r2": "R²", "bias": "bias"}
    for key, name in names.items():
        if known.get(key) is not None:
            yield name, number(known[key])


def check(session: Session) -> Findings:
    """The message `Findings` of static/messages.d.ts."""
    part = session.part
    found = session.later("check", lambda: look_through(session)).get(PATIENCE)
    if found is None:
        raise DataError("the data are still being looked through.\n  Come back in a while.")
    places = {str(part.dataset.names[row]): index for index, row in enumerate(part.rows.tolist())}
    return {"findings": list(_findings(found, part, places))}


def look_through(session: Session) -> Check:
    """The data check on the run's own data and settings."""
    dataset, run = session.part.dataset, session.opened.run
    source = run.settings.data.source if run else dataset.source
    return checking.check(source, dataset.settings)


def _findings(found: Check, part: Part, places: Mapping[str, int]) -> Iterator[FindingMessage]:
    """The gravest first."""
    repeats = [(found.exact, "equal"), (found.near, "nearly the same")]
    for repeated, how in repeats:
        leaks = [each for each in repeated if each.leak]
        yield from _told("grave", findings.on_leaks(leaks, how), LEAK, _names(leaks), places)
    for repeated, how in repeats:
        torn = [each for each in repeated if each.conflict]
        yield from _told("grave", findings.on_repeats(torn, how), CONFLICT, _names(torn), places)
    if found.broken:
        words = f"{len(found.broken):,} files cannot be used and are left out"
        yield from _told("warning", [words], BROKEN, [], places)
    yield from _told("warning", findings.on_counts(part.dataset), COUNTS, [], places)
    flat = set(found.flat)
    rows = [row for row, name in enumerate(part.dataset.names) if name in flat]
    yield from _told("warning", findings.on_flat(rows), FLAT, list(found.flat), places)
    yield from _told("warning", findings.on_channels(part.dataset), CHANNELS, [], places)
    for repeated, how in repeats:
        inside = [each for each in repeated if not each.leak and not each.conflict]
        yield from _told("note", findings.on_repeats(inside, how), INSIDE, _names(inside), places)
    yield from _told("note", [*found.remarks], "", [], places)


LEAK = (
    "Keep all copies of a sample in one part: give them one group, or leave the copies out; then train again."
)
CONFLICT = "Look at them and put the label right."
BROKEN = "convscope check names each of them and says what is wrong with it."
COUNTS = "Collect more of the rare ones, or train with --balance weights."
FLAT = "Look at them; most often something was off when they were recorded."
CHANNELS = "Leave such a channel out, or find out why it does not change."
INSIDE = "It does little harm; copies only count twice."


def _names(repeats: Sequence[Repeat]) -> list[str]:
    return [name for each in repeats for name in each.names]


def _told(
    severity: str, sentences: Sequence[str], todo: str, names: Sequence[str], places: Mapping[str, int]
) -> Iterator[FindingMessage]:
    linked = [places[name] for name in names if name in places][:LINKED]
    for sentence in sentences:
        what = f"{sentence[:1].upper()}{sentence[1:]}."
        yield {"severity": severity, "what": what.replace("..", "."), "todo": todo, "samples": linked}
