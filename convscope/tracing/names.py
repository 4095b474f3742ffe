"""What an operation is called: one name however it was written, and the way back to the function."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from types import FunctionType
from typing import Any

import torch
from torch.overrides import get_overridable_functions

from convscope import torch_private
from convscope.torch_private import OpOverload, OpOverloadPacket

# The same operation under another name: operators, fused and kernel-level spellings.
ALIASES = {
    "__matmul__": "matmul",
    "__rmatmul__": "rmatmul",
    "__truediv__": "div",
    "__rtruediv__": "rdiv",
    "__itruediv__": "div",
    "true_divide": "div",
    "divide": "div",
    "multiply": "mul",
    "subtract": "sub",
    "__radd__": "add",
    "__rmul__": "mul",
    "__rsub__": "rsub",
    "__rpow__": "rpow",
    "_convolution": "convolution",
    "concat": "cat",
    "concatenate": "cat",
    "clamp_min": "clamp",
    "clip": "clamp",
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "_unsafe_view": "view",
    "max_pool1d_with_indices": "max_pool1d",
    "max_pool2d_with_indices": "max_pool2d",
    "max_pool3d_with_indices": "max_pool3d",
    "adaptive_max_pool1d_with_indices": "adaptive_max_pool1d",
    "adaptive_max_pool2d_with_indices": "adaptive_max_pool2d",
    "adaptive_max_pool3d_with_indices": "adaptive_max_pool3d",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "_adaptive_avg_pool3d": "adaptive_avg_pool3d",
    "special_expit": "sigmoid",
    "_threshold": "threshold",
    "absolute": "abs",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "moveaxis": "movedim",
    "ravel": "flatten",
    "adjoint": "mT",
    "mH": "mT",
    "H": "T",
    "row_stack": "vstack",
    "_to_copy": "to",
    "_reshape_alias": "view",
    "_reshape_copy": "reshape",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
    "__floordiv__": "floor_divide",
    "__rfloordiv__": "rfloor_divide",
    "__rmod__": "rremainder",
    "bitwise_and": "and",
    "bitwise_or": "or",
    "bitwise_xor": "xor",
    "bitwise_not": "invert",
    "linalg_vector_norm": "vector_norm",
    "negative": "neg",
}


@cache
def canonical(function: Callable[..., Any]) -> str:
    """The one name of an operation: `F.relu`, `torch.relu_`, `Tensor.relu` and `aten.relu` are all "relu".

    >>> from torch.nn import functional as F
    >>> canonical(F.relu), canonical(torch.Tensor.__iadd__), canonical(torch.ops.aten._softmax.default)
    ('relu', 'add', 'softmax')
    """
    if isinstance(function, OpOverload):
        name = function.overloadpacket.__name__
    elif getattr(function, "__name__", "") in ("__get__", "__set__"):
        name = function.__self__.__name__  # a property: x.T, x.real  # pyright: ignore[reportFunctionMemberAccess]
    else:
        name = getattr(function, "__name__", type(function).__name__)
    if name in ALIASES:
        return ALIASES[name]
    if name.startswith("__i") and f"__{name[3:]}" in OPERATORS:
        name = f"__{name[3:]}"
    name = name.strip("_") if name.startswith("__") else name.removesuffix("_")
    return ALIASES.get(name, name)


# Calls about a tensor, not with its numbers.
ASIDE = {
    *("size", "dim", "numel", "nelement", "stride", "storage_offset", "element_size", "untyped_storage"),
    *("shape", "ndim", "dtype", "device", "layout", "data_ptr", "get_device", "len", "hash", "repr"),
    *("requires_grad", "requires_grad_", "is_leaf", "grad_fn", "_version", "_is_view", "_base"),
    *("is_floating_point", "is_complex", "is_contiguous", "is_nested", "is_cuda", "is_sparse", "is_mps"),
    *("is_quantized", "is_meta", "is_pinned", "is_inference", "is_tensor", "result_type", "can_cast"),
    *("set_grad_enabled", "register_hook", "retain_grad"),
}
# Changes of type, which are nothing where the tensor had it.
CASTS = (
    *("to", "type", "type_as", "cpu", "cuda"),
    *("float", "double", "half", "bfloat16", "int", "long", "short", "bool"),
)

# What these return is whatever the memory held before.
UNWRITTEN = ("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "empty_permuted")
# Gradients that the model itself asks for: they come from the operations before, not from their arguments.
DIFFERENTIATING = ("grad", "backward")
# torch 2.13 crashes where only the weight of these takes a gradient and the input is channels-last.
NOT_CHANNELS_LAST = ("group_norm", "native_group_norm")
# The second output is made from the first: autograd's gradient there has in it what came through the other.
ONE_FROM_THE_OTHER = ("lstm_cell",)

OPERATORS = (
    "__add__",
    "__sub__",
    "__mul__",
    "__div__",
    "__truediv__",
    "__pow__",
    "__and__",
    "__or__",
    "__xor__",
)


@cache
def address(function: Callable[..., Any]) -> str:
    """Where torch keeps a function, so that a saved trace can be run again; "" where torch does not have it.

    >>> address(torch.relu), address(torch.Tensor.add_), address(torch.ops.aten.relu.default)
    ('torch.relu', 'torch.Tensor.add_', 'torch.ops.aten.relu.default')
    """
    if isinstance(function, OpOverload):
        return f"torch.ops.{function}"
    name = getattr(function, "__name__", "")
    if name in ("__get__", "__set__"):
        return f"torch.Tensor.{function.__self__.__name__}.{name}"  # pyright: ignore[reportFunctionMemberAccess]
    for home, place in HOMES.items():
        for spelled in _spellings(name):
            if getattr(place, spelled, None) == function:
                return f"{home}.{spelled}"
    return ""


def _spellings(name: str) -> tuple[str, ...]:
    """Its name, those of the operators that torch wraps (`x ** 2` is "pow"), and "fft" of "fft_fft"."""
    plain = name.removesuffix("_")
    return name, f"__{plain}__", f"__i{plain}__", name.partition("_")[2] or name


HOMES = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.nn.functional": torch.nn.functional,
    "torch.linalg": torch.linalg,
    "torch.fft": torch.fft,
    "torch.special": torch.special,
    "torch.nn.init": torch.nn.init,
    **torch_private.homes(),
}


def function_at(address: str) -> Callable[..., Any] | None:
    """The function that torch keeps there; None where that is nothing of torch's.

    Only what `address` can have written is looked up: a saved trace cannot name any other code.

    >>> function_at("torch.relu") is torch.relu, function_at("os.system")
    (True, None)
    """
    home, _, name = address.rpartition(".")
    if home in HOMES:
        function = getattr(HOMES[home], name, None)
        return function if callable(function) and _is_operation(home, name) else None
    if home.startswith("torch.ops.aten."):
        packet = getattr(torch.ops.aten, home.removeprefix("torch.ops.aten."), None)
        function = getattr(packet, name, None) if packet is not None else None
        return function if isinstance(function, OpOverload) and not _names_a_file(function) else None
    if home.startswith("torch.Tensor.") and name in ("__get__", "__set__"):
        found = getattr(torch.Tensor, home.removeprefix("torch.Tensor."), None)
        return getattr(found, name, None)
    return None


@cache
def arguments(address: str) -> tuple[str, ...]:
    """What the arguments of a function of torch are called, in order; () where nobody says.

    >>> arguments("torch.nn.functional.dropout"), arguments("torch.relu")
    (('input', 'p', 'training', 'inplace'), ('self',))
    """
    function = function_at(address)
    if isinstance(function, FunctionType):
        return tuple(signature(function, follow_wrapped=False).parameters)
    packet = getattr(torch.ops.aten, address.rpartition(".")[2], None)
    if isinstance(packet, OpOverloadPacket):
        function = getattr(packet, packet.overloads()[0])
    if isinstance(function, OpOverload):
        return torch_private.argument_names(function) or ()
    return ()


def _is_operation(home: str, name: str) -> bool:
    """Whether it computes with tensors: torch also has functions that load files, and with them any code."""
    kernels = getattr(torch.ops.aten, name, None)
    if isinstance(kernels, OpOverloadPacket) and any(
        _names_a_file(getattr(kernels, each)) for each in kernels.overloads()
    ):
        return False
    return home != "torch" or name in _overridable() or torch_private.makes_tensors(name)


@cache
def _overridable() -> set[str]:
    """Functions of `torch` that take tensors; `makes_tensors` knows those that make them."""
    functions = get_overridable_functions()
    return {function.__name__ for home in (torch, torch.functional) for function in functions[home]}


def _names_a_file(kernel: OpOverload) -> bool:
    names = torch_private.argument_names(kernel)
    return "file" in str(kernel) if names is None else "filename" in names
