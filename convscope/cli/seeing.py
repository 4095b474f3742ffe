"""Commands that look inside a model: what it is made of, why one number is what it is, what differs."""

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from convscope.cli.options import AtLeastOne, Flag, Json, UsageError
from convscope.cli.show import columns, write, write_json, write_lines
from convscope.errors import DataError
from convscope.figures import number, percent

if TYPE_CHECKING:
    from torch import Tensor

    from convscope.opening import Opened
    from convscope.summary.compare import Comparison
    from convscope.tracing import Trace

ModelArgument = Annotated[
    str,
    Parameter(
        name="MODEL",
        help="A run (its folder, or latest), a network that convscope networks lists, file.py:Class, a .keras"
        ' file, or a layer as it is typed: "nn.Conv1d(2, 5, 3, stride=2)".',
    ),
]
Input = Annotated[
    list[str] | None,
    Parameter(
        name="--input",
        negative=(),
        help="What ONE sample is: a shape such as 1x28x28 for random numbers (16:0..999 for whole ones), a"
        " file (picture, .npy, .csv, .wav), or DATA:INDEX such as mnist-sample:3 (of a run's own data:"
        " test:17). Give it once for each input; name=1x28x28 for an argument by name.",
    ),
]
Classes = Annotated[int, Parameter(help="Classes of a network that is built.")]
Markdown = Annotated[Flag, Parameter(help="Print a Markdown table.")]
NEXT = "To take one of its numbers apart: --op NAME --at 3,7,7 (channel, row, column), or --op NAME alone."
NARROWEST = 60  # characters: below that a table is no table


def summary(
    model: ModelArgument,
    /,
    *,
    inputs: Input = None,
    classes: Classes = 10,
    depth: AtLeastOne | None = None,
    formulas: Flag = False,
    markdown: Markdown = False,
    as_json: Json = False,
) -> int:
    """Show what a model is made of and what it costs.

    Shape, parameters, multiply-adds (MACs), receptive field, memory and time of every layer and operation,
    with the formulas. Of a model that fails: everything up to there, and how to mend it.

    Args:
        depth: Levels of modules to open; all of them if not given.
        formulas: Show how each number comes about; small models do so by themselves.
    """
    from convscope.opening import open_model
    from convscope.summary import summarise

    opened = open_model(model, inputs or (), classes=classes)
    found = summarise(opened.model, opened.inputs, opened.keywords, samples=1)
    if as_json:
        write_json(found.as_dict())
    elif markdown:
        write(found.markdown(depth))
    else:
        write_lines([_heading(opened)])
        write(found.text(_width(), depth, explain=formulas or None))
    return 1 if found.diagnosis else 0


def explain(
    model: ModelArgument,
    /,
    *,
    op: str | None = None,
    at: str | None = None,
    inputs: Input = None,
    gradient: str | None = None,
    score: int | None = None,
    classes: Classes = 10,
    python: Flag = False,
    as_json: Json = False,
) -> int:
    """Take one number of a network apart: what it is made of, and the proof that it is the network's.

    Args:
        op: The operation, such as conv2; without it they are listed.
        at: Which number of its output, such as 3,7,7 (channel, row, column); the largest if not given.
        gradient: Take the gradient of this argument of the operation apart instead: weight, bias, input.
        score: The output whose gradient that is, counted from 0; the largest if not given.
        python: Print a Python script of its own that computes the number.
    """
    from convscope.explaining import explain as take_apart
    from convscope.explaining import explain_gradient

    opened = _with_a_sample(model, inputs or (), classes)
    seen = _traced(opened, score, wants_gradient=gradient is not None)
    asked = {"--at": at, "--gradient": gradient, "--python": python}
    op = op or _only(seen, [option for option, given in asked.items() if given])
    if op is None:
        return _list_operations(opened, seen, as_json=as_json)
    place = _index(at) if at is not None else _largest(seen, op, gradient)
    found = explain_gradient(seen, op, gradient, place) if gradient else take_apart(seen, op, place)
    if as_json:
        write_json(found.as_dict())
    elif python:
        write(found.python().rstrip())
    else:
        write_lines([_heading(opened)])
        write("" if at is not None else _said(gradient))
        write(str(found))
    return 0


def compare(
    models: Annotated[list[str], Parameter(name="MODEL")] = [],  # noqa: B006 - cyclopts makes a new one
    /,
    *,
    inputs: Input = None,
    example: Literal["stacked", "bottleneck"] | None = None,
    classes: Classes = 10,
    markdown: Markdown = False,
    as_json: Json = False,
) -> None:
    """Set models side by side: parameters, multiply-adds, memory, receptive field, time, accuracy of runs.

    Args:
        models: Two or more, each as for convscope summary. The first one is what the others are measured
            against.
        example: Instead of models, a comparison that courses make. stacked: two 3 x 3 convolutions against
            one of 5 x 5. bottleneck: a 5 x 5 on 192 channels, directly and through a 1 x 1 of 16 channels.
    """
    from convscope.summary.compare import example as run_example

    if example and models:
        raise UsageError(f"--example {example} brings its own models; leave {', '.join(models)} out.")
    if not example and len(models) < 2:
        raise UsageError("two models at least are compared.\n  Or try: convscope compare --example stacked")
    found = run_example(example) if example else _compared(models, inputs or (), classes)
    if as_json:
        write_json(found.as_dict())
    else:
        write(found.markdown() if markdown else str(found))


def _compared(models: Sequence[str], inputs: Sequence[str], classes: int) -> "Comparison":
    from convscope.opening import open_model
    from convscope.summary import summarise
    from convscope.summary.compare import Comparison, Side

    sides = []
    for name in models:
        opened = open_model(name, inputs, classes=classes)
        found = summarise(opened.model, opened.inputs, opened.keywords, samples=1)
        sides.append(Side(name, found, _figures(opened)))
    return Comparison(tuple(sides))


def _figures(opened: "Opened") -> dict[str, str]:
    """How good a run is, as its folder says."""
    from convscope.run.listing import summary as in_a_line

    if opened.run is None:
        return {}
    line = in_a_line(opened.run.path)
    found = {"validation accuracy": percent(line.val_accuracy)} if line.val_accuracy is not None else {}
    for name, value in line.test.items():
        title = f"test {name.replace('_', ' ')}"
        share = "accuracy" in name or name == "macro_f1"
        found[title] = percent(value) if share else number(value)
    return found


def _with_a_sample(model: str, inputs: Sequence[str], classes: int) -> "Opened":
    """A run is explained on the first sample of its test part, if its data are still there."""
    from convscope.opening import open_model

    opened = open_model(model, inputs, classes=classes)
    if opened.run is None or inputs:
        return opened
    try:
        return open_model(model, ["test:0"])
    except DataError:
        return opened


def _traced(opened: "Opened", score: int | None, *, wants_gradient: bool) -> "Trace":
    from convscope.tracing import trace

    if not wants_gradient:
        return trace(opened.model, opened.inputs, opened.keywords)
    return trace(
        opened.model, opened.inputs, opened.keywords, score=_largest_output if score is None else score
    )


def _largest_output(output: object) -> "Tensor":
    """The score of the winning class."""
    from torch import Tensor

    from convscope.tracing.structure import leaves

    return next(leaf for leaf in leaves(output) if isinstance(leaf, Tensor)).max()


def _only(seen: "Trace", asked: Sequence[str]) -> str | None:
    """The operation that options mean where none is named: there must be no other."""
    if not asked or seen.failure:
        return None
    if len(seen.nodes) == 1:
        return seen.nodes[0].name
    raise UsageError(
        f"{asked[0]}: expected one operation, got {len(seen.nodes)}.\n"
        "  Name it with --op; without these options they are listed."
    )


def _list_operations(opened: "Opened", seen: "Trace", *, as_json: bool) -> int:
    """What can be asked for; of a model that fails, everything up to there and why."""
    from convscope.explaining import known
    from convscope.lint import diagnose
    from convscope.shapes import show

    rows = [
        {
            "name": node.name,
            "op": node.op,
            "output": list(seen.values[node.outputs[0]].shape) if node.outputs else [],
            "explained": known(node.op).explain is not None,
        }
        for node in seen.nodes
    ]
    if as_json:
        write_json(rows)
    else:
        cells = [
            [row["name"], row["op"], show(tuple(row["output"])), "yes" if row["explained"] else "no"]
            for row in rows
        ]
        write_lines([_heading(opened), ""])
        write(columns(["operation", "kind", "output", "explained"], cells))
        write(f"\n{diagnose(seen) if seen.failure else NEXT}")
    return 1 if seen.failure else 0


def _index(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace(" ", "").split(",") if part)
    except ValueError:
        raise UsageError(f"--at: expected whole numbers such as 3,7,7; got {text}.") from None


def _largest(seen: "Trace", op: str, gradient: str | None) -> tuple[int, ...]:
    """Index of the largest number of an output, or of the largest gradient of an argument."""
    import torch

    from convscope.explaining import known, read

    node = seen[op]
    if not node.outputs or (gradient and known(node.op).gradient is None):
        return ()  # what is wrong is said where it is taken apart
    value = read(seen, node).value(gradient) if gradient else seen.values[node.outputs[0]]
    numbers = value.gradient if gradient else seen.tensor(value.index)
    if numbers is None or not numbers.numel():
        return (0,) * len(value.shape)
    place = numbers.abs().argmax()
    return tuple(int(each) for each in torch.unravel_index(place, numbers.shape))


def _said(gradient: str | None) -> str:
    what = f"gradient of {gradient}" if gradient else "number of the output"
    return f"Without --at: the {what} that is farthest from 0."


def _heading(opened: "Opened") -> str:
    return f"{opened.name}: {'; '.join(opened.given)}"


def _width() -> int:
    return max(NARROWEST, shutil.get_terminal_size((100, 24)).columns)
