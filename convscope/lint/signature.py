"""What a layer, or a person's class or function, takes."""

import inspect
from inspect import Parameter
from typing import Any

from torch import nn

from convscope.network.own import is_asked

NEVER_WRITTEN = ("self", "device", "dtype", "_weight", "_freeze")


def parameters(kind: Any) -> dict[str, Parameter]:  # noqa: ANN401 - any class or function, or None
    """What a class or function takes, by name, in order; empty where Python cannot tell.

    >>> [*parameters(nn.GRU)][:3]
    ['input_size', 'hidden_size', 'num_layers']
    """
    recurrent = isinstance(kind, type) and issubclass(kind, nn.RNNBase)
    hidden = (*NEVER_WRITTEN, "mode") if recurrent else NEVER_WRITTEN if isinstance(kind, type) else ()
    owner = nn.RNNBase if recurrent else kind  # LSTM, GRU and RNN hand all that they get on to it
    try:
        found = inspect.signature(owner.__init__ if isinstance(owner, type) else owner).parameters
    except (TypeError, ValueError):  # no Python function
        return {}
    return {name: each for name, each in found.items() if name not in hidden}


def needed(kind: Any) -> list[str]:  # noqa: ANN401 - any class or function, or None
    """Arguments that a call cannot leave out.

    >>> needed(nn.Conv2d)
    ['in_channels', 'out_channels', 'kernel_size']
    """
    return [each.name for each in parameters(kind).values() if is_asked(each)]


def signature(kind: Any) -> str:  # noqa: ANN401 - any class or function, or None
    """A class or function with all that it takes.

    >>> signature(nn.Flatten)
    'Flatten(start_dim=1, end_dim=-1)'
    """
    plain = [each.replace(annotation=each.empty) for each in parameters(kind).values()]
    return f"{getattr(kind, '__name__', 'it')}({', '.join(map(str, plain))})"
