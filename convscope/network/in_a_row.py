"""The code of an `nn.Sequential` of torch's own layers: no class makes it, but each says how it is made.

Whether the code makes the same network is for others to try.
"""

from torch import nn

from convscope.network.written import HEAD, Unwritable

NAME = "sequential"  # the function in the file


def source(network: nn.Module) -> str:
    """A file's text with a function that makes such a network.

    Raises:
        Unwritable: it is another one, or has other layers.

    >>> print(source(nn.Sequential(nn.Flatten(), nn.ReLU())).splitlines()[-1].strip())
    return nn.Sequential(OrderedDict([('0', nn.Flatten(start_dim=1, end_dim=-1)), ('1', nn.ReLU())]))
    """
    if type(network) is not nn.Sequential:
        raise Unwritable(f"a {type(network).__name__} is no nn.Sequential")
    imports = "from collections import OrderedDict\n\nfrom torch import nn"
    return f"{HEAD}\n{imports}\n\n\ndef {NAME}():\n    return {_made(network)}\n"


def _made(module: nn.Module) -> str:
    """How a layer, or a row of them, is made."""
    kind = type(module)
    if getattr(nn, kind.__name__, None) is not kind:
        raise Unwritable(f"a {kind.__name__} is no layer of torch's own")
    if kind is nn.Sequential:
        layers = ", ".join(f"({name!r}, {_made(each)})" for name, each in module.named_children())
        return f"nn.Sequential(OrderedDict([{layers}]))"
    if list(module.children()):
        raise Unwritable(f"a {kind.__name__} has layers of its own")
    return f"nn.{kind.__name__}({module.extra_repr()})"
