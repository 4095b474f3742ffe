"""What can be changed of one operation, and how: each change is applied to a copy of the model by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from convscope.errors import ShapeError
from convscope.explaining import Role, known, read
from convscope.explaining.reading import Reading
from convscope.network.fit import CONVOLUTIONS, POOLINGS
from convscope.shapes import show
from convscope.torch_private import set_padding
from convscope.tracing import Node, Ref, Trace
from convscope.web.messages.asked import one_of, within
from convscope.web.messages.numbers import sentence
from convscope.web.types.parts import Sentence

MOST = 64  # of a stride, a padding, a dilation
MOST_NUMBERS = 2**27  # that a changed layer may give


class Straight(nn.LeakyReLU):
    """Gives what it gets, and is an operation all the same: the map keeps its shape."""

    def __init__(self) -> None:
        super().__init__(1.0)


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "ReLU": nn.ReLU,
    "LeakyReLU": lambda: nn.LeakyReLU(0.1),
    "ELU": nn.ELU,
    "GELU": nn.GELU,
    "SiLU": nn.SiLU,
    "Softplus": nn.Softplus,
    "Tanh": nn.Tanh,
    "Sigmoid": nn.Sigmoid,
    "none": Straight,
}
WORDS = {
    "kernel": "{name}: another kernel from input {input} to output {output}",
    "channel": "{name}: channel {channel} is 0",
    "activation": "{name}: {now} instead of {before}",
    "stride": "{name}: stride {now} instead of {before}",
    "padding": "{name}: padding {now} instead of {before}",
    "dilation": "{name}: dilation {now} instead of {before}",
}
SettingName = Literal["stride", "padding", "dilation"]
SETTINGS: tuple[SettingName, ...] = ("stride", "padding", "dilation")
SLIDING = (*CONVOLUTIONS, *POOLINGS)  # modules that read their settings anew at each call


@dataclass(frozen=True)
class Change:
    """One thing that was tried.

    Attributes:
        words: for the person, a `sentence`.
        apply: a copy of the model → the model to run, mostly the same one.
    """

    words: Sentence
    apply: Callable[[nn.Module], nn.Module]


class Kernel(NamedTuple):
    """The weight of a convolution in the model: its name, and how its first two axes are to be read."""

    name: str
    outputs: int
    inputs: int
    size: tuple[int, ...]
    transposed: bool
    groups: int

    def place(self, output: int, inside: int) -> tuple[int, int]:
        """Where the kernel from one input of its group to one output stands in the weight."""
        if not self.transposed:
            return output, inside
        group, within_group = divmod(output, self.outputs // self.groups)
        return group * self.inputs + inside, within_group


def parameter(trace: Trace, reading: Reading, name: str) -> str | None:
    """The name in the model of a parameter that is handed in as it is; None where it is something else."""
    given = reading.arguments.get(name)
    value = trace.values[given.index] if isinstance(given, Ref) else None
    return value.name if value is not None and value.role == "parameter" and "?" not in value.name else None


def kernel_of(trace: Trace, node: Node) -> Kernel | None:
    """The kernels of a convolution; None for everything else."""
    entry, reading = known(node.op), read(trace, node)
    name = parameter(trace, reading, "weight") if "kernel" in entry.edits else None
    if name is None:
        return None
    first, second, *size = reading.shape("weight")
    groups, transposed = reading["groups"], entry.role is Role.TRANSPOSED
    if transposed:
        return Kernel(name, second * groups, first // groups, tuple(size), transposed, groups)
    return Kernel(name, first, second, tuple(size), transposed, groups)


def with_kernel(trace: Trace, node: Node, output: int, inside: int, values: Any) -> Change:  # noqa: ANN401
    """Other numbers from one input channel to one output channel."""
    kernel = kernel_of(trace, node)
    if kernel is None:
        raise ShapeError(
            f"'{_name(trace, node)}' ({node.op}) has no kernel that is a parameter of the model."
        )
    within(output, kernel.outputs, "output channel")
    within(inside, kernel.inputs, "input channel of its group")
    numbers = _numbers(values, kernel.size)

    def apply(model: nn.Module) -> nn.Module:
        weight = model.get_parameter(kernel.name)
        with torch.no_grad():
            weight[kernel.place(output, inside)] = numbers.to(weight)
        return model

    words = sentence(WORDS["kernel"], name=_name(trace, node), input=inside, output=output)
    return Change(words, apply)


def _numbers(values: Any, size: tuple[int, ...]) -> Tensor:  # noqa: ANN401
    try:
        numbers = torch.tensor(values, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(f"the kernel is no table of numbers: {error}.") from error
    if tuple(numbers.shape) != size or not bool(torch.isfinite(numbers).all()):
        raise ShapeError(
            f"the kernel has {tuple(numbers.shape)} numbers, expected {size}, all of them finite."
        )
    return numbers


def channels_of(trace: Trace, node: Node) -> int:
    """How many channels can be set to zero through the weights that make them."""
    reading, entry = read(trace, node), known(node.op)
    if "channel" not in entry.edits or parameter(trace, reading, "weight") is None:
        return 0
    if reading.arguments.get("bias") is not None and parameter(trace, reading, "bias") is None:
        return 0
    kernel, shape = kernel_of(trace, node), reading.shape("weight")
    return kernel.outputs if kernel else shape[0] if entry.role is Role.LINEAR or len(shape) == 1 else 0


def without_channel(trace: Trace, node: Node, channel: int) -> Change:
    """A channel's weights and bias are zero, and so is what it gives."""
    reading = read(trace, node)
    count = channels_of(trace, node)
    if not count:
        raise ShapeError(
            f"'{_name(trace, node)}' ({node.op}) has no weights that make its channels one by one."
        )
    within(channel, count, "channel")
    kernel = kernel_of(trace, node)
    name, bias = parameter(trace, reading, "weight"), parameter(trace, reading, "bias")
    assert name is not None

    def apply(model: nn.Module) -> nn.Module:
        with torch.no_grad():
            if kernel is not None and kernel.transposed:
                first, within_group = kernel.place(channel, 0)
                model.get_parameter(name)[first : first + kernel.inputs, within_group] = 0
            else:
                model.get_parameter(name)[channel] = 0
            if bias is not None:
                model.get_parameter(bias)[channel] = 0
        return model

    return Change(sentence(WORDS["channel"], name=_name(trace, node), channel=channel), apply)


def activation_of(trace: Trace, node: Node) -> str | None:
    """The name of an activation that is a module of its own; None: this is none."""
    module = _module(trace, node)
    if isinstance(module, Straight):
        return "none"
    own = type(module).__module__ == "torch.nn.modules.activation"
    return type(module).__name__ if own and "activation" in known(node.op).edits else None


def with_activation(trace: Trace, node: Node, name: str) -> Change:
    """Another activation in its place."""
    now = activation_of(trace, node)
    if now is None:
        raise ShapeError(
            f"{_named(trace, node)} is no activation of its own: only modules, such as nn.ReLU, can be "
            "exchanged; what a model's forward calls cannot."
        )
    make, path = ACTIVATIONS[one_of(name, list(ACTIVATIONS), "activation")], trace.call(node).path

    def apply(model: nn.Module) -> nn.Module:
        if not path:
            return make().train(model.training)
        parent, _, last = path.rpartition(".")
        owner = model.get_submodule(parent)
        setattr(owner, last, make().train(owner.training))
        return model

    words = sentence(WORDS["activation"], name=_name(trace, node), now=name, before=now)
    return Change(words, apply)


def settings_of(trace: Trace, node: Node) -> dict[SettingName, list[int]]:
    """Stride, padding and dilation of a layer that slides, an axis each."""
    module, entry = _module(trace, node), known(node.op)
    axes = entry.space
    if "setting" not in entry.edits or axes is None or not isinstance(module, SLIDING):
        return {}
    found: dict[SettingName, list[int]] = {}
    for name in SETTINGS:
        given = getattr(module, name) if name in read(trace, node).arguments else "none"
        if not isinstance(given, str):  # padding="same" is no number
            found[name] = [given] * axes if isinstance(given, int) else [*given] * (axes // len(given))
    return found


def with_setting(trace: Trace, node: Node, name: str, value: Any) -> Change:  # noqa: ANN401
    """Another stride, padding or dilation."""
    known = settings_of(trace, node)
    if not known:
        raise ShapeError(
            f"'{_name(trace, node)}' ({node.op}) is no layer with a stride, padding or dilation to set."
        )
    setting = one_of(name, list(known), f"setting of {_name(trace, node)}")
    now = known[setting]
    sizes = _sizes(setting, value, len(now))
    if list(sizes) == now:
        raise ShapeError(f"{setting} of '{_name(trace, node)}' is that already.")
    path = trace.call(node).path
    _demand_memory(trace, node, {**known, setting: list(sizes)})

    def apply(model: nn.Module) -> nn.Module:
        module: Any = model.get_submodule(path)
        set_padding(module, sizes) if setting == "padding" else setattr(module, setting, sizes)
        return model

    after, before = (show(tuple(each if len(set(each)) > 1 else each[:1])) for each in (sizes, now))
    words = sentence(WORDS[setting], name=_name(trace, node), now=after, before=before)
    return Change(words, apply)


def _sizes(name: str, value: Any, axes: int) -> tuple[int, ...]:  # noqa: ANN401
    given = value if isinstance(value, list) else [value]
    given = given * axes if len(given) == 1 else given
    least = 0 if name == "padding" else 1
    whole = all(isinstance(one, int) and not isinstance(one, bool) and least <= one <= MOST for one in given)
    if len(given) != axes or not whole:
        raise ShapeError(f"{name} is {axes} whole numbers from {least} to {MOST}, got {str(value)[:60]}.")
    return tuple(given)


def _demand_memory(trace: Trace, node: Node, settings: dict[SettingName, list[int]]) -> None:
    """No change that would fill the memory."""
    reading = read(trace, node)
    sizes, axes = reading.shape("input"), len(settings["stride"])
    channels = reading.shape("weight")[0] if "weight" in reading.arguments else sizes[-axes - 1]
    both = zip(sizes[-axes:], settings["stride"], settings["padding"], strict=True)
    grown = known(node.op).role is Role.TRANSPOSED
    each = [size * stride if grown else (size + 2 * padding) // stride + 1 for size, stride, padding in both]
    if math.prod(each) * channels > MOST_NUMBERS:
        raise ShapeError(
            f"{_name(trace, node)} would give about {math.prod(each) * channels:,} numbers: too many."
        )


def _name(trace: Trace, node: Node) -> str:
    """One that failed has no name of its own."""
    return node.name or trace.call(node).path or node.op


def _named(trace: Trace, node: Node) -> str:
    return f"'{_name(trace, node)}' ({node.op})"


def _module(trace: Trace, node: Node) -> Any:  # noqa: ANN401 - any module
    """The module that ran it, where it is registered by a name; else None."""
    call = trace.call(node)
    return None if "?" in call.path or not isinstance(call.module, nn.Module) else call.module
