"""What torch has but does not promise: looked up once, each with what is done when torch has it no more.

No other file uses a private name of torch. `tests/test_torch_private.py` takes each of these away.
"""

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from torch._ops import OpOverload, OpOverloadPacket
else:
    OpOverload, OpOverloadPacket = type(torch.ops.aten.relu.default), type(torch.ops.aten.relu)


def _find(name: str) -> Any:  # noqa: ANN401
    """What stands at this place of torch; None where nothing does."""
    try:
        return attrgetter(name.removeprefix("torch."))(torch)
    except AttributeError:
        return None


FOUND: dict[str, Any] = {
    name: _find(name)
    for name in (
        "torch._lazy_clone",
        "torch._C._data_address",
        "torch._C._set_grad_enabled",
        "torch._C.DisableTorchFunction",
        "torch._C._DisableTorchDispatch",
        "torch._C._VariableFunctions",
        "torch._C._nn",
        "torch._C._linalg",
        "torch._VF",
        "torch.Tensor._is_view",
        "torch.UntypedStorage._cdata",
        "torch.cpu._is_amx_tile_supported",
        "torch.cpu._is_avx512_bf16_supported",
        "torch.utils._pytree.tree_map_only",
    )
}

try:
    TorchDispatchMode: Any = import_module("torch.utils._python_dispatch").TorchDispatchMode
except (ImportError, AttributeError) as error:  # a trace without its witness would not be proven
    raise ImportError(
        f"torch {torch.__version__} has no TorchDispatchMode, which shows the kernels that run.\n"
        "  Install a version that convscope knows: pip install 'torch>=2.10,<3'"
    ) from error

VIEWS = (  # names of the gradients of views
    *("AliasBackward", "AsStridedBackward", "DiagonalBackward", "ExpandBackward", "PermuteBackward"),
    *("SelectBackward", "SliceBackward", "SplitBackward", "SplitWithSizesBackward", "SqueezeBackward"),
    *("TBackward", "TransposeBackward", "UnbindBackward", "UnfoldBackward", "UnsqueezeBackward"),
    *("ViewBackward", "ViewAsRealBackward", "ViewAsComplexBackward", "ReshapeAliasBackward"),
)
MAKERS = {  # functions of torch that make tensors out of none
    *("arange", "bartlett_window", "blackman_window", "empty", "empty_strided", "eye", "full"),
    *("hamming_window", "hann_window", "kaiser_window", "linspace", "logspace", "normal", "ones", "rand"),
    *("randint", "randn", "randperm", "range", "tensor", "as_tensor", "scalar_tensor", "tril_indices"),
    *("triu_indices", "zeros"),
}


def lazy_clone(tensor: Tensor) -> Tensor:
    """A copy that shares its memory until one of the two is written to; else a plain copy.

    torch shares memory that is its own; what came from elsewhere (NumPy, a mapped file) is copied at once.
    Where `storage_id` has only addresses to go by, nothing may share one.
    """
    clone = FOUND["torch.UntypedStorage._cdata"] and FOUND["torch._lazy_clone"]
    try:
        return clone(tensor) if clone else tensor.clone()
    except (RuntimeError, NotImplementedError):
        return tensor.clone()


def data_address(tensor: Tensor) -> int:
    """Where the numbers are; the public way ends the sharing of `lazy_clone`."""
    return (FOUND["torch._C._data_address"] or Tensor.data_ptr)(tensor)


def storage_id(tensor: Tensor) -> int:
    """The same for all tensors that look at the same memory; a `lazy_clone` has another.

    Raises:
        RuntimeError, NotImplementedError: sparse and the like have no storage to share.
    """
    storage = tensor.untyped_storage()
    if FOUND["torch.UntypedStorage._cdata"] is None:
        return storage.data_ptr() or -id(tensor)
    return storage._cdata


def is_view(tensor: Tensor) -> bool:
    """Whether autograd knows a tensor as a view of another."""
    if asked := FOUND["torch.Tensor._is_view"]:
        return asked(tensor)
    return tensor.grad_fn is not None and tensor.grad_fn.name().rstrip("0123456789") in VIEWS


def set_grad_enabled(wanted: bool) -> None:
    """As torch.set_grad_enabled, ten times as fast."""
    (FOUND["torch._C._set_grad_enabled"] or torch.set_grad_enabled)(wanted)


class _Aside(threading.local):
    depth = 0


_aside = _Aside()


class modes_off:  # noqa: N801 - reads as what it does
    """No mode of torch sees what happens in this block, or it is told to look away."""

    __slots__ = ("guards",)

    def __enter__(self) -> None:
        names = "torch._C.DisableTorchFunction", "torch._C._DisableTorchDispatch"
        self.guards = [FOUND[name]() for name in names if FOUND[name]]
        for guard in self.guards:
            guard.__enter__()
        _aside.depth += 1

    def __exit__(self, *_: object) -> None:
        _aside.depth -= 1
        for guard in reversed(self.guards):
            guard.__exit__(None, None, None)


def looking_away() -> bool:
    """Whether a mode is asked in a `modes_off` block, where torch could not turn it off."""
    return _aside.depth > 0


def homes() -> dict[str, Any]:
    """Modules of torch's own in which functions live that people reach by other names."""
    names = "torch._C._nn", "torch._C._linalg", "torch._VF"
    return {name: FOUND[name] for name in names if FOUND[name] is not None}


def makes_tensors(name: str) -> bool:
    """Whether `torch.<name>` computes with or makes tensors."""
    makers = FOUND["torch._C._VariableFunctions"]
    return name in MAKERS if makers is None else hasattr(makers, name)


def namespace(called: object) -> str | None:
    """The library that an operation of torch's dispatcher is from, "aten" for its own; None: it is none."""
    return called.namespace if isinstance(called, OpOverload) else None


def argument_names(kernel: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - an OpOverload
    """Names of a kernel's arguments; None where its schema cannot be read."""
    schema = getattr(kernel, "_schema", None)
    return None if schema is None else tuple(each.name for each in schema.arguments)


def written_arguments(kernel: Any) -> tuple[tuple[int, ...], tuple[str, ...]]:  # noqa: ANN401
    """Positions and names of the arguments that a kernel writes to: by its schema, else by torch's custom."""
    schema = getattr(kernel, "_schema", None)
    if schema is None:
        in_place = kernel.overloadpacket.__name__.endswith("_")
        return ((0,) if in_place else ()), ("out",)
    writes = [
        (place, each.name)
        for place, each in enumerate(schema.arguments)
        if each.alias_info and each.alias_info.is_write
    ]
    return tuple(place for place, _ in writes), tuple(name for _, name in writes)


def results(kernel: Any) -> set[str]:  # noqa: ANN401
    """What a kernel gives: a "view" of what it took, the same tensor "in place", or a "new" one."""
    schema = getattr(kernel, "_schema", None)
    if schema is None:
        return {"in place"} if written_arguments(kernel)[0] else {"new"}
    aliases = [result.alias_info for result in schema.returns]
    return {"new" if alias is None else "in place" if alias.is_write else "view" for alias in aliases}


def has_amx() -> bool:
    """Whether the processor multiplies tiles of bf16 numbers; no, where torch does not say."""
    asked = FOUND["torch.cpu._is_amx_tile_supported"]
    return bool(asked and asked())


def multiplies_bf16() -> bool:
    """Whether the processor multiplies bf16 numbers, in tiles or in vectors; no, where torch does not say."""
    asked = FOUND["torch.cpu._is_avx512_bf16_supported"]
    return has_amx() or bool(asked and asked())


def uncompiled(model: Callable[..., Any]) -> Callable[..., Any]:
    """What torch.compile was given."""
    return getattr(model, "_orig_mod", model)


def may_be_compiled() -> bool:
    """Whether torch's compiler is there; to ask it would import it, 1.6 s."""
    return "torch._dynamo" in sys.modules


def forget_fused(script: Any) -> None:  # noqa: ANN401 - a ScriptFunction or a method
    """Let TorchScript forget what it has fused, so that it runs as it was written."""
    if flush := getattr(script, "_debug_flush_compilation_cache", None):
        flush()


def own_tensors(module: nn.Module) -> dict[Literal["parameter", "buffer"], dict[str, Any]]:
    """A module's own parameters and buffers by name, those that are None too: the dicts that it keeps.

    Every module has had these two since the first torch; saved networks name them.
    """
    return {"parameter": module._parameters, "buffer": module._buffers}


def own_modules(module: nn.Module) -> dict[str, Any]:
    """A module's own modules by name: the dict that it keeps, as old as those of `own_tensors`."""
    return module._modules


def has_hooks(module: nn.Module) -> bool:
    """Whether something is called before or after a module's forward."""
    return any(getattr(module, name, None) for name in ("_forward_pre_hooks", "_forward_hooks"))


def map_tensors(change: Callable[[Tensor], Tensor], structure: Any) -> Any:  # noqa: ANN401
    """The same structure with every tensor in its tuples, lists and dicts changed."""
    if mapped := FOUND["torch.utils._pytree.tree_map_only"]:
        return mapped(Tensor, change, structure)
    if isinstance(structure, Tensor):
        return change(structure)
    if isinstance(structure, tuple | list):
        parts = [map_tensors(change, each) for each in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    if type(structure) is dict:
        return {name: map_tensors(change, each) for name, each in structure.items()}
    return structure


def set_padding(convolution: Any, padding: tuple[int, ...]) -> None:  # noqa: ANN401
    """Change the padding of a convolution; other padding than zeros is done from a copy of its own."""
    convolution.padding = padding
    if hasattr(convolution, "_reversed_padding_repeated_twice"):
        convolution._reversed_padding_repeated_twice = [one for one in reversed(padding) for _ in range(2)]
