"""What was made is no network, or was asked for what is not known."""

import ast
import re

from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.making.classes import header
from convscope.lint.making.failure import MakingFailure
from convscope.network.own import Incomplete

KNOWN = "channels (or in_channels), classes (or num_classes), space; width and depth where given as options"


@rule(
    "making",
    "unknown-constructor-argument",
    why="A network is made from what its data are like: channels (or in_channels), "
    "classes (or num_classes), space; width and depth where given as options. "
    "Nobody gives it anything else, so other arguments need a default.",
    example="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self, hidden):
                super().__init__()
                self.fc = nn.Linear(8, hidden)

            def forward(self, x):
                return self.fc(x)
    """,
    fix="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self, hidden=64):
                super().__init__()
                self.fc = nn.Linear(8, hidden)

            def forward(self, x):
                return self.fc(x)
    """,
)
def asked(failure: MakingFailure) -> Finding | None:
    """Arguments that are not known here and have no default."""
    error = failure.error
    if not isinstance(error, Incomplete) or error.kind != "asked":
        return None
    names = ", ".join(error.detail)
    what = f"{error.thing.__name__} asks for {names}, which is not known here."
    owner = failure.definition(error.thing)
    made = owner.body if isinstance(owner, ast.ClassDef) else [owner]
    method = next(
        (m for m in made if isinstance(m, ast.FunctionDef) and m.name in ("__init__", error.thing.__name__)),
        None,
    )
    advice = f"Known are: {KNOWN}. Give the others a default"
    if method is None:
        return Finding(what, "A network is made from what its data are like.", advice=f"{advice}.")
    defaults = {name: _example(name) for name in error.detail}
    return Finding(
        what,
        "The network is made here, from what its input is like; nobody gives it anything else.",
        fixes=(header(failure, method, defaults=defaults),),
        advice=f"{advice}; the numbers above are only an example.",
        where=failure.at(method.lineno),
    )


def _example(name: str) -> float:
    """A default that may do."""
    words = name.lower()
    if "drop" in words or words in ("p", "rate"):
        return 0.5
    return 3 if "kernel" in words else 10 if "class" in words or "out" in words else 64


@rule(
    "making",
    "not-a-module",
    why="nn.Module is what knows the layers of a network and its weights, and how it "
    "is called. A class that is not built on it, or a function that returns a "
    "list or nothing, makes no network.",
    example="""
        from torch import nn


        def Net():
            return [nn.Linear(8, 4), nn.Linear(4, 2)]
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 2))
    """,
)
def no_module(failure: MakingFailure) -> Finding | None:
    """What was made is no nn.Module."""
    error = failure.error
    if str(error).startswith("module() takes at most") and failure.line:
        line = failure.lines[failure.line - 1]
        fix = failure.with_line(failure.line, re.sub(r"\((torch\.)?nn\)", r"(\1nn.Module)", line))
        return Finding(
            "A class cannot be built on `nn`: that is the package.", "The class is nn.Module.", fixes=(fix,)
        )
    if not isinstance(error, Incomplete) or error.kind != "module":
        return None
    name, made, owner = error.thing.__name__, error.detail, failure.definition(error.thing)
    if isinstance(owner, ast.ClassDef):
        what = f"{name} is a class, but no network: it is not built on nn.Module."
        old = failure.lines[owner.lineno - 1]
        new = re.sub(
            rf"class\s+{name}\s*(\(\s*(object)?\s*\))?\s*:", f"class {name}(nn.Module):", old, count=1
        )
        return Finding(
            what,
            "nn.Module is what knows the layers of a network, its weights and how it is called.",
            fixes=(failure.with_line(owner.lineno, new),) if new != old else (),
            advice="" if new != old else f"Write `class {name}(nn.Module):`.",
        )
    what = f"'{name}' makes a {type(made).__name__}, not a nn.Module."
    if made is None:
        what = f"'{name}' returns nothing: the function ends without `return`."
    cause = "The network is what the function returns."
    return Finding(
        what,
        cause,
        fixes=_returned(failure, owner, made),
        advice="" if made is None else "Let it return a network.",
    )


def _returned(failure: MakingFailure, function: ast.FunctionDef | None, made: object) -> tuple[Fix, ...]:
    """The function with a last line that returns what it made."""
    last = function.body[-1] if function else None
    if isinstance(last, ast.Return) and last.value is not None:
        written = failure.written(last.value)
        if isinstance(made, list | tuple):
            return (failure.replaced(last.value, f"nn.Sequential(*{written})"),)
        return (failure.replaced(last.value, f"{written}()"),) if isinstance(made, type) else ()
    if isinstance(last, ast.Expr) and not any(isinstance(each, ast.Assign) for each in function.body):  # pyright: ignore
        return (failure.replaced(last, f"return {failure.written(last)}"),)
    assigned = [each for each in getattr(function, "body", ()) if isinstance(each, ast.Assign)]
    if made is not None or last is None or not assigned or not isinstance(assigned[-1].targets[0], ast.Name):
        return ()
    text = " " * last.col_offset + f"return {assigned[-1].targets[0].id}"
    if isinstance(last, ast.Return):
        return (failure.with_line(last.lineno, text),)
    return (failure.inserted((last.end_lineno or last.lineno) + 1, text),)


@rule(
    "making",
    "network-not-made",
    why="The file or the call fails with an error of Python's own that no other rule knows: its words and "
    "the line are shown, and nothing is made up.",
    example="""
        from torch import nn


        def Net():
            return nn.Linear(8, 2 // 0)
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Linear(8, 2)
    """,
)
def not_made(failure: MakingFailure) -> Finding:
    """Any other error of the person's own code."""
    return Finding(f"{failure.name} cannot be made: {failure.message or type(failure.error).__name__}.", "")
