"""What holds layers, and what is no layer at all."""

import ast
from collections.abc import Iterator
from typing import Any

from torch import nn

from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.making.failure import MakingFailure
from convscope.lint.making.names import nearest
from convscope.lint.signature import needed, signature


@rule(
    "making",
    "not-a-layer",
    why="A holder of layers takes modules only. nn.ReLU is a class, the plan; "
    "nn.ReLU() is a layer made of it; F.relu is a function, called in forward; a "
    "list is handed over with a star.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2), nn.ReLU)
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2), nn.ReLU())
    """,
)
def no_layer(failure: MakingFailure) -> Finding | None:
    """A list, a class or a function where a layer was meant."""
    if "is not a Module subclass" not in failure.message or failure.added is None:
        return None
    name, value = failure.added
    holder = getattr(failure.kind, "__name__", "nn.Sequential")
    node = _element(failure, name, value)
    place = f"nn.{holder}, element {name}," if name.isdigit() else f"nn.{holder}"
    written = f"`{failure.written(node)}`" if node else str(value)
    line = node.lineno if node else 0
    if isinstance(value, type):
        what = f"{place} is the class {written}, not a layer made of it."
        ready = not needed(value)
        fixes = (failure.replaced(node, f"{failure.written(node)}()"),) if node and ready else ()
        advice = "" if fixes else f"Write it with brackets. It takes: {signature(value)}"
        return Finding(
            what,
            "Brackets behind a class make an object: nn.ReLU is the plan, nn.ReLU() is the layer.",
            fixes=fixes,
            advice=advice,
            where=failure.at(line),
        )
    if callable(value):
        near = nearest(getattr(value, "__name__", ""), dir(nn))
        fixes = (failure.replaced(node, f"nn.{near}()"),) if near and node else ()
        what = f"{place} is the function {written}, not a layer."
        advice = "" if fixes else "Write a small nn.Module whose forward calls it."
        return Finding(
            what,
            "A holder of layers takes modules only; functions are called in forward.",
            fixes=fixes,
            advice=advice,
            where=failure.at(line),
        )
    what = f"{place} is a {type(value).__name__}, not a layer."
    cause = f"nn.{holder} takes layers" + (
        " one by one; a star in front of a list hands them over so." if holder == "Sequential" else "."
    )
    return Finding(what, cause, fixes=tuple(_unpacked(failure, node, value)), where=failure.at(line))


def _element(failure: MakingFailure, name: str, value: Any) -> ast.expr | None:  # noqa: ANN401
    """The expression of one element of a holder; for a class, its only mention without brackets."""
    call = failure.call
    elements = call.args if call else []
    if failure.kind is nn.ModuleList and len(elements) == 1 and isinstance(elements[0], ast.List):
        elements = elements[0].elts
    plain = not any(isinstance(each, ast.Starred) for each in elements)
    if plain and name.isdigit() and int(name) < len(elements):
        return elements[int(name)]
    called = {each.func for each in ast.walk(failure.tree) if isinstance(each, ast.Call)}
    short = getattr(value, "__name__", "")
    found = [
        each
        for each in ast.walk(failure.tree)
        if isinstance(each, ast.Attribute) and each.attr == short and each not in called
    ]
    return found[0] if len(found) == 1 else None


def _unpacked(failure: MakingFailure, node: ast.expr | None, value: object) -> Iterator[Fix]:
    if node is None:
        return
    written = failure.written(node)
    if isinstance(node, ast.List | ast.Tuple):
        yield failure.replaced(node, ", ".join(map(failure.written, node.elts)))
    elif isinstance(value, dict):
        yield failure.replaced(node, f"*{written}.values()")
    elif hasattr(value, "__iter__") and not isinstance(value, str):
        yield failure.replaced(node, f"(*{written})" if isinstance(node, ast.GeneratorExp) else f"*{written}")


@rule(
    "making",
    "module-list-arguments",
    why="nn.ModuleList takes its layers as one list; nn.Sequential takes them one by one.",
    example="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(8, 8), nn.Linear(8, 2))

            def forward(self, x):
                return self.layers[1](self.layers[0](x))
    """,
    fix="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 2)])

            def forward(self, x):
                return self.layers[1](self.layers[0](x))
    """,
)
def holder(failure: MakingFailure) -> Finding | None:
    """nn.ModuleList(a, b) for nn.ModuleList([a, b])."""
    call = failure.call
    if failure.kind is not nn.ModuleList or not isinstance(failure.error, TypeError) or call is None:
        return None
    inside = ", ".join(failure.written(each) for each in call.args)
    fix = failure.replaced(call, f"{failure.written(call.func)}([{inside}])")
    return Finding("nn.ModuleList takes its layers as one list.", "Here they stand one by one.", fixes=(fix,))
