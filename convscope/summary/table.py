"""The cells of a summary: what terminal, Markdown and notebook all show."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convscope.explaining.rendering.words import extent, text
from convscope.explaining.rows import Row
from convscope.shapes import readable, show
from convscope.summary import Summary

TITLES = ("layer", "what", "output", "parameters", "MACs", "field", "memory", "time")
WORDS = 2  # of the columns: the first ones hold words, the others figures
CONVENTION = (
    "A MAC is one multiplication with its addition; biases, comparisons and element-wise functions are not"
    " counted. Memory is that of results made anew, all kept, as in training."
)


def heading(summary: Summary) -> str:
    """The model and what it was called with."""
    inputs = ", ".join(f"{name} {show(shape)}".strip() for name, shape in summary.inputs)
    return f"{summary.model} on {inputs}" if inputs else summary.model


def visible(rows: Sequence[Row], depth: int | None, level: int = 0) -> Iterator[tuple[int, Row, bool]]:
    """Rows with their level, and whether the rows inside follow.

    Args:
        rows: next to each other.
        depth: levels to open; None: all.
        level: of these rows.
    """
    for row in _folded(rows):
        opened = bool(row.rows) and (depth is None or level + 1 < depth)
        yield level, row, opened
        if opened:
            yield from visible(row.rows, depth, level + 1)


def cells(row: Row, *, opened: bool) -> tuple[str, ...]:
    """One cell for each of `TITLES`; the figures of an opened module stand in the rows inside."""
    name = f"✗ {row.name}" if row.failed else row.name
    what = f"{row.kind}({row.settings})" if row.settings else row.kind
    output = show(row.output[0]) or "one number" if row.output else "–"
    output += ", …" if len(row.output) > 1 else ""
    if opened:
        return (name, what, output, *[""] * 5)
    parameters = f"{row.parameters:,}" if row.parameters else "shared" if row.shared else "–"
    macs = "?" if row.macs is None else f"{row.macs:,}" if row.macs else "–"
    field = "×".join(map(str, row.field.size)) if row.field else "–"
    return (name, what, output, parameters, macs, field, memory(row.memory), duration(row.seconds))


def formulas(row: Row) -> list[str]:
    """How the numbers of a row come about, a line each."""
    sizes = [extent(each) for each in row.size if not each.same]
    lines = [f"size: {', '.join(sizes)}"] if sizes else []
    lines += [f"parameters: {text(row.counting.numbers)}"] if row.counting else []
    lines += ["parameters: counted above"] if row.shared else []
    return [*lines, *([f"MACs: {text(row.multiplying.numbers)}"] if row.multiplying else [])]


def notes(summary: Summary) -> list[str]:
    """The totals and how they are counted."""
    totals = summary.totals
    lines = [f"parameters: {_parameters(summary)}", f"MACs: {_macs(summary)}"]
    lines.append(f"memory: {memory(totals.results)} of results, {memory(totals.weights)} of weights")
    lines += [f"time: {duration(totals.seconds)} for the forward"] if totals.seconds is not None else []
    if totals.uncounted:
        names = ", ".join(f"{op} ({count}×)" for op, count in totals.uncounted.items())
        lines.append(f"not counted, for their MACs are not known: {names}")
    return [*lines, CONVENTION]


def troubles(summary: Summary) -> str:
    """Why the model fails, or what looks wrong in it; "" for a sound one."""
    if summary.diagnosis:
        return str(summary.diagnosis)
    return "\n".join(str(each) for each in summary.suspicions)


def memory(size: int) -> str:
    """Bytes as people write them.

    >>> memory(0), memory(3136), memory(94_000_000)
    ('–', '3.1 KiB', '89.6 MiB')
    """
    return readable(size) if size else "–"


def duration(seconds: float | None) -> str:
    """A short time as people write it.

    >>> duration(0.0000214), duration(0.0123), duration(2.5)
    ('0.02 ms', '12.3 ms', '2.50 s')
    """
    if not seconds:
        return "–"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e3:.2f} ms"


def _folded(rows: Sequence[Row]) -> Iterator[Row]:
    """Blocks that do the same as the one before them become one row together, with what they cost in all."""
    place = 0
    while place < len(rows):
        first, end = rows[place], place + 1
        yield first
        while first.rows and end < len(rows) and _alike(rows[end], first):
            end += 1
        if end > place + 1:
            yield _as_one(rows[place + 1 : end], first)
        place = end


def _as_one(blocks: Sequence[Row], like: Row) -> Row:
    last = blocks[-1]
    return replace(
        last,
        name=last.name if len(blocks) == 1 else f"{blocks[0].name} … {last.name}",
        kind=last.kind if len(blocks) == 1 else f"{len(blocks)} × {last.kind}",
        settings=f"as {like.name}" if len(blocks) == 1 else f"each as {like.name}",
        parameters=sum(block.parameters for block in blocks),
        macs=sum(block.macs or 0 for block in blocks),
        memory=sum(block.memory for block in blocks),
        seconds=sum(block.seconds for block in blocks),
        rows=(),
    )


def _alike(row: Row, other: Row) -> bool:
    """The same in everything but name, place and time."""
    same = ("kind", "settings", "output", "parameters", "macs", "failed")
    return (
        all(getattr(row, each) == getattr(other, each) for each in same)
        and len(row.rows) == len(other.rows)
        and all(_alike(*pair) for pair in zip(row.rows, other.rows, strict=True))
    )


def _parameters(summary: Summary) -> str:
    totals = summary.totals
    parts = [f"{totals.parameters:,}"]
    parts += [f"{totals.frozen:,} of them frozen"] if totals.frozen else []
    parts += (
        [f"{totals.unused:,} of them not used in this forward"]
        if totals.unused and not summary.diagnosis
        else []
    )
    return ", ".join(parts)


def _macs(summary: Summary) -> str:
    macs, samples = summary.totals.macs, summary.samples
    if samples == 1:
        return f"{macs:,} for one sample"
    return f"{macs:,} for {samples:,} samples, {macs / samples:,.10g} for one"
