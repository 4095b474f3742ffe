"""A room that can be called: `convscope.trace` is the folder, `convscope.trace(model, inputs)` traces.

A folder and a function of one name: Python gives the name to the folder as soon as it is imported.
Source: https://docs.python.org/3/reference/datamodel.html#customizing-module-attribute-access
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def open_door(room: str, function: Callable[..., Any]) -> None:
    """Let a call of the module be a call of its function.

    Args:
        room: `__name__` of the module.
        function: what is meant by calling it.

    >>> import convscope.trace
    >>> convscope.trace.__doc__ is not None, callable(convscope.trace)
    (True, True)
    """
    caller = staticmethod(function)
    sys.modules[room].__class__ = type("Room", (ModuleType,), {"__call__": caller, "__wrapped__": caller})
