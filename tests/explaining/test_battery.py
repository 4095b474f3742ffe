"""One battery over every operation that can be explained.

The sum is the network's number, its script computes it, its gradient is autograd's, and no number from
outside of its box matters.
"""

import contextlib
import importlib
import io
import math
import re
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import unit
from convscope.explaining.rendering.words import extent
from convscope.tracing import Ref, trace
from convscope.tracing.replay import run_again
from convscope.tracing.structure import leaves

FAMILIES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))
CASES = [
    case for family in FAMILIES for case in importlib.import_module(f"tests.explaining.cases.{family}").CASES
]
ELEMENTS = 8  # of each output


def one_number(output):
    """A score in which every output counts, each with a weight of its own."""
    torch.manual_seed(1)
    floats = [leaf for leaf in leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    return sum((leaf * torch.rand_like(leaf)).sum() for leaf in floats)


@cache
def seen(case):
    """The trace of a case; nobody writes into it."""
    torch.manual_seed(2)
    score = one_number if case.gradients else None
    result = trace(case.model, case.inputs, case.keywords, score=score)
    assert result.failure is None, result.failure
    return result


def nodes(result, case):
    found = [node for node in result.nodes if node.op in case.ops]
    assert {node.op for node in found} == set(case.ops), [node.op for node in result.nodes]
    return found


def places(shape, generator, count=ELEMENTS):
    """Random indices, the first and the last element among them."""
    size = math.prod(shape)
    chosen = [0, size - 1, *torch.randint(size, (count,), generator=generator).tolist()] if size else []
    return [
        tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), shape))
        for flat in dict.fromkeys(chosen)
    ]


def tensor_arguments(reading):
    """Names of the float tensors among the arguments; those in a list as "tensors[1]"."""
    for name, argument in reading.arguments.items():
        if isinstance(argument, Ref):
            names = [name]
        elif isinstance(argument, list | tuple):
            names = [f"{name}[{place}]" for place, each in enumerate(argument) if isinstance(each, Ref)]
        else:
            names = []
        yield from (each for each in names if reading.value(each).dtype.is_floating_point)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_number_is_the_networks(case):
    result, generator = seen(case), torch.Generator().manual_seed(3)
    for node in nodes(result, case):
        for number, value in enumerate(node.outputs):
            for at in places(result.values[value].shape, generator):
                explanation = explain(result, node, at, number)
                assert explanation.kind == "explained", str(explanation)
                assert explanation.holds, str(explanation)
                check_terms(explanation.account.terms)
                check_script(explanation)


def check_terms(terms):
    if terms is None:
        return
    assert len(terms.axes) == terms.values.dim()
    assert terms.values.dtype == torch.float64
    for factor in terms.factors.values():
        assert factor.shape == terms.values.shape
    for where in terms.places.values():
        assert where.shape[:-1] == terms.values.shape
    if terms.factors:
        expected = torch.stack(list(terms.factors.values())).prod(0)
        assert torch.equal(expected.nan_to_num(), terms.values.nan_to_num()) or torch.allclose(
            expected, terms.values
        )


def check_script(explanation):
    names: dict[str, float] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(explanation.python(), names)
    if math.isfinite(explanation.result):
        assert abs(names["result"] - explanation.result) <= max(explanation.bound, 1e-300), (
            explanation.python()
        )


@pytest.mark.parametrize("case", [case for case in CASES if case.gradients], ids=lambda case: case.name)
def test_every_gradient_is_autograds(case):
    result, generator = seen(case), torch.Generator().manual_seed(4)
    for node in nodes(result, case):
        reading = read(result, node)
        for argument in tensor_arguments(reading):
            for at in places(reading.shape(argument), generator, count=4):
                explanation = explain_gradient(result, node, argument, at)
                assert explanation.holds, str(explanation)
                check_terms(explanation.account.terms)
                check_script(explanation)


@pytest.mark.parametrize("case", [case for case in CASES if case.reaches], ids=lambda case: case.name)
def test_nothing_outside_of_its_box_matters(case):
    result, generator = seen(case), torch.Generator().manual_seed(5)
    for node in nodes(result, case):
        reach = OPS[node.op].reach
        assert reach is not None, f"{node.op} has no reach"
        value = result.values[node.outputs[0]]
        if not value.dtype.is_floating_point:
            continue
        for at in places(value.shape, generator, count=4):
            boxes = reach(read(result, node), unit(at)[None])
            starts, output = run_again(result, node)
            if not output.requires_grad:
                continue
            slopes = torch.autograd.grad(output[at], list(starts.values()), allow_unused=True)
            support = {index: slope for index, slope in zip(starts, slopes, strict=True) if slope is not None}
            check_support(read(result, node), boxes, support, node)


def check_support(reading, boxes, support, node):
    seen: dict[int, list[list[list[int]]]] = {}  # a tensor that is taken twice (`cat([x, x])`) has two boxes
    for name, found in boxes.items():
        several = isinstance(found, list)
        for place, box in enumerate(found if several else [found]):
            argument = f"{name}[{place}]" if several else name
            seen.setdefault(reading.value(argument).index, []).append(box[0].tolist())
    for value, boxes_on_it in seen.items():
        for index in support[value].nonzero().tolist() if value in support else ():
            inside = any(
                all(low <= i < high for i, (low, high) in zip(index, box, strict=True)) for box in boxes_on_it
            )
            assert inside, f"{node.op}: {index} of value {value} matters and lies outside of {boxes_on_it}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sizes_are_the_real_ones(case):
    result = seen(case)
    for node in nodes(result, case):
        op = OPS[node.op]
        if op.size is None:
            continue
        shape = result.values[node.outputs[0]].shape
        for line in map(extent, op.size(read(result, node))):
            size = int(re.findall(r"([\d,]+)(?: \([^()]*\))*$", line)[-1].replace(",", ""))
            assert size in (*shape, math.prod(shape)), (line, shape)


def test_every_operation_has_a_case():
    """Or is another name of one that has."""
    covered = [OPS[op] for case in CASES for op in case.ops]
    assert [name for name, op in OPS.items() if op not in covered] == []
