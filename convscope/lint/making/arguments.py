"""Layers that were given other arguments than they take."""

import ast
import re
from difflib import get_close_matches

from convscope.lint.finding import Finding, rule
from convscope.lint.making.failure import MakingFailure
from convscope.lint.making.names import nearest
from convscope.lint.signature import needed, signature

USUAL = {"kernel_size": 3}  # of what is forgotten most
ALIASES = {  # what other libraries call it
    "filters": "out_channels",
    "kernel": "kernel_size",
    "strides": "stride",
    "units": "out_features",
    "rate": "p",
    "dilation_rate": "dilation",
    "scale": "scale_factor",
}


@rule(
    "making",
    "unexpected-argument",
    why="A layer knows its arguments by their names only: what Keras calls strides is stride here.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 3, strides=2))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 3, stride=2))
    """,
)
def misspelt_argument(failure: MakingFailure) -> Finding | None:
    """An argument by a name that the layer does not have."""
    found = re.search(r"got an unexpected keyword argument '(\w+)'", failure.message)
    if not found or failure.call is None or not failure.parameters:
        return None
    name = found[1]
    kind = failure.called
    near = ALIASES.get(name) if ALIASES.get(name) in failure.parameters else None
    near = near or nearest(name, failure.parameters)
    word = next((each for each in failure.call.keywords if each.arg == name), None)
    fixes = (failure.replaced(word, f"{near}={failure.written(word.value)}"),) if word and near else ()
    advice = "" if near else f"It takes: {signature(failure.kind)}"
    if name == "activation":
        advice = "torch's layers have no activation of their own: put nn.ReLU() behind, as a layer. " + advice
    return Finding(
        f"{kind} has no argument called {name}.",
        f"It takes {', '.join(failure.parameters)}.",
        fixes=fixes,
        advice=advice,
    )


@rule(
    "making",
    "missing-argument",
    why="Sizes that torch cannot know have no default: channels in and out, the kernel, the features.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, kernel_size=3))
    """,
)
def too_few(failure: MakingFailure) -> Finding | None:
    """Arguments that were forgotten."""
    found = re.search(r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)", failure.message)
    if not found or failure.call is None:
        return None
    names = re.findall(r"'(\w+)'", found[1])
    gave = len(failure.call.args) + len(failure.call.keywords)
    kind, wanted = failure.called, needed(failure.kind)
    given = f"{gave} of them" if gave else "nothing"
    cause = f"It needs {', '.join(wanted) or ', '.join(names)}, and was given {given}."
    what = f"{kind} is missing {' and '.join(names)}."
    usual = _usual(failure, names[0]) if len(names) == 1 else ""
    fixes = failure.with_argument(names[0], usual) if usual else ()
    choose = f"{usual} is only usual: choose the size. " if names[0] in USUAL and usual else ""
    return Finding(what, cause, fixes=fixes, advice=f"{choose}It takes: {signature(failure.kind)}")


def _usual(failure: MakingFailure, name: str) -> str:
    """A value for an argument that was forgotten: what is usual, or the channels of the layer before."""
    if name == "num_features":
        before = [
            each
            for each in ast.walk(failure.tree)
            if isinstance(each, ast.Call)
            and re.fullmatch(r"(nn\.)?(Conv\w+|Linear)", ast.unparse(each.func))
            and len(each.args) > 1
            and (each.lineno, each.col_offset) < (failure.call.lineno, failure.call.col_offset)  # pyright: ignore
        ]
        last = max(before, key=lambda each: (each.lineno, each.col_offset), default=None)
        return failure.written(last.args[1]) if last else ""
    return str(USUAL.get(name, ""))


@rule(
    "making",
    "too-many-arguments",
    why="Each argument has its place and its name; one that is given twice, or that "
    "there is no place for, is a mistake about which is which.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.ReLU(8, True))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.ReLU(inplace=True))
    """,
)
def too_many(failure: MakingFailure) -> Finding | None:
    """More arguments than the layer takes, or one of them twice."""
    call = failure.call
    if call is None:
        return None
    if found := re.search(r"got multiple values for argument '(\w+)'", failure.message):
        words = [
            f"{w.arg}={failure.written(w.value)}" for w in call.keywords if w.arg not in (None, found[1])
        ]
        inside = ", ".join([*map(failure.written, call.args), *words])
        fix = failure.replaced(call, f"{failure.written(call.func)}({inside})")
        return Finding(
            f"{failure.called} is given {found[1]} twice.",
            "Once by its place, once by its name.",
            fixes=(fix,),
        )
    found = re.search(r"takes (?:from \d+ to )?(\d+) positional arguments? but (\d+)", failure.message)
    if not found or (not failure.parameters and failure.kind is None):
        return None
    most, gave = int(found[1]) - 1, int(found[2]) - 1  # without self
    what = f"{failure.called} is given {gave} arguments, and takes {most or 'none'}" + (
        " at most." if most else "."
    )
    return Finding(what, "Each argument has its place.", advice=f"It takes: {signature(failure.kind)}")


@rule(
    "making",
    "unknown-option",
    why="Some settings are words, and each layer knows a few of them.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 3, padding="sme"))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 3, padding="same"))
    """,
)
def one_of(failure: MakingFailure) -> Finding | None:
    """A word that is none of those that a setting may be."""
    found = re.search(r"should be one of|must be one of|Select from", failure.message)
    call = failure.call
    if not found or call is None:
        return None
    known = re.findall(r"'(\w+)'", failure.message[found.end() :].partition("but got")[0])
    wrong = [e for e in [*call.args, *(k.value for k in call.keywords)] if isinstance(e, ast.Constant)]
    text = next((e for e in wrong if isinstance(e.value, str) and e.value not in known), None)
    if text is None:
        return None
    near = get_close_matches(str(text.value), known, n=1)
    fixes = (failure.replaced(text, repr(near[0])),) if near else ()
    return Finding(
        f"{failure.called} does not know the word {text.value!r}.",
        f"It is one of {', '.join(sorted(known))}.",
        fixes=fixes,
    )
