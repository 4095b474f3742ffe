"""The parameters of an estimator: what `convscope.train` takes of samples in arrays, by the same names.

scikit-learn asks a signature for them, and a person the docstring. Both are made of the settings here, so
that nobody writes them twice.
"""

import ast
import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from convscope import settings
from convscope.errors import ArgumentError, guess
from convscope.keywords import ArrayKeywords
from convscope.settings import Augment, DataSettings, TrainingSettings

Init = TypeVar("Init", bound=Callable[..., None])
Kind = TypeVar("Kind", bound=type)


class ParameterSpec(NamedTuple):
    """One parameter: what it is when nobody says, and what it does."""

    default: Any
    help: str


OWN = {
    "kind": ParameterSpec(
        None,
        "image, signal, volume or sequence, where the shape of X alone would tell another one. A sequence is"
        " (sample, time, feature).",
    ),
    "shape": ParameterSpec(
        None,
        "That of a sample, such as (28, 28), where X has a row of numbers for each, as most of scikit-learn"
        " wants it.",
    ),
    "random_state": ParameterSpec(
        None,
        "A number: the `seed` of `convscope.train`, the same fit each time. None: drawn from NumPy's random"
        " numbers; or a RandomState to draw from.",
    ),
    "progress": ParameterSpec(
        False, "Show how far it is. None: on a terminal and in a notebook, as `convscope.train`."
    ),
    "width": ParameterSpec(None, "Multiply the number of channels of every layer."),
    "depth": ParameterSpec(None, "Layers, or blocks, as the network counts them."),
}
# Which precision is faster is measured, and may come out another way: here the same seed gives the same fit.
OTHER_DEFAULTS: dict[str, Any] = {"precision": "fp32"}
OTHER_HELPS = {
    "length": "Bring signals to this length in points: cut off, or filled up at the end.",
    "val": "Share of the samples that is held back to find the best epoch and to make probabilities honest."
    " 0: none, and the last epoch counts.",
    "channels": "Bring pictures to 1: grey, or 3: colour.",
}


def _of_settings() -> dict[str, ParameterSpec]:
    usual = {each.name: each.default for kind in (DataSettings, TrainingSettings) for each in fields(kind)}
    helps, found = _helps() | OTHER_HELPS, {}
    for name, type_ in SHARED.items():
        if name in usual:
            choices = [each for kind in (type_, *get_args(type_)) for each in _choices(kind)]
            listed = f" One of {', '.join(choices)}." if choices else ""
            default = OTHER_DEFAULTS.get(name, usual[name])
            found[name] = ParameterSpec(default, f"{helps[name]}{listed}")
    return found


def _choices(kind: Any) -> list[str]:  # noqa: ANN401 - a type
    """What a Literal lists, where it lists several."""
    listed = list(get_args(kind)) if get_origin(kind) is Literal else []
    return listed if len(listed) > 1 else []


def _helps() -> dict[str, str]:
    """Field of the settings → its help, which stands as a docstring below it."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    found = {}
    for group in (each for each in tree.body if isinstance(each, ast.ClassDef)):
        for field, below in zip(group.body, group.body[1:], strict=False):
            match field, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = " ".join(text.split())
    return found


SHARED = get_type_hints(ArrayKeywords, localns={"Augment": Augment})
PARAMETERS = OWN | _of_settings()
SETTINGS = tuple(SHARED)  # those of them that `convscope.train` has, too


def spelled_out(init: Init) -> Init:
    """The same method, whose signature names each parameter in place of `**settings`."""
    own = [each for each in inspect.signature(init).parameters.values() if each.kind is not each.VAR_KEYWORD]
    named = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=each.default)
        for name, each in PARAMETERS.items()
    ]
    vars(init)["__signature__"] = inspect.Signature([*own, *named])
    return init


def documented(kind: Kind) -> Kind:
    """The same class, whose docstring tells of each parameter."""
    lines = [f"    {name}: {each.help} ({each.default!r})" for name, each in PARAMETERS.items()]
    kind.__doc__ = "\n".join(
        [inspect.cleandoc(kind.__doc__ or ""), "", "Parameters, and their defaults:", *lines]
    )
    return kind


def keep(estimator: object, **given: Any) -> None:  # noqa: ANN401
    """Store parameters under their names, just as they are: `fit` looks at them.

    Raises:
        ArgumentError: there is no such parameter.
    """
    kind = type(estimator)
    known = inspect.signature(kind.__init__).parameters
    if odd := next((name for name in given if name not in known), None):
        raise ArgumentError(f"{kind.__name__} has no parameter '{odd}'{guess(odd, known)}")
    for name, value in ({name: each.default for name, each in PARAMETERS.items()} | given).items():
        setattr(estimator, name, value)
