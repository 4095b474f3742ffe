"""What the entries of `OPS` say beside numbers: axes, windows, ranges, roles, a drawing that the page has.

An operation that is added, and that a surface does not know, fails here by its name.
"""

import re
from itertools import product
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch

from convscope.explaining import OPS, Role, known, read
from convscope.explaining.op import Drawing, Editable
from convscope.tracing.replay import run_again
from convscope.web.messages.layout import layouts
from convscope.web.types.channels import Channel
from tests.explaining.test_battery import CASES, nodes, places, seen

STATIC = Path(__file__).parents[2] / "convscope/web/static"
WINDOWS = [case for case in CASES if case.gradients and any(OPS[name].window for name in case.ops)]
RANGES = [case for case in CASES if any(OPS[name].range for name in case.ops)]


def test_every_operation_has_a_case():
    elsewhere = {"cpu", "cuda"}  # from one device to another; on one they do nothing and leave no trace
    missing = set(OPS) - {name for case in CASES for name in case.ops} - elsewhere
    assert not missing, f"operations without a case in tests/explaining/cases: {sorted(missing)}"


@pytest.mark.parametrize("name", OPS)
def test_an_entry_says_what_the_others_ask(name):
    entry = OPS[name]
    for part in ("explain", "cost", "reach"):
        assert getattr(entry, part) is not None, f"{name}: {part} is missing"
    assert isinstance(entry.role, Role)
    assert entry.drawing in get_args(Drawing)
    assert set(entry.edits) <= set(get_args(Editable))
    assert (entry.drawing == "window") == (entry.window is not None)
    assert (entry.role is Role.LOSS) == (entry.loss is not None)
    assert entry.sign or entry.role is not Role.JOIN
    assert entry.loss is None or not entry.loss.does or entry.loss.does in OPS
    slides = entry.role in (Role.CONVOLUTION, Role.TRANSPOSED, Role.POOLING)
    assert entry.space == (int(name[-2]) if slides and name[-2:-1].isdigit() else None)


def test_the_page_has_a_drawing_for_each_kind_and_no_other():
    text = (STATIC / "views/channel.js").read_text()
    table = re.search(r"const DRAWINGS = \{(.*?)\}", text, re.S)
    assert table
    drawn = {re.sub(r"\dd$", "", word) for word in re.findall(r"\b\w+\b", table[1])}
    assert drawn - {"backward"} == set(get_args(Drawing))  # backward is a way to look at any of them
    assert get_type_hints(Channel)["drawing"] == Drawing


def test_an_operation_that_is_not_known_says_so():
    entry = known("an operation of tomorrow")
    assert (entry.explain, entry.role, entry.drawing, entry.axes) == (None, Role.OTHER, "terms", None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_output_has_axes_that_the_page_can_ask_by(case):
    result = seen(case)
    found = layouts(result)
    for node in nodes(result, case):
        for index in node.outputs:
            axes, values = found[index], result.tensor(index)
            assert axes.rank == values.dim()
            shown = axes.take(values)  # (channel, *space) of the first sample
            for at in places(shown.shape, torch.Generator().manual_seed(0), count=2):
                place = axes.place((0, *at)) if values.dim() else ()
                assert torch.equal(shown[at].nan_to_num(), values[place].nan_to_num())


@pytest.mark.parametrize("case", WINDOWS, ids=lambda case: case.name)
def test_a_window_lies_on_what_its_output_depends_on(case):
    """Channels, taps and spans against autograd: which inputs the number in the middle depends on."""
    result = seen(case)
    found = layouts(result)
    for node in (node for node in nodes(result, case) if OPS[node.op].window):
        reading, axes = read(result, node), found[node.outputs[0]]
        channel = axes.take(reading.output).shape[0] - 1
        window = OPS[node.op].window(reading, channel)
        at = [size // 2 for size in reading.output_shape[-len(window.slides) :]]
        place = axes.place((0, channel, *at))
        starts, output = run_again(result, node)
        (slope,) = torch.autograd.grad(output[place], [starts[reading.value("input").index]])
        depends = {tuple(each[-len(at) - 1 :]) for each in slope.nonzero().tolist()}
        seen_by_it = set(product(window.channels, *taps(window, at)))
        assert depends <= seen_by_it
        if window.rule != "max":
            assert depends == seen_by_it


def taps(window, at):
    """Which places of the input the window of one output lies on, an axis each."""
    for axis, (slide, step) in enumerate(zip(window.slides, at, strict=True)):
        if window.spans:
            yield range(*window.spans[axis][step])
        elif window.kind == "transposed":
            yield slide.seen_by(step)[1].tolist()
        else:
            yield [place for place in slide.taps(step).tolist() if place >= 0]


@pytest.mark.parametrize("case", RANGES, ids=lambda case: case.name)
def test_numbers_lie_in_the_range_that_is_said(case):
    result = seen(case)
    for node in nodes(result, case):
        if OPS[node.op].range:
            low, high = OPS[node.op].range
            values = result.tensor(node.outputs[0])
            assert bool(((values >= low) & (values <= high)).all())
