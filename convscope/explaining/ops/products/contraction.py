"""Sums of products: one description, by letters, of everything from a dot product to einsum.

Each axis of each factor gets a letter; equal letters run together, and a letter that the output does not
have is summed over. So "ab,cb → ac" is a linear layer, and its account, its gradients, its cost and its
reach all follow from the letters.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Terms, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Formula, Sum, Symbol, summed, times
from convscope.explaining.op import Cost, Extent, Op
from convscope.explaining.reading import Reading, Signature
from convscope.explaining.working import Worked


class Added(NamedTuple):
    """A tensor that is added to the sum, times a number."""

    name: str
    letters: str
    times: float = 1.0


class Contraction(NamedTuple):
    """How the axes of the factors run together.

    Attributes:
        factors: letters of the axes of each factor, by the name of the argument.
        output: letters of the output's axes.
        what: for a person who meets this operation for the first time.
        source: address of the documentation.
        added: the bias; None without one.
        times: what the whole sum is multiplied by.
        axes: what the letters are called; "axis k" where nothing is said.
    """

    factors: dict[str, str]
    output: str
    what: str
    source: str
    added: Added | None = None
    times: float = 1.0
    axes: dict[str, str] = {}  # noqa: RUF012 - never changed


Form = Callable[[Reading], Contraction]
DY, OTHERS = Symbol("dy"), Symbol("(the other factors)")


def contraction_op(
    signature: Signature,
    form: Form,
    size: Callable[[Reading], tuple[Extent, ...]] | None = None,
    parameters: Callable[[Reading], Worked | None] = lambda _: None,
) -> Op:
    """The entry of `OPS` of an operation that is a sum of products."""
    return Op(
        signature,
        partial(_explain, form),
        partial(_gradient, form),
        partial(_cost, form, parameters),
        partial(_reach, form),
        size,
    )


def joined(parts: list[Terms]) -> Terms:
    """One sum of several: a tensor that is used in two places, as in x @ x, has a gradient from both."""
    if len(parts) == 1:
        return parts[0]
    return Terms(torch.cat([part.values.flatten() for part in parts]), ("term",))


def _explain(form: Form, reading: Reading, at: Index) -> Account:
    known = form(reading)
    factors = {name: (letters, reading[name]) for name, letters in known.factors.items()}
    terms = _terms(known, factors, dict(zip(known.output, at, strict=True)), known.times)
    bias = _added_at(reading, known, at)
    values: dict[Formula, float] = {} if bias is None else {_added(known): bias}
    if terms.values.numel() == 1:  # perhaps there is no Σ
        values |= {Symbol(name): float(factor) for name, factor in terms.factors.items()}
    return Account(known.what, _formula(known), known.source, values, terms, bias)


def _gradient(form: Form, reading: Reading, name: str, at: Index) -> Account:
    """Each product that the number takes part in passes its gradient on, times the other factors."""
    known = form(reading)
    index = reading.value(name).index
    roles = [each for each in known.factors if reading.value(each).index == index]
    parts = [_factor_gradient(reading, known, role, at) for role in roles]
    if known.added and reading.value(known.added.name).index == index:
        parts.append(_added_gradient(reading, known, known.added, at))
    terms = joined(parts)
    what = (
        f"The number takes part in {terms.values.numel():,} products of the output. Each hands on the "
        "gradient that arrives there, times what the number was multiplied by."
    )
    slope = Symbol(f"d{name}").equals(summed(DY * OTHERS))
    return Account(what, slope, known.source, terms=terms)


def _factor_gradient(reading: Reading, known: Contraction, role: str, at: Index) -> Terms:
    letters, shape, sizes = known.factors[role], reading.shape(role), _sizes(reading, known)
    # An axis of size 1 that was stretched runs over all places; an ordinary one stands still.
    places = [(letter, at[axis]) for axis, letter in enumerate(letters) if shape[axis] == sizes[letter]]
    fixed = dict(places)
    others = {name: (own, reading[name]) for name, own in known.factors.items() if name != role}
    factors = {"gradient": (known.output, reading.output_gradient)} | others
    on_diagonal = all(fixed[letter] == place for letter, place in places)
    return _terms(known, factors, fixed, known.times if on_diagonal else 0.0, sizes)


def _added_gradient(reading: Reading, known: Contraction, added: Added, at: Index) -> Terms:
    shape, gradient = reading.shape(added.name), reading.output_gradient
    size = dict(zip(known.output, gradient.shape, strict=True))
    fixed = {letter: at[axis] for axis, letter in enumerate(added.letters) if shape[axis] == size[letter]}
    return _terms(known, {"gradient": (known.output, gradient)}, fixed, added.times)


def _terms(
    known: Contraction,
    factors: dict[str, tuple[str, Tensor]],
    fixed: dict[str, int],
    times: float,
    sizes: dict[str, int] | None = None,
) -> Terms:
    """The products, one for each setting of the letters that are not fixed."""
    sizes = sizes or _largest([(letters, tuple(tensor.shape)) for letters, tensor in factors.values()])
    used = dict.fromkeys("".join(letters for letters, _ in factors.values()))
    free = [letter for letter in used if letter not in fixed]
    shape = tuple(sizes[letter] for letter in free) or (1,)
    grids = dict(
        zip(free, torch.meshgrid(*(torch.arange(size) for size in shape), indexing="ij"), strict=False)
    )
    numbers: dict[str, Tensor] = {}
    places: dict[str, Tensor] = {}
    for name, (letters, tensor) in factors.items():
        index = [
            grids.get(letter, torch.full(shape, fixed.get(letter, 0)))
            if size > 1
            else torch.zeros(shape).long()
            for letter, size in zip(letters, tensor.shape, strict=True)
        ]
        numbers[name] = tensor[tuple(index)] if index else tensor.expand(shape)
        if name != "gradient":
            places[name] = torch.stack(index, dim=-1) if index else torch.zeros(*shape, 0).long()
    if times != 1.0:
        numbers["times"] = torch.full(shape, times)
    axes = tuple(known.axes.get(letter, f"axis {letter}") for letter in free)
    return product(axes or ("product",), places, **numbers)


def _added_at(reading: Reading, known: Contraction, at: Index) -> float | None:
    if known.added is None:
        return None
    if known.added.times == 0:  # torch does not look at the numbers then, not even at NaN
        return 0.0
    tensor = reading[known.added.name]
    place = dict(zip(known.output, at, strict=True))
    index = [
        place[letter] if size > 1 else 0
        for letter, size in zip(known.added.letters, tensor.shape, strict=True)
    ]
    return known.added.times * float(tensor[tuple(index)].double())


def _formula(known: Contraction) -> Formula:
    """y[n,o] = Σ input[n,i]·weight[o,i] + bias[o] over i."""
    products = [_indexed(name, letters) for name, letters in known.factors.items()]
    letters = dict.fromkeys("".join(known.factors.values()))
    along = tuple(Symbol(letter) for letter in letters if letter not in known.output)
    right: Formula = times(*([known.times] if known.times != 1.0 else []), *products)
    right = summed(right, along) if along else right
    return _indexed("y", known.output).equals(right if known.added is None else right + _added(known))


def _indexed(name: str, letters: str) -> Symbol:
    return Symbol(name, at=tuple(map(Symbol, letters)))


def _added(known: Contraction) -> Formula:
    """What is added to the sum."""
    assert known.added is not None
    name = _indexed(known.added.name, known.added.letters)
    return known.added.times * name if known.added.times != 1.0 else name


def _largest(each: list[tuple[str, tuple[int, ...]]]) -> dict[str, int]:
    """The size of each letter's axis; an axis of size 1 is stretched to the others'."""
    sizes: dict[str, int] = {}
    for letters, shape in each:
        for letter, size in zip(letters, shape, strict=True):
            sizes[letter] = size if sizes.get(letter, 1) == 1 else sizes[letter]
    return sizes


def _sizes(reading: Reading, known: Contraction) -> dict[str, int]:
    return _largest([(letters, reading.shape(name)) for name, letters in known.factors.items()])


def _cost(form: Form, parameters: Callable[[Reading], Worked | None], reading: Reading) -> Cost:
    """Two factors at a time, from the left; a product that nothing is added to is no multiply-add."""
    known = form(reading)
    sizes, (held, *rest) = _sizes(reading, known), known.factors.values()
    counts: list[Formula] = []
    for place, letters in enumerate(rest):
        together = "".join(dict.fromkeys(held + letters))
        needed = known.output + "".join(rest[place + 1 :])
        held = "".join(letter for letter in together if letter in needed)
        if held != together:
            counts.append(times(*map(Symbol, together)))
    values = {Symbol(letter): size for letter, size in sizes.items()}
    every = Sum(tuple(counts)) if len(counts) > 1 else counts[0] if counts else None
    return Cost(Worked(every, values) if every else None, parameters(reading))


def _reach(form: Form, reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """An axis that the output has too follows the output's box; one that is summed over is needed whole."""
    known = form(reading)
    wanted = known.factors | ({known.added.name: known.added.letters} if known.added else {})
    return {name: _box(boxes, known.output, letters, reading.shape(name)) for name, letters in wanted.items()}


def _box(boxes: Boxes, output: str, letters: str, shape: tuple[int, ...]) -> Boxes:
    columns = [
        boxes[..., output.index(letter), :]
        if letter in output and size > 1
        else np.broadcast_to(np.array([0, size], np.int64), (*boxes.shape[:-2], 2))
        for letter, size in zip(letters, shape, strict=True)
    ]
    return np.stack(columns, axis=-2) if columns else np.zeros((*boxes.shape[:-2], 0, 2), np.int64)
