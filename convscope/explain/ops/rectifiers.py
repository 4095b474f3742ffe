"""ReLU and its family: what is below zero becomes zero, or small."""

import torch

from convscope.explain.account import Account, Index, Step, number, product
from convscope.explain.boxes import Boxes
from convscope.explain.op import Cost, Op
from convscope.explain.reading import Reading

RELU_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html"


def explain_relu(reading: Reading, at: Index) -> Account:
    """max(0, x)."""
    x = float(reading["input"][at])
    result = max(0.0, x)
    kept = "x is above zero and passes as it is." if x > 0 else "x is not above zero, so zero passes instead."
    step = Step(
        "output", "y = max(0, x)", f"max(0, {number(x)}) = {number(result)}", result, f"max(0.0, {x!r})"
    )
    return Account(
        f"ReLU lets positive numbers through. {kept}",
        step.formula,
        step.numbers,
        result,
        RELU_DOCS,
        steps=(step,),
    )


def relu_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    """1 above zero, 0 elsewhere, times the gradient that arrives."""
    slope = torch.tensor(1.0 if float(reading["input"][at]) > 0 else 0.0)
    terms = product(("output",), gradient=reading.output_gradient[at].reshape(1), slope=slope.reshape(1))
    what = "The gradient passes where the input was above zero, and stops elsewhere."
    numbers = f"{number(float(reading.output_gradient[at]))}·{number(float(slope))} = {number(terms.result)}"
    return Account(what, "dx = dy·[x > 0]", numbers, terms.result, RELU_DOCS, terms=terms)


def same_place(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:  # noqa: ARG001
    """Element by element: a unit sees its own place only."""
    return {"input": boxes}


def free(reading: Reading) -> Cost:  # noqa: ARG001
    """No multiplication with an addition."""
    return Cost(0)


RELU = Op("input inplace=False", explain_relu, relu_gradient, free, same_place)
