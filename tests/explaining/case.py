"""A case of the battery: a model, an input, and the operations to be taken apart."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)  # each is itself, so that its trace can be kept
class Case:
    """What `test_battery.py` runs.

    Attributes:
        name: of the test.
        model: anything `trace` takes, in the mode in which it shall run.
        inputs: what it is called with (a tensor, or a tuple of them).
        ops: names of the kinds of operations that must occur and are taken apart.
        keywords: further arguments of the model.
        reaches: False for operations whose output depends on where the numbers are (indices), so that
            boxes cannot be compared with autograd's support.
        gradients: False for operations that have none (argmax, comparisons).
    """

    name: str
    model: Callable[..., Any]
    inputs: Any
    ops: tuple[str, ...]
    keywords: dict[str, Any] = field(default_factory=dict)
    reaches: bool = True
    gradients: bool = True
