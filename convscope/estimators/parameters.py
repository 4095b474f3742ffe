"""The parameters of an estimator: what `convscope.train` takes of samples in arrays, by the same names.

scikit-learn asks a signature for them. Here one is made of the settings, so that nobody writes them twice.
"""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

from convscope.errors import ArgumentError, guess
from convscope.keywords import ArrayKeywords
from convscope.settings import Augment, DataSettings, TrainingSettings

Init = TypeVar("Init", bound=Callable[..., None])

OWN: dict[str, Any] = {"kind": None, "shape": None, "random_state": None, "progress": False}
# Which precision is faster is measured, and may come out another way: here the same seed gives the same fit.
OTHER: dict[str, Any] = {"precision": "fp32"}


def _settings() -> dict[str, Any]:
    usual = {each.name: each.default for kind in (DataSettings, TrainingSettings) for each in fields(kind)}
    names = get_type_hints(ArrayKeywords, localns={"Augment": Augment})
    return {name: OTHER.get(name, usual.get(name)) for name in names}


SETTINGS: dict[str, Any] = _settings()  # name → default; width and depth have none
PARAMETERS = OWN | SETTINGS


def spelled_out(init: Init) -> Init:
    """The same method, whose signature names each parameter in place of `**settings`."""
    own = [each for each in inspect.signature(init).parameters.values() if each.kind is not each.VAR_KEYWORD]
    named = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in PARAMETERS.items()
    ]
    vars(init)["__signature__"] = inspect.Signature([*own, *named])
    return init


def keep(estimator: object, **given: Any) -> None:  # noqa: ANN401
    """Store parameters under their names, just as they are: `fit` looks at them.

    Raises:
        ArgumentError: there is no such parameter.
    """
    kind = type(estimator)
    known = inspect.signature(kind.__init__).parameters
    if odd := next((name for name in given if name not in known), None):
        raise ArgumentError(f"{kind.__name__} has no parameter '{odd}'{guess(odd, known)}")
    for name, value in (PARAMETERS | given).items():
        setattr(estimator, name, value)
