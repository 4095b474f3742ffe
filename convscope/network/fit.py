"""Does a network fit its samples? Asked before training; the answer names layer, shapes, what to change."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin

from convscope.errors import NetworkError, ShapeError, got
from convscope.network.layers import Space
from convscope.network.modes import modes_kept
from convscope.randomness import forked
from convscope.shapes import elements, show, window_output

SAMPLES = 2  # BatchNorm needs more than one; rows that get mixed show in the output

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
CONVOLUTIONS = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)
POOLINGS = (*(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d), *(nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d))


class LayerCall(NamedTuple):
    """One layer at work: its path in the network, and the shape of what it got (or gave)."""

    path: str
    module: nn.Module
    shape: tuple[int, ...] | None  # None: no tensor


def check(network: nn.Module, channels: int, classes: int, space: Space) -> None:
    """Push zeros through a network, 2 in training mode and 1 in evaluation mode.

    Weights, buffers, modes and random numbers are afterwards as they were; only lazy layers get their sizes.

    Raises:
        ShapeError: a layer does not fit what comes to it, or the output is not (sample, class).
        NetworkError: the network fails for another reason.
    """
    if any(isinstance(module, torch.jit.ScriptModule) for module in network.modules()):
        raise NetworkError(
            "a network that was scripted cannot be trained here.\n"
            "  Hand it over as it was before torch.jit.script (or trace)."
        )
    for name, parameter in network.named_parameters():
        if parameter.is_floating_point() and parameter.requires_grad and parameter.dtype != torch.float32:
            kind = str(parameter.dtype).removeprefix("torch.")
            raise NetworkError(
                f"parameter '{name}' of the network is {kind}; training learns float32.\n"
                "  Make the network so: network.float()"
            )
    if any(isinstance(module, LazyModuleMixin) for module in network.modules()):
        _run(network.eval(), torch.zeros(SAMPLES, channels, *space))
        network.train()
    with _as_it_was(network):
        for training, samples in ((True, SAMPLES), (False, 1)):
            output = _run(network.train(training), torch.zeros(samples, channels, *space))
            _check_output(output, samples, classes)


@contextmanager
def _as_it_was(network: nn.Module) -> Iterator[None]:
    """Put back what a forward pass changes: BatchNorm's buffers, the modes, the random numbers."""
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    try:
        with modes_kept(network), forked():
            yield
    finally:
        for buffer, before in buffers:
            buffer.copy_(before)


def _run(network: nn.Module, x: Tensor) -> Any:  # noqa: ANN401 - a person's network may return anything
    """Run a network and, where it fails, say in which layer."""
    paths = {module: path for path, module in network.named_modules()}
    running: list[LayerCall] = []
    done: list[LayerCall] = []

    def enter(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        running.append(LayerCall(paths[module], module, _shape(inputs[0] if inputs else None)))

    def leave(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ANN401, ARG001
        done.append(LayerCall(running.pop().path, module, _shape(output)))

    hooks = [module.register_forward_pre_hook(enter) for module in paths]
    hooks += [module.register_forward_hook(leave) for module in paths]
    try:
        with torch.no_grad():
            return network(x)
    except (Exception, SystemExit) as error:  # a person's network may raise anything
        raise _misfit(running, done, error) from error
    finally:
        for hook in hooks:
            hook.remove()


def _shape(value: Any) -> tuple[int, ...] | None:  # noqa: ANN401
    return tuple(value.shape) if isinstance(value, Tensor) else None


def _check_output(output: Any, samples: int, classes: int) -> None:  # noqa: ANN401
    if not isinstance(output, Tensor):
        raise NetworkError(
            f"the network returns {got(output)}, not a tensor of scores (sample, class).\n"
            "  Let its forward return one tensor."
        )
    shape = tuple(output.shape)
    if shape == (samples, classes):
        return
    wrong = f"the network makes {show(shape) or 'a single number'} out of {samples} sample(s), "
    wrong += f"expected {samples} × {classes}: one score for each of the {classes} classes.\n  "
    if len(shape) != 2:
        raise ShapeError(wrong + "Flatten before the last layer: x.flatten(1) keeps one row a sample.")
    if shape[0] != samples:
        raise ShapeError(wrong + "Samples get mixed: flatten with x.flatten(1), not with x.view(-1, …).")
    raise ShapeError(wrong + f"Let the last layer have {classes} outputs: nn.Linear(…, {classes}).")


def _misfit(running: list[LayerCall], done: list[LayerCall], error: BaseException) -> NetworkError:
    """The error to show: the innermost layer that was at work when torch gave up."""
    says = f"\n  The message was: {type(error).__name__}: {error}"
    call = running[-1] if running else LayerCall("", nn.Identity(), None)
    kind = type(call.module).__name__
    advice = _advice(call)
    if advice:
        where = f"layer '{call.path}' ({kind})" if call.path else f"the network, one {kind},"
        return ShapeError(f"{where} does not fit its input, {_of(call.shape)}: {advice}{says}")
    where = f"layer '{call.path}' ({kind})" if call.path else f"forward of {kind}"
    got = f", which got {_of(call.shape)}" if call.shape else ""
    return NetworkError(f"the network fails in {where}{got}.{_progress(done)}{says}")


def _progress(done: list[LayerCall]) -> str:
    """How far the network came: the last layer that gave a tensor."""
    for call in reversed(done):
        if call.path and call.shape:
            text = f"\n  The last layer that worked is '{call.path}'; it gave {_of(call.shape)}."
            if len(call.shape) > 2:
                text += f" Flattened with x.flatten(1) that is {elements(call.shape[1:])} numbers a sample."
            return text
    return ""


def _of(shape: tuple[int, ...] | None) -> str:
    return f"({', '.join(map(str, shape))})" if shape else "no tensor"


def _advice(call: LayerCall) -> str | None:
    """What a layer expected, what it got and what to change; None where its shapes are not the trouble."""
    if not call.shape or len(call.shape) < 2:
        return None
    if isinstance(call.module, nn.Linear):
        return _linear(call.module, call.shape)
    if isinstance(call.module, BATCH_NORMS):
        return _channels(call.module.num_features, call, call.shape)
    if isinstance(call.module, CONVOLUTIONS):
        wrong = _axes(call, call.shape) or _channels(call.module.in_channels, call, call.shape)
        return wrong or _window(call.module, call.shape)
    if isinstance(call.module, POOLINGS):
        return _axes(call, call.shape) or _window(call.module, call.shape)
    if isinstance(call.module, nn.RNNBase):
        return _features(call.module, call.shape)
    return None


def _linear(layer: nn.Linear, shape: tuple[int, ...]) -> str | None:
    got, flat = shape[-1], elements(shape[1:])
    if got == layer.in_features:
        return None
    flatten = "flatten first, x.flatten(1)" if len(shape) > 2 else ""
    change = f"make it nn.Linear({flat}, {layer.out_features})" if flat != layer.in_features else ""
    todo = ", then ".join(filter(None, (flatten, change)))
    return f"it expects {layer.in_features} numbers a row, got {got}.\n  To do: {todo}."


def _axes(call: LayerCall, shape: tuple[int, ...]) -> str | None:
    kind = type(call.module).__name__
    axes, got = int(kind[-2]), len(shape) - 2
    if axes == got:
        return None
    advice = f"Take {kind[:-2]}{got}d" if got in (1, 2, 3) else "Keep the spatial axes until here"
    return f"it expects {axes} spatial axes behind (sample, channel), got {got}.\n  {advice}."


def _channels(expected: int, call: LayerCall, shape: tuple[int, ...]) -> str | None:
    if shape[1] == expected:
        return None
    kind = type(call.module).__name__
    return f"it expects {expected} channels, got {shape[1]}.\n  Make it nn.{kind}({shape[1]}, …)."


def _features(layer: nn.RNNBase, shape: tuple[int, ...]) -> str | None:
    """Recurrent layers of torch want the features last; samples have them before the steps."""
    expected, got = layer.input_size, shape[-1]
    if got == expected:
        return None
    turned = len(shape) == 3 and shape[1] == expected
    todo = "hand it x.transpose(1, 2), with batch_first=True" if turned else f"make its input_size {got}"
    return f"it expects {expected} features a step on the last axis, got {got}.\n  To do: {todo}."


def _window(layer: Any, shape: tuple[int, ...]) -> str | None:  # noqa: ANN401 - convolutions and poolings alike
    space = shape[2:]

    def each(size: Any) -> tuple[int, ...]:  # noqa: ANN401
        return tuple(size) if isinstance(size, tuple | list) else (size,) * len(space)

    if isinstance(layer.padding, str):
        return None
    kernel, spread = each(layer.kernel_size), each(getattr(layer, "dilation", 1))
    if min(map(window_output, space, kernel, each(layer.stride), each(layer.padding), spread)) >= 1:
        return None
    dilated = f", spread by {show(spread)}" if max(spread) > 1 else ""
    return (
        f"its window of {show(kernel)} is larger than the {show(space)} positions left{dilated}.\n"
        "  Leave out a pooling before it, pad, or make the samples larger."
    )
