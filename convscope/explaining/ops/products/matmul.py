"""Products of matrices and vectors under all their names, and einsum."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convscope.explaining.op import OUT, Extent, Op, Role
from convscope.explaining.ops.products.contraction import Added, Contraction, contraction_op
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.tracing.graph import Node, Ref
from convscope.tracing.structure import tensors_of

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.{}.html"
LEAD = "stuvwxyb"  # axes in front of the matrices, the last one next to them
AXES = dict.fromkeys(LEAD, "batch") | {"m": "row", "n": "column", "k": "inner"}
DOTS = "αβγδεζηθ"  # what "..." stands for in an equation
WHAT = (
    "Row times column: the numbers of a row of the first are multiplied by those of a column of the second, "
    "one by one, and added up."
)


def _matmul(reading: Reading) -> Contraction:
    """A vector on the left is a row, on the right a column; axes in front of the matrices run along."""
    first, second = len(reading.shape("input")), len(reading.shape("other"))
    left, right = _last(LEAD, first - 2), _last(LEAD, second - 2)
    row, column = "m" if first > 1 else "", "n" if second > 1 else ""
    factors = {"input": f"{left}{row}k", "other": f"{right}k{column}"}
    return Contraction(
        factors, max(left, right, key=len) + row + column, WHAT, DOCS.format("matmul"), axes=AXES
    )


def _inner(reading: Reading) -> Contraction:
    """Every row of the first with every row of the second; a lone number multiplies."""
    first, second = len(reading.shape("input")), len(reading.shape("other"))
    if not first or not second:
        factors = {"input": LEAD[:first], "other": LEAD[:second]}
        return Contraction(factors, LEAD[: max(first, second)], WHAT, DOCS.format("inner"), axes=AXES)
    left, right = LEAD[: first - 1], "abcdefgh"[: second - 1]
    return Contraction(
        {"input": f"{left}k", "other": f"{right}k"}, left + right, WHAT, DOCS.format("inner"), axes=AXES
    )


def _last(letters: str, count: int) -> str:
    return letters[len(letters) - count :] if count > 0 else ""


def _fixed(name: str, equation: str, names: str, what: str = WHAT) -> Callable[[Reading], Contraction]:
    """A product with fixed axes: "mk kn mn" is "first second output"."""
    *letters, output = equation.split(" ")
    factors = dict(zip(names.split(), letters, strict=True))
    return lambda _: Contraction(factors, output, what, DOCS.format(name), axes=AXES)


def _with_added(name: str, equation: str, names: str) -> Callable[[Reading], Contraction]:
    """beta·input + alpha·(a product with fixed axes); the input is stretched to the product's shape."""
    product = _fixed(name, equation, names, f"{WHAT} Another tensor is added to the result.")

    def form(reading: Reading) -> Contraction:
        known, axes = product(reading), len(reading.shape("input"))
        letters = known.output[len(known.output) - axes :]
        added = Added("input", letters, float(reading["beta"]))
        return known._replace(added=added, times=float(reading["alpha"]))

    return form


def _operands(node: Node) -> dict[str, Any]:
    """The equation and its tensors by name, whether they stand one by one or in a list."""
    equation, *given = node.args
    return {"equation": equation} | dict(
        zip(OPERANDS, (Ref(index) for index in tensors_of(given)), strict=False)
    )


def _einsum(reading: Reading) -> Contraction:
    """Every axis has its letter; dots stand for axes that run along, counted from the last."""
    equation, *names = reading.arguments
    left, arrow, output = reading[equation].replace(" ", "").partition("->")
    letters = left.split(",")
    dots = [
        len(reading.shape(name)) - len(own.replace("...", "")) if "..." in own else 0
        for name, own in zip(names, letters, strict=True)
    ]
    spelled = [own.replace("...", _last(DOTS, axes)) for own, axes in zip(letters, dots, strict=True)]
    if not arrow:  # what occurs once, by alphabet, behind what the dots stand for
        once = sorted(letter for letter in set(left) - set("., ") if left.count(letter) == 1)
        output = "..." + "".join(once)
    what = "Axes with equal letters run together; what the output does not name is added up."
    output = output.replace("...", _last(DOTS, max(dots)))
    return Contraction(
        dict(zip(names, spelled, strict=True)),
        output,
        what,
        DOCS.format("einsum"),
        axes=dict.fromkeys(DOTS, "batch"),
    )


def _matmul_size(reading: Reading) -> tuple[Extent, ...]:
    """Where each of the output's last axes comes from."""
    first, second = reading.shape("input"), reading.shape("other")
    found = {"rows of the first": first[-2:-1], "columns of the second": second[1:][-1:]}
    return tuple(Extent(each, Worked(OUT, {OUT: size[0]})) for each, size in found.items() if size)


OPERANDS = ("first", "second", "third", *(f"{place}th" for place in range(4, 27)))
OUTER = "Every number of the first with every number of the second: one product, nothing to add up."

MATMUL = contraction_op("input other", _matmul, _matmul_size)
RMATMUL = contraction_op("other input", _matmul, _matmul_size)
EINSUM = contraction_op(_operands, _einsum)
_PRODUCTS: dict[str, Op] = {
    "matmul": MATMUL,
    "rmatmul": RMATMUL,
    "einsum": EINSUM,
    "inner": contraction_op("input other", _inner),
    "mm": contraction_op("input mat2", _fixed("mm", "mk kn mn", "input mat2")),
    "bmm": contraction_op("input mat2", _fixed("bmm", "bmk bkn bmn", "input mat2")),
    "mv": contraction_op("input vec", _fixed("mv", "mk k m", "input vec")),
    "dot": contraction_op("input tensor", _fixed("dot", "k k ", "input tensor")),
    "vdot": contraction_op("input other", _fixed("vdot", "k k ", "input other")),
    "outer": contraction_op("input vec2", _fixed("outer", "m n mn", "input vec2", OUTER)),
    "ger": contraction_op("input vec2", _fixed("outer", "m n mn", "input vec2", OUTER)),
    "addmm": contraction_op("input mat1 mat2 beta=1 alpha=1", _with_added("addmm", "mk kn mn", "mat1 mat2")),
    "addmv": contraction_op("input mat vec beta=1 alpha=1", _with_added("addmv", "mk k m", "mat vec")),
    "addr": contraction_op("input vec1 vec2 beta=1 alpha=1", _with_added("addr", "m n mn", "vec1 vec2")),
    "baddbmm": contraction_op(
        "input batch1 batch2 beta=1 alpha=1", _with_added("baddbmm", "bmk bkn bmn", "batch1 batch2")
    ),
    "addbmm": contraction_op(
        "input batch1 batch2 beta=1 alpha=1", _with_added("addbmm", "bmk bkn mn", "batch1 batch2")
    ),
}
MATRICES = ("matmul", "rmatmul", "mm", "bmm", "addmm", "baddbmm", "addbmm")
PRODUCTS = _PRODUCTS | {name: replace(_PRODUCTS[name], role=Role.PRODUCT) for name in MATRICES}
PRODUCTS["matmul"] = replace(PRODUCTS["matmul"], sign="@")
PRODUCTS["rmatmul"] = replace(PRODUCTS["rmatmul"], sign="@")
