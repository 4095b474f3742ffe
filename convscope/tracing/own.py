"""What is the model's own: names of its modules and tensors, and how they were before the trace."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import nn
from torch.nn.parameter import is_lazy

from convscope.torch_private import own_tensors
from convscope.tracing.graph import ValueRole
from convscope.tracing.snapshot import snapshot, untouched, unwatched

COLLECTED = "_torch_params"  # where Keras collects the tensors of a layer and of all that are in it


class Own(NamedTuple):
    """Names by id."""

    paths: dict[int, str]  # of modules, as `named_modules()` has them
    tensors: dict[int, tuple[ValueRole, str]]  # parameters and buffers


def own(model: nn.Module, prefix: str) -> Own:
    """What a model consists of; a model of Keras' has names of its own, and so has what torch cannot see."""
    found = Own({}, {})
    for path, module in model.named_modules(prefix=prefix):
        found.paths[id(module)] = path
        for role, tensors in own_tensors(module).items() if not path.endswith(COLLECTED) else ():
            for name, tensor in tensors.items():
                found.tensors.setdefault(id(tensor), (role, f"{path}.{name}".lstrip(".")))
    if "keras" in sys.modules:
        from convscope.tracing import keras

        theirs = Own(keras.layer_paths(model), keras.weight_names(model))
        first, then = (theirs, found) if keras.is_layer(model) else (found, theirs)
        return Own(then.paths | first.paths, then.tensors | first.tensors)
    return found


@contextmanager
def as_it_was(model: Callable[..., Any]) -> Iterator[None]:
    """Put back what a forward changes: batch norm would count a traced sample among its statistics."""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    places: list[dict[str, Any]] = [each for module in modules for each in own_tensors(module).values()]
    before = [(place, dict(place)) for place in places if place]
    tensors = {id(each): each for _, named in before for each in named.values()}
    kept = [each for each in tensors.values() if each is not None and not is_lazy(each)]
    with unwatched():
        snapshots = [(each, snapshot(each)) for each in kept]
    try:
        yield
    finally:
        for place, named in before:
            now = dict(place)  # of a script it is no dict
            if any(now.get(name) is not each for name, each in named.items()):
                place.update(named)  # a buffer that was replaced, not written to
        with unwatched():
            for tensor, numbers in snapshots:
                if not untouched(tensor, numbers):
                    tensor.copy_(numbers)
