"""Names that are not there: not imported, misspelt, or of another library."""

import ast
import builtins
import importlib
import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.making.failure import MakingFailure

IMPORTS = {
    "nn": "from torch import nn",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
    "np": "import numpy as np",
    "math": "import math",
    "OrderedDict": "from collections import OrderedDict",
    "partial": "from functools import partial",
    "torchvision": "import torchvision",
}
KERAS = {  # torch's names for what Keras calls otherwise
    "Dense": "Linear",
    "Activation": "ReLU",
    "BatchNormalization": "BatchNorm2d",
    "LayerNormalization": "LayerNorm",
    "GlobalAveragePooling2D": "AdaptiveAvgPool2d",
    "MaxPooling1D": "MaxPool1d",
    "MaxPooling2D": "MaxPool2d",
    "MaxPooling3D": "MaxPool3d",
    "AveragePooling2D": "AvgPool2d",
}


def nearest(name: str, known: Iterable[str]) -> str:
    """The name that was meant: the same but for capitals and underscores, Keras' word, or a near one.

    >>> [nearest(name, dir(nn)) for name in ("conv2d", "Maxpool2d", "Dense", "xyz")]
    ['Conv2d', 'MaxPool2d', 'Linear', '']
    """
    by_letters: dict[str, str] = {}
    for each in known:
        by_letters.setdefault(_letters(each), each)
    if KERAS.get(name) in by_letters.values():
        return KERAS[name]
    near = get_close_matches(_letters(name), by_letters, n=1, cutoff=0.75)
    return by_letters[near[0]] if near else ""


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


@rule(
    "making",
    "undefined-name",
    why="A file knows only what it imports or makes itself.",
    example="""
        def Net():
            return nn.Linear(8, 2)
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Linear(8, 2)
    """,
)
def missing_name(failure: MakingFailure) -> Finding | None:
    """A name that has no value."""
    if not isinstance(failure.error, NameError) or failure.frame is None:
        return None
    name = failure.error.name or ""
    if name in IMPORTS:
        cause = "A file knows only what it imports or makes itself."
        return Finding(f"`{name}` is not imported.", cause, fixes=(_imported(failure, IMPORTS[name]),))
    meant = _meant(failure, name)
    fixes = (failure.replaced(failure.node, meant),) if meant and failure.node else ()
    if hasattr(nn, name) and "nn" not in failure.frame.f_globals:
        fixes = (_imported(failure, f"from torch.nn import {name}"),)
    cause = f"No line before this one gives `{name}` a value or imports it."
    return Finding(
        f"`{name}` is not known here.", cause, fixes=fixes, advice="" if fixes else "Give it a value first."
    )


def _meant(failure: MakingFailure, name: str) -> str:
    """What may stand for a name that has no value."""
    assert failure.frame is not None
    owner = failure.frame.f_locals.get("self")
    if hasattr(nn, name):
        return f"nn.{name}"
    if isinstance(owner, nn.Module) and "_modules" in vars(owner) and hasattr(owner, name):
        return f"self.{name}"
    here = [*failure.frame.f_locals, *failure.frame.f_globals, *dir(builtins)]
    near = nearest(name, (each for each in here if not each.startswith("__") and each != name))
    layer = nearest(name, dir(nn)) if "nn" in here and name[:1].isupper() else ""
    return near or (f"nn.{layer}" if layer else "")


def _imported(failure: MakingFailure, text: str) -> Fix:
    """One import more, behind the docstring of the file."""
    body = failure.tree.body
    documented = bool(body) and ast.get_docstring(failure.tree) is not None
    later = [
        each
        for each in body[1 if documented else 0 :]
        if not (isinstance(each, ast.ImportFrom) and each.module == "__future__")
    ]
    return failure.inserted(later[0].lineno if later else 1, text)


@rule(
    "making",
    "unknown-attribute",
    why="Python tells capitals and small letters apart: nn.Linear is the layer, "
    "F.linear is the function that it calls.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.linear(8, 2))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2))
    """,
)
def missing_attribute(failure: MakingFailure) -> Finding | None:
    """`nn.conv2d`, or a layer of the model that was never made."""
    node = failure.node
    if not isinstance(failure.error, AttributeError) or not isinstance(node, ast.Attribute):
        return None
    owner, name = failure.value(node.value), node.attr
    if owner is None:
        return None
    written = failure.written(node.value)
    near = nearest(name, _public(owner))
    options = [f"{written}.{near}"] if near else []
    if isinstance(owner, ModuleType):
        what = f"`{written}` has no {name}."
        cause = f"Python tells capitals and small letters apart; {owner.__name__} has no such name."
        if meant := nearest(name, dir(nn)) if owner is not nn else "":
            options.append(f"nn.{meant}")
        if hasattr(torch, name) and owner is not torch:
            options.append(f"torch.{name}")
    else:
        what = f"`{written}`, a {type(owner).__name__}, has no {name}."
        cause = f"No line before this one sets {written}.{name}."
    fixes = tuple(failure.replaced(node, each) for each in dict.fromkeys(options))
    return Finding(
        what,
        cause,
        fixes=fixes,
        advice="" if fixes else f"Set {written}.{name} first, or look for the right name.",
    )


def _public(owner: Any) -> list[str]:  # noqa: ANN401
    names = (
        dir(owner)
        if not isinstance(owner, nn.Module)
        else [*vars(owner), *dict(owner.named_children()), *dict(owner.named_parameters(recurse=False))]
    )
    return [each for each in names if not each.startswith("_")]


@rule(
    "making",
    "import-error",
    why="Python looks among its own modules, those that are installed, and the files "
    "beside this one. A name in other letters is another name.",
    example="""
        from torch import nnn


        def Net():
            return nnn.Linear(8, 2)
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Linear(8, 2)
    """,
)
def missing_module(failure: MakingFailure) -> Finding | None:
    """An import of what is not there."""
    error = failure.error
    if not isinstance(error, ImportError) or not failure.line:
        return None
    row = failure.lines[failure.line - 1]
    if isinstance(error, ModuleNotFoundError):
        name = error.name or ""
        above, _, last = name.rpartition(".")
        near = nearest(last, _modules(above, failure.file))
        what = f"There is no module `{name}`."
        cause = "Python looks among its own modules, those installed here, and the files beside this one."
        advice = "" if near else f"If it is a package, install it: pip install {name.partition('.')[0]}"
    else:
        found = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", failure.message)
        if not found or found[2] not in sys.modules:
            return None
        last = found[1]
        near = nearest(last, (each for each in dir(sys.modules[found[2]]) if not each.startswith("_")))
        what, cause = f"`{found[2]}` has no {last}.", "Python tells capitals and small letters apart."
        advice = "" if near else f"Look up what {found[2]} is called to have."
    fixes = (failure.with_line(failure.line, re.sub(rf"\b{last}\b", near, row, count=1)),) if near else ()
    return Finding(what, cause, fixes=fixes, advice=advice)


def _modules(above: str, file: str) -> list[str]:
    """Modules that can be imported: of a package, or at all."""
    import pkgutil

    if above:
        return [
            each.name
            for each in pkgutil.iter_modules(getattr(importlib.import_module(above), "__path__", []))
        ]
    beside = [path.stem for path in Path(file).parent.glob("*.py")]
    return [*beside, "torch", "torchvision", "numpy", *sys.stdlib_module_names]
