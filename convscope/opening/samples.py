"""What a model is run on, in one word for each input: `[name=]WHAT`.

| WHAT | what it is |
| --- | --- |
| 1x28x28 | random numbers (standard normal) of that shape: one sample, without the sample axis |
| 16:int64, 3x8:uint8 | random whole numbers 0 … 9, or 0 … 255 for uint8 |
| 16:0..999 | random whole numbers in that range, as for words by number |
| digit.png, digit.png:1x28x28 | a picture, brought to that size |
| x.npy, x.csv, x.wav | an array, a signal (a row a channel), a sound |
| mnist-sample:3, DATA:test:3 | one sample of a data set, or of one part of it |
| test:17 | one sample of the data that a run was trained on |

Pixels 0 … 255 become 0 … 1, but for a run, which does its own preprocessing.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from convscope import data as data_room
from convscope.data import DataSettings, reading
from convscope.data.dataset import PARTS, Dataset
from convscope.data.pictures import decode
from convscope.data.samples import demand_scale
from convscope.errors import DataError, UnknownName
from convscope.paths import expanded
from convscope.run import Run, inputs
from convscope.shapes import show

FORMS = "An input is a shape (1x28x28), a file (picture, .npy, .csv, .wav), or DATA:INDEX (mnist-sample:3)."
NAMED = re.compile(r"([A-Za-z_]\w*)=(.+)", re.DOTALL)
SHAPE = re.compile(r"(\d+(?:[x×]\d+)*)(?::(.+))?")
SAMPLE = re.compile(r"(.+?)(?::(train|val|test))?:(-?\d+)")
SIZED = re.compile(r"(.+):(\d+(?:[x×]\d+)+)")
RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.uint8, torch.bool),
    )
}
HIGHEST = {torch.uint8: 255, torch.bool: 1}  # of random whole numbers, where it is not said


class Place(NamedTuple):
    """Where a sample stands in its data: "test", 17, and its label (a class's index, or a value)."""

    part: str
    number: int
    label: int | float


class ModelInput(NamedTuple):
    """One input.

    Attributes:
        keyword: the argument it is for; "" for the next one in order.
        tensor: ONE sample with its sample axis.
        words: what it is, for people.
        place: in the data that a run was trained on, where it comes from there.
    """

    keyword: str
    tensor: Tensor
    words: str
    place: Place | None = None


def read(word: str, seed: int = 0, axis: int = 0) -> ModelInput:
    """Read one input.

    Args:
        word: see above.
        seed: of random numbers.
        axis: where the sample axis goes.

    Raises:
        DataError: nothing of the kind, or it cannot be read.

    >>> read("mask=3:0..1").keyword, read("2x3:0..1").tensor
    ('mask', tensor([[[0, 1, 1],
             [0, 1, 1]]]))
    """
    keyword, what = _named(word)
    if drawn := _drawn(what, seed):
        sample, words = drawn
    elif (found := SAMPLE.fullmatch(what)) and not Path(what).exists():
        source, part, index = found.groups()
        sample, words = _sample(data_room.load(source, DataSettings()), part, int(index))
        sample = _plain(sample)
    else:
        sample, words = _of_file(what)
    return ModelInput(keyword, sample.unsqueeze(min(axis, sample.dim())), words)


def of_run(word: str, run: Run, seed: int = 0) -> ModelInput:
    """Read one input for a run: raw, as in its training.

    Raises:
        DataError: nothing of the kind, or it cannot be read.
        ShapeError: it has another number of axes than the run's samples.
    """
    keyword, what = _named(word)
    found = SAMPLE.fullmatch(what)
    if SHAPE.fullmatch(what):
        typed = what if ":" in what else f"{what}:{run.settings.facts.values}"
        return read(typed, seed)._replace(keyword=keyword)
    if part := re.fullmatch(rf"({'|'.join(PARTS)}):(-?\d+)", what):
        dataset, index = run.dataset(), int(part[2])
        sample, words = _sample(dataset, part[1], index)
        rows = dataset.parts[part[1]]
        place = Place(part[1], index % len(rows), dataset.labels[rows[index]].item())
        return ModelInput(keyword, sample[None], words, place)
    if found and not Path(what).exists():
        settings = run.settings.data.plain()
        sample, words = _sample(data_room.load(found[1], settings), found[2], int(found[3]))
        demand_scale(sample[None], run.settings.spec)
    else:
        samples = inputs.gather(what, run.settings)
        sample, words = samples.inputs[0], str(samples.names[0])
    return ModelInput(keyword, sample[None], words)


def like_those_of(run: Run, seed: int = 0) -> ModelInput:
    """Random numbers in the shape of a run's samples."""
    facts = run.settings.facts
    return of_run("x".join(map(str, (facts.channels, *facts.space))), run, seed)


def _named(word: str) -> tuple[str, str]:
    found = NAMED.fullmatch(word)
    return (found[1], found[2]) if found else ("", word)


def _drawn(what: str, seed: int) -> tuple[Tensor, str] | None:
    """Random numbers; None where this is no shape."""
    found = SHAPE.fullmatch(what)
    if found is None:
        return None
    shape = tuple(int(size) for size in re.split("[x×]", found[1]))
    if 0 in shape:
        raise DataError(f"'{what}' has an axis of size 0.\n  {FORMS}")
    dtype, low, high = _numbers(found[2] or "float32")
    source = torch.Generator().manual_seed(seed)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=source).to(dtype), f"random numbers, {show(shape)}"
    values = torch.randint(low, high + 1, shape, generator=source).to(dtype)
    return values, f"random whole numbers {low} … {high}, {show(shape)}"


def _numbers(kind: str) -> tuple[torch.dtype, int, int]:
    """What comes behind the shape: a type, or a range of whole numbers."""
    if bounds := RANGE.fullmatch(kind):
        low, high = int(bounds[1]), int(bounds[2])
        if low > high:
            raise DataError(f"there is no number in {kind}.\n  Write the lower end first: {high}..{low}.")
        return torch.int64, low, high
    if kind not in DTYPES:
        raise UnknownName("type of numbers", kind, [*DTYPES, "LOW..HIGH"])
    return DTYPES[kind], 0, HIGHEST.get(DTYPES[kind], 9)


def _sample(dataset: Dataset, part: str | None, index: int) -> tuple[Tensor, str]:
    """One sample of a data set, raw, (channel, *space)."""
    rows = dataset.parts[part] if part else torch.arange(len(dataset.labels))
    where = f"{dataset.source}{f', part {part},' if part else ''}"
    if not -len(rows) <= index < len(rows):
        raise DataError(f"{where} has {len(rows):,} samples; there is no number {index}.\n  Count from 0.")
    row = int(rows[index])
    label = dataset.labels[row].item()
    said = f"{label:g}" if dataset.regression else f"labelled '{dataset.classes[int(label)]}'"
    where = f"{where} sample {index % len(rows)} ({dataset.names[row]}), {said}"
    return dataset.inputs[row].contiguous(), where


def _of_file(what: str) -> tuple[Tensor, str]:
    """One sample from a file, (channel, *space) or the array as it is."""
    sized = SIZED.fullmatch(what) if not expanded(what).exists() else None
    path = expanded(sized[1] if sized else what)
    if not path.is_file():
        raise DataError(_no_file(what))
    if sized and path.suffix.lower() not in decode.SUFFIXES:
        raise DataError(f"only pictures are brought to a size; {path} is none.\n  Leave :{sized[2]} out.")
    spec = reading.own_spec(path)
    if sized:
        spec = replace(spec, shape=tuple(map(int, re.split("[x×]", sized[2]))))
    found = reading.read([path], spec)
    assert found is not None  # its format was found, or there would be no spec
    sample = _plain(found.inputs[0])
    return sample, f"{path.name}, {show(tuple(sample.shape)) or 'one number'}"


def _no_file(what: str) -> str:
    sizes = [str(int(each)) for each in re.findall(r"\d+", what)]
    meant = "x".join(sizes) if sizes and re.fullmatch(r"[\d\s,;*X×x()\[\]]+", what) else ""
    guess = f"; did you mean {meant}?" if meant else "."
    return f"'{what}' is no shape, no file, and no sample of a data set{guess}\n  {FORMS}"


def _plain(sample: Tensor) -> Tensor:
    """Pixels as 0 … 1, double numbers as single ones; whole numbers stay."""
    if sample.dtype == torch.uint8:
        return sample.float() / 255
    return sample.float() if sample.dtype == torch.float64 else sample
