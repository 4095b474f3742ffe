"""What a person should know about the data before training on it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from html import escape
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from convscope.data import load
from convscope.data.check import duplicates, findings
from convscope.data.check.findings import Repeat
from convscope.data.check.joining import groups
from convscope.data.dataset import PARTS, Dataset, DataSettings, Skipped
from convscope.data.files import decoding
from convscope.data.pictures.decode import PictureHeader, header, regular
from convscope.shapes import show
from convscope.text import cut, printable

QUICK_BYTES = 10**9  # above this, the quick look leaves the search for copies to `convscope check`
NEAR_SIDE = (
    32  # pixels; of 10,000 MNIST digits 122 pairs of different ones are alike enough to be called copies
)
NEAR_ROWS = 50_000  # pictures: where nothing keeps them apart, each is compared with each, 15 s on two cores
QUICK_ROWS = 5_000  # pictures that the quick look compares, a second; of more so many, chosen at random


class Sides(NamedTuple):
    """Sizes of the picture files, in pixels."""

    height: tuple[int, float, int]  # least, median, greatest
    width: tuple[int, float, int]
    commonest: tuple[int, int]  # (height, width) that most files have
    commonest_count: int


@dataclass(frozen=True)
class Check:
    """What was found; shows itself as text (`lines`), as JSON (`as_dict`) and in a notebook.

    Attributes:
        source: as the person gave it.
        shape: (channel, *space) of a sample as the network gets it.
        counts: part → class → samples.
        conclusions: sentences in plain words, the gravest first; empty if nothing is wrong.
        broken: files that cannot be used, and why.
        sides: sizes of the files; None where the samples are no files.
        modes: Pillow's mode → files, commonest first (L grey, RGB colour, P palette …); empty where they are
            no files.
        exact: groups of samples that are equal, byte for byte.
        near: groups of pictures that are nearly the same (and not equal), each like another of its group;
            looked for among files only, and not among pictures below NEAR_SIDE.
        flat: names of samples whose values are all the same.
        passed: files beside the samples that are none, and why.
        remarks: what was decided while loading.
    """

    source: str
    shape: tuple[int, ...]
    counts: dict[str, dict[str, int]]
    conclusions: tuple[str, ...]
    broken: tuple[Skipped, ...]
    sides: Sides | None
    modes: dict[str, int]
    exact: tuple[Repeat, ...]
    near: tuple[Repeat, ...]
    flat: tuple[str, ...]
    remarks: tuple[str, ...]
    passed: tuple[Skipped, ...] = ()

    def lines(self, *, every: bool = False) -> list[str]:
        """Readable text for a terminal; of long lists the first few items, or every one."""
        most = None if every else findings.SHOWN
        total = sum(sum(classes.values()) for classes in self.counts.values())
        text = [f"{self.source}: {total:,} samples of {show(self.shape)}", "", *self._table(), ""]
        if self.sides:
            text += [*_size_lines(self.sides), f"modes    {_tally(self.modes)}", ""]
        text += _listing("cannot be used", [f"{item.file}: {item.reason}" for item in self.broken], most)
        text += _listing("no samples", [f"{item.file}: {item.reason}" for item in self.passed], most)
        text += _listing("equal", [_repeat_line(repeat, most) for repeat in self.exact], most)
        text += _listing("nearly the same", [_repeat_line(repeat, most) for repeat in self.near], most)
        text += _listing("one value throughout", list(self.flat), most)
        text += [*(f"note: {remark}" for remark in self.remarks), ""]
        return [*text, *(f"! {sentence}" for sentence in self.conclusions or ("nothing wrong was found",))]

    def as_dict(self) -> dict:
        """The same for machines: plain dicts, lists, texts and numbers, ready for JSON."""
        return {
            "source": self.source,
            "shape": list(self.shape),
            "counts": self.counts,
            "conclusions": list(self.conclusions),
            "broken": [item._asdict() for item in self.broken],
            "sizes": self.sides._asdict() if self.sides else None,
            "modes": self.modes,
            "exact": [_repeat_dict(repeat) for repeat in self.exact],
            "near": [_repeat_dict(repeat) for repeat in self.near],
            "flat": list(self.flat),
            "remarks": list(self.remarks),
            "no_samples": [item._asdict() for item in self.passed],
        }

    def _table(self) -> list[str]:
        """Samples of each class in each part, aligned."""
        classes = list(self.counts["train"])
        names = [cut(printable(name)) for name in classes]
        width = max(len(name) for name in ["class", *names])
        head = f"{'class':<{width}}" + "".join(f"{part:>9}" for part in PARTS)
        rows = [
            f"{name:<{width}}" + "".join(f"{self.counts[part][label]:>9,}" for part in PARTS)
            for name, label in zip(names, classes, strict=True)
        ]
        sums = f"{'all':<{width}}" + "".join(f"{sum(self.counts[part].values()):>9,}" for part in PARTS)
        return [head, *rows, sums]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{part}</th>" for part in PARTS)
        rows = ""
        for name in self.counts["train"]:
            cells = "".join(f"<td>{self.counts[part][name]:,}</td>" for part in PARTS)
            rows += f"<tr><th>{escape(name)}</th>{cells}</tr>"
        said = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.conclusions)
        return (
            f"<p><b>{escape(self.source)}</b>: samples of {show(self.shape)}</p>"
            f"<table><tr><th>class</th>{head}</tr>{rows}</table>"
            f"<ul>{said or '<li>nothing wrong was found</li>'}</ul>"
        )


@decoding.quiet()
def check(source: str | Path, settings: DataSettings = DataSettings()) -> Check:
    """Load data and look for what spoils training or makes its result look better than it is.

    Args:
        source: catalogue name or path, as for `load`.
        settings: as for `load`; splits are checked as they would be trained on.

    Raises:
        DataError: as `load` does, for data that cannot be trained on at all.

    >>> found = check("digits")
    >>> found.shape, found.counts["test"]["7"], len(found.exact)
    ((1, 8, 8), 36, 0)
    """
    data = load(source, settings)
    pictured = data.kind == "image" and data.root is not None
    heads = _heads(data) if pictured else []
    exact = _equal_files(data) if pictured else groups(duplicates.digests(data.inputs))
    near = _near(data, exact, NEAR_ROWS)
    flat = _flat(data.inputs)
    repeats = findings.repeats(data, exact)
    similar = findings.repeats(data, near)
    left_out = [f"{len(data.skipped):,} files cannot be used and are left out"] if data.skipped else []
    return Check(
        source=str(source),
        shape=tuple(data.inputs.shape[1:]),
        counts={part: dict(zip(data.classes, data.counts(part), strict=True)) for part in PARTS},
        conclusions=(
            *left_out,
            *findings.on_leaks(repeats, "equal"),
            *findings.on_leaks(similar, "nearly the same"),
            *findings.on_groups(data),
            *findings.on_repeats(repeats, "equal"),
            *findings.on_repeats(similar, "nearly the same"),
            *findings.on_parts(data),
            *findings.on_counts(data),
            *findings.on_flat(flat),
            *findings.on_channels(data),
        ),
        broken=data.skipped,
        sides=_sides(heads),
        modes=dict(Counter(head.mode for head in heads).most_common()),
        exact=tuple(repeats),
        near=tuple(similar),
        flat=tuple(data.names[row] for row in flat),
        remarks=data.remarks,
        passed=data.passed,
    )


class Quick(NamedTuple):
    """What the quick look found, as sentences.

    Attributes:
        leaks: why results on unseen data will be worse than the test says.
        others: what else a person should know.
    """

    leaks: list[str]
    others: list[str]


def quick(dataset: Dataset, *, near: bool = True) -> Quick:
    """The part of the check that costs little, on data that is loaded.

    Looks for equal and nearly equal samples, groups in several parts, rare classes, and samples of one value
    throughout.

    Args:
        dataset: the data.
        near: look for nearly equal pictures, too: the dearest part, a second for 5,000.
    """
    size = dataset.inputs.numel() * dataset.inputs.element_size()
    few = [*findings.on_parts(dataset), *findings.on_counts(dataset)]
    if size > QUICK_BYTES:
        unseen = f"{size / 1e9:,.1f} GB of values were not searched for copies: convscope check does that"
        return Quick(findings.on_groups(dataset), [unseen, *few])
    exact = duplicates.equal(dataset.inputs)
    similar = findings.repeats(dataset, _near(dataset, exact, QUICK_ROWS) if near else [])
    repeats = findings.repeats(dataset, exact)
    among = f", among {QUICK_ROWS:,} that were compared," if len(dataset.names) > QUICK_ROWS else ""
    leaks = [*findings.on_leaks(repeats, "equal"), *findings.on_leaks(similar, f"nearly the same{among}")]
    repeated = [
        *findings.on_repeats(repeats, "equal"),
        *findings.on_repeats([each for each in similar if each.conflict], "nearly the same"),
    ]
    flat = findings.on_flat(_flat(dataset.inputs))
    return Quick(
        [*leaks, *findings.on_groups(dataset)], [*repeated, *few, *flat, *findings.on_channels(dataset)]
    )


def _heads(data: Dataset) -> list[PictureHeader]:
    """The header of each sample's file; of files that changed since they were decoded none."""
    looks = decoding.each(header, _files_of(data), "looking")
    return [look for look in looks if isinstance(look, PictureHeader)]


def _files_of(data: Dataset) -> list[Path]:
    return [data.root / name for name in data.names] if data.root else []


def _equal_files(data: Dataset) -> list[list[int]]:
    """Rows whose files are equal, byte for byte; read again only where sizes and pictures are equal."""
    files = _files_of(data)
    found = groups(file.stat().st_size if file.is_file() else None for file in files)
    found = duplicates.finer(found, lambda rows: [duplicates.digests(data.inputs[[row]])[0] for row in rows])
    return duplicates.finer(found, lambda rows: decoding.each(_content, [files[row] for row in rows]))


def _content(file: Path) -> bytes:
    with regular(file) as opened:
        return blake2b(opened.read(), digest_size=16).digest()


def _near(data: Dataset, exact: list[list[int]], most: int) -> list[list[int]]:
    """Groups of nearly equal picture files; of equal ones the first counts, of too many a random sample."""
    if data.kind != "image" or data.root is None or min(data.space) < NEAR_SIDE:
        return []
    repeated = {row for rows in exact for row in rows[1:]}
    rows = torch.tensor([row for row in range(len(data.inputs)) if row not in repeated])
    if len(rows) > most:
        generator = torch.Generator().manual_seed(data.settings.seed)
        rows = rows[torch.randperm(len(rows), generator=generator)[:most].sort().values]
    return duplicates.near(data.inputs, rows)


def _flat(inputs: Tensor) -> list[int]:
    """Rows whose values are all the same."""
    least, greatest = inputs.reshape(len(inputs), -1).aminmax(dim=1)
    return (least == greatest).nonzero().flatten().tolist()


def _sides(heads: Sequence[PictureHeader]) -> Sides | None:
    if not heads:
        return None
    heights, widths = [head.height for head in heads], [head.width for head in heads]
    ((common, count),) = Counter(zip(heights, widths, strict=True)).most_common(1)
    return Sides(
        (min(heights), median(heights), max(heights)),
        (min(widths), median(widths), max(widths)),
        common,
        count,
    )


def _repeat_line(repeat: Repeat, most: int | None) -> str:
    flags = " [across parts]" * repeat.leak + " [across classes]" * repeat.conflict
    more = len(repeat.names) - (most or len(repeat.names))
    return " = ".join([*repeat.names[:most], *([f"{more:,} more"] if more > 0 else [])]) + flags


def _repeat_dict(repeat: Repeat) -> dict:
    lists = {name: list(value) for name, value in repeat._asdict().items()}
    return {**lists, "leak": repeat.leak, "conflict": repeat.conflict}


def _size_lines(sides: Sides) -> list[str]:
    rows = {"height": sides.height, "width": sides.width}
    text = [f"{name:<8} {low:,} to {high:,} px, median {mid:,.0f}" for name, (low, mid, high) in rows.items()]
    common = f"{show(sides.commonest)} ({sides.commonest_count:,} files)"
    return [*text, f"commonest {common}, height × width"]


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _listing(title: str, items: Sequence[str], most: int | None) -> list[str]:
    """A headed list of the first few items; nothing if there are none."""
    if not items:
        return []
    more = len(items) - (most or len(items))
    return [
        f"{title}: {len(items):,}",
        *(f"  {printable(item)}" for item in items[:most]),
        *([f"  … and {more:,} more: --all names them"] if more > 0 else []),
        "",
    ]
