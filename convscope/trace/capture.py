"""The capture: run a model once and write down every operation.

Two modes of torch look on. The function mode sees the calls as the person wrote them (`F.relu(x + y)`); the
outermost one becomes a node. Below it the dispatch mode sees every kernel: it credits each to the node that
is
at work, notices what is changed in place, and makes a node of a kernel that nobody announced. So nothing runs
unseen. Global module hooks say in which module all of this happens.
"""

import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FunctionType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from convscope.trace import frames
from convscope.trace.graph import Call, Failure, Node, Ref, Role, Score, Trace, Value
from convscope.trace.labels import label
from convscope.trace.names import address, canonical
from convscope.trace.snapshot import snapshot, storage_of
from convscope.trace.structure import convert, leaves
from convscope.trace.witness import is_random, written

# Compositions that are opened: what they do inside are the operations a person wants to see.
OPENED = (F.multi_head_attention_forward, F.normalize, F.gumbel_softmax)
# Calls about a tensor, not with its numbers.
ASIDE = {
    *(
        "size",
        "dim",
        "numel",
        "stride",
        "is_contiguous",
        "is_floating_point",
        "is_complex",
        "data_ptr",
        "get_device",
    ),
    *(
        "shape",
        "ndim",
        "dtype",
        "device",
        "is_cuda",
        "requires_grad",
        "layout",
        "is_nested",
        "is_leaf",
        "grad_fn",
    ),
    *(
        "is_sparse",
        "is_mps",
        "is_quantized",
        "is_meta",
        "_version",
        "element_size",
        "nelement",
        "storage_offset",
    ),
    *(
        "len",
        "hash",
        "repr",
        "set_grad_enabled",
        "register_hook",
        "retain_grad",
        "requires_grad_",
        "is_tensor",
    ),
    *(
        "untyped_storage",
        "result_type",
        "can_cast",
        "is_pinned",
        "is_inference",
        "_is_view",
        "_base",
        "backward",
    ),
}


class _Known(NamedTuple):
    """A tensor that was seen: held so that its id stays its own."""

    tensor: Tensor
    value: int
    storage: int
    writes: int  # to its storage, when it was seen


class _Pending:
    """The operation at work: what the witness notices about it."""

    __slots__ = ("kernels", "random_state", "written")

    def __init__(self) -> None:
        self.kernels: list[Any] = []
        self.written: list[Tensor] = []
        self.random_state: Tensor | None = None


class _Functions(TorchFunctionMode):
    """Hands every torch call of the model to the capture."""

    def __init__(self, capture: "Capture") -> None:
        super().__init__()
        self.capture = capture

    def __torch_function__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        return self.capture.function(func, args, kwargs or {})


class _Kernels(TorchDispatchMode):
    """Hands every kernel to the capture."""

    def __init__(self, capture: "Capture") -> None:
        super().__init__()
        self.capture = capture

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        return self.capture.kernel(func, args, kwargs or {})


class Capture:
    """What is written down while the model runs."""

    def __init__(self, model: Callable[..., Any], *, keep: bool, limit: int, gradients: bool) -> None:
        self.trace = Trace(type(model).__name__, [], [], [])
        self.keep, self.limit, self.gradients = keep, limit, gradients
        self.known: dict[int, _Known] = {}
        self.writes: dict[int, tuple[int, int]] = {}  # storage: how often written to, the last node to do so
        self.kept: set[tuple[int, int]] = set()
        self.current: _Pending | None = None
        self.paused = False
        self.broken: tuple[BaseException, Node] | None = None  # the operation that raised
        self.stack: list[int] = []
        self.failed_in: tuple[BaseException, int] | None = None
        self.calls_of: dict[int, int] = {}
        self.thread = threading.get_ident()
        self.functions = _Functions(self)
        self.names = self._own_tensors(model)
        self.paths = _paths(model)

    # ---- what the modes report

    def function(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """One torch call of the model."""
        if self.current is not None or self.paused or threading.get_ident() != self.thread:
            return func(*args, **kwargs)
        if func in OPENED:
            with self.functions:
                return _unchecked(func)(*args, **kwargs)
        op = canonical(func)
        if op in ASIDE:
            return func(*args, **kwargs)
        return self._run(func, op, args, kwargs, seen=True)

    def kernel(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """One kernel; without an operation at work it becomes one."""
        if self.paused:
            return func(*args, **kwargs)
        owner = self.current
        if owner is None:
            return self._run(func, canonical(func), args, kwargs, seen=False)
        self._witness(owner, func, args, kwargs)
        return func(*args, **kwargs)

    def _witness(self, owner: _Pending, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ANN401
        self.trace.kernels += 1
        owner.kernels.append(func)
        owner.written += written(func, args, kwargs)
        if owner.random_state is None and is_random(func):
            owner.random_state = torch.get_rng_state()

    def _run(
        self, func: Callable[..., Any], op: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, seen: bool
    ) -> Any:  # noqa: ANN401
        """Run one operation between two looks: at what it takes, and at what it made."""
        taken: list[int] = []
        node = Node(-1, op, "", self.stack[-1], seen=seen, source=frames.caller())
        node.args, node.kwargs = convert(args, self._reader(taken)), convert(kwargs, self._reader(taken))
        node.inputs = tuple(taken)
        pending = _Pending()
        if not seen:
            self._witness(pending, func, args, kwargs)
        self.current = pending
        began = time.perf_counter()
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            self.broken = (error, node)
            node.function = address(func)
            raise
        finally:
            node.seconds = time.perf_counter() - began
            self.current = None
        self._note(node, pending, func, result, (args, kwargs))
        return result

    def _note(self, node: Node, pending: _Pending, func: Callable[..., Any], result: Any, given: Any) -> None:  # noqa: ANN401
        made = [leaf for leaf in leaves(result) if isinstance(leaf, Tensor)]
        if not made and not pending.kernels:
            return  # a question about a tensor, answered without its numbers
        node.index, node.function = len(self.trace.nodes), address(func)
        node.kernels = tuple(str(kernel) for kernel in pending.kernels)
        node.random_state = pending.random_state
        changed = {storage_of(tensor) for tensor in pending.written}
        for storage in changed:
            self.writes[storage] = (self.writes.get(storage, (0, 0))[0] + 1, node.index)
        outputs: list[int] = []
        node.result = convert(result, self._writer(node.index, outputs))
        for leaf in leaves(given) if changed else ():
            if isinstance(leaf, Tensor) and storage_of(leaf) in changed:
                self._made(leaf, node.index, outputs)
        node.outputs = tuple(outputs)
        self.trace.nodes.append(node)

    # ---- tensors and values

    def _reader(self, taken: list[int]) -> Callable[[Any], Any]:
        def read(leaf: Any) -> Any:  # noqa: ANN401
            if not isinstance(leaf, Tensor):
                return leaf
            taken.append(self.value_of(leaf))
            return Ref(taken[-1])

        return read

    def _writer(self, node: int, outputs: list[int]) -> Callable[[Any], Any]:
        return lambda leaf: Ref(self._made(leaf, node, outputs)) if isinstance(leaf, Tensor) else leaf

    def _made(self, tensor: Tensor, node: int, outputs: list[int]) -> int:
        """Register what an operation made or changed, once."""
        known = self.known.get(id(tensor))
        if known is not None and self.trace.values[known.value].producer == node:
            return known.value
        unchanged = known is not None and self.writes.get(known.storage, (0, 0))[0] == known.writes
        if (
            known is not None and unchanged
        ):  # the very tensor was handed on: x.contiguous(), dropout in evaluation
            same = self.trace.values[known.value]
            tensor_before = same.tensor
            value = self._register(tensor, "activation", "", node, len(outputs), tensor_before)
        else:
            value = self._register(tensor, "activation", "", node, len(outputs))
        outputs.append(value)
        return value

    def value_of(self, tensor: Tensor, role: Role = "constant", name: str = "") -> int:
        """The value that a tensor holds now; what was changed through another view of it is a new value."""
        known = self.known.get(id(tensor))
        if known is None:
            role, name = self.names.get(id(tensor), (role, name))
            return self._register(tensor, role, name, None)
        count, writer = self.writes.get(known.storage, (0, 0))
        if count == known.writes:
            return known.value
        before = self.trace.values[known.value]
        if before.tensor is not None and self._same(before.tensor, tensor):
            self.known[id(tensor)] = known._replace(writes=count)
            return known.value
        return self._register(tensor, "activation", "", writer)

    def _same(self, before: Tensor, now: Tensor) -> bool:
        with self._pause():
            return torch.equal(before, now)

    def _register(
        self,
        tensor: Tensor,
        role: Role,
        name: str,
        producer: int | None,
        position: int = 0,
        numbers: Tensor | None = None,
    ) -> int:
        values, storage = self.trace.values, storage_of(tensor)
        value = Value(
            len(values), role, name, tuple(tensor.shape), tensor.dtype, str(tensor.device), producer, position
        )
        writes = self.writes.get(storage, (0, 0))[0]
        values.append(value)
        self.known[id(tensor)] = _Known(tensor, value.index, storage, writes)
        with self._pause():
            if self._may_keep(value, storage, writes):
                value.tensor = snapshot(tensor) if numbers is None else numbers
            if self.gradients and tensor.requires_grad:
                tensor.register_hook(_collector(value))
        return value.index

    def _may_keep(self, value: Value, storage: int, writes: int) -> bool:
        """Within the limit; parameters share their memory with the model, views with what they look at."""
        if not self.keep:
            return False
        if value.role in ("parameter", "buffer") or (storage, writes) in self.kept:
            return True
        if self.trace.memory + value.bytes > self.limit:
            self.trace.dropped += 1
            return False
        self.kept.add((storage, writes))
        self.trace.memory += value.bytes
        return True

    @contextmanager
    def _pause(self) -> Iterator[None]:
        """What the capture does itself is not the model's doing."""
        before, self.paused = self.paused, True
        try:
            yield
        finally:
            self.paused = before

    def _own_tensors(self, model: Callable[..., Any]) -> dict[int, tuple[Role, str]]:
        if not isinstance(model, nn.Module):
            return {}
        own: dict[int, tuple[Role, str]] = {}
        own.update((id(each), ("buffer", name)) for name, each in model.named_buffers())
        own.update((id(each), ("parameter", name)) for name, each in model.named_parameters())
        return own

    # ---- modules

    def enter(self, module: nn.Module, inputs: Any) -> None:  # noqa: ANN401
        """A module is called."""
        if threading.get_ident() != self.thread or self.paused:
            return
        number = self.calls_of.get(id(module), 0)
        self.calls_of[id(module)] = number + 1
        path = self.paths.get(id(module))
        kind = type(module).__name__
        path = f"{self.trace.calls[self.stack[-1]].path}.?{kind}".lstrip(".") if path is None else path
        taken = tuple(self.value_of(leaf) for leaf in leaves(inputs) if isinstance(leaf, Tensor))
        call = Call(
            len(self.trace.calls), path, kind, number, self._parent(), module.training, taken, (), module
        )
        self.trace.calls.append(call)
        self.stack.append(call.index)

    def leave(self, module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ANN401, ARG002
        """A module returns, or an exception goes through it."""
        if threading.get_ident() != self.thread or self.paused or not self.stack:
            return
        error = sys.exc_info()[1]
        if error is not None and (self.failed_in is None or self.failed_in[0] is not error):
            self.failed_in = (error, self.stack[-1])  # the innermost module; an earlier error was caught
        call = self.trace.calls[self.stack.pop()]
        call.outputs = tuple(self.value_of(leaf) for leaf in leaves(output) if isinstance(leaf, Tensor))

    def _parent(self) -> int | None:
        return self.stack[-1] if self.stack else None


def _paths(model: Callable[..., Any]) -> dict[int, str]:
    return (
        {id(module): path for path, module in model.named_modules()} if isinstance(model, nn.Module) else {}
    )


def _collector(value: Value) -> Callable[[Tensor], None]:
    def collect(gradient: Tensor) -> None:
        value.gradient = gradient.detach()

    return collect


def _unchecked(func: Callable[..., Any]) -> Callable[..., Any]:
    """A torch function that does not ask whether somebody overrides it, so that its inside is seen."""
    assert isinstance(func, FunctionType)
    checks = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
    names = func.__globals__ | dict.fromkeys(checks, lambda *_: False)
    twin = FunctionType(func.__code__, names, func.__name__, func.__defaults__, func.__closure__)
    twin.__kwdefaults__ = func.__kwdefaults__
    return twin


def capture(
    model: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    score: Score | None,
    keep: bool,
    limit: int,
) -> Trace:
    """Run a model once and return what it did; see `convscope.trace.trace`."""
    log = Capture(model, keep=keep, limit=limit, gradients=score is not None)
    with _buffers_as_they_were(model):
        _forward(log, model, args, dict(kwargs), score)
    label(log.trace)
    return log.trace


def _forward(
    log: Capture,
    model: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    score: Score | None,
) -> None:
    """The forward between the modes; an exception ends it, and what came before stays."""
    given = _named_inputs(model, args, kwargs)
    for name, tensor in given:
        log.value_of(tensor, "input", name)
    log.trace.given = convert(
        (args, kwargs), lambda leaf: Ref(log.value_of(leaf, "input")) if isinstance(leaf, Tensor) else leaf
    )
    is_module = isinstance(model, nn.Module)
    if not is_module:  # a plain function: its call is the outermost one
        log.trace.calls.append(
            Call(0, "", getattr(model, "__name__", type(model).__name__), 0, None, training=False)
        )
        log.stack.append(0)
    began = time.perf_counter()
    total: Tensor | None = None
    try:
        with _watching(log, gradients=score is not None):
            output = model(*args, **kwargs)
            log.stack.append(0)  # what follows, if anything, happens outside of every module
            if callable(score):
                total = score(output)
    except Exception as error:  # noqa: BLE001 - a person's model may raise anything
        log.trace.failure = _failure(log, error)
        output = None
    log.trace.seconds = time.perf_counter() - began
    log.trace.output = convert(
        output, lambda leaf: Ref(log.value_of(leaf)) if isinstance(leaf, Tensor) else None
    )
    if score is not None and log.trace.failure is None:
        _backward(log, total, output, score)


@contextmanager
def _watching(log: Capture, *, gradients: bool) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(register_module_forward_pre_hook(log.enter).remove)
        stack.callback(register_module_forward_hook(log.leave, always_call=True).remove)
        stack.enter_context(torch.set_grad_enabled(gradients))
        stack.enter_context(_Kernels(log))
        stack.enter_context(log.functions)
        yield


def _backward(log: Capture, total: Tensor | None, output: Any, score: Score) -> None:  # noqa: ANN401
    """Gradients of one number; they are collected by the hooks; the model's own `.grad` stays as it is."""
    if isinstance(score, int):
        first = next(leaf for leaf in leaves(output) if isinstance(leaf, Tensor))
        total = first.flatten(1)[:, score].sum() if first.dim() > 1 else first.flatten()[score]
    elif total is not None:
        log.trace.score = log.value_of(total)
    held = [known.tensor for known in log.known.values()]
    sources = [tensor for tensor in held if tensor.requires_grad and tensor.is_leaf]
    if total is not None and total.requires_grad and sources:
        torch.autograd.grad(total, sources, allow_unused=True)


def _named_inputs(
    model: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[str, Tensor]]:
    """The tensors a model is given, by the names of its forward's arguments where they are known."""
    try:
        bound = inspect.signature(getattr(model, "forward", model)).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        bound = {f"input{place}": each for place, each in enumerate(args, 1)} | kwargs
    found = [
        (name, leaf) for name, given in bound.items() for leaf in leaves(given) if isinstance(leaf, Tensor)
    ]
    return [(name, tensor) for name, tensor in found]


def _failure(log: Capture, error: Exception) -> Failure:
    node = log.broken[1] if log.broken and log.broken[0] is error else None
    call = log.failed_in[1] if log.failed_in and log.failed_in[0] is error else 0
    where = frames.raised_at(error.__traceback__) or (node.source if node else None)
    return Failure(type(error).__name__, str(error), node, call, frames.with_text(where), error)


@contextmanager
def _buffers_as_they_were(model: Callable[..., Any]) -> Iterator[None]:
    """Batch norm in training mode counts a traced sample among its statistics; it should not."""
    buffers = list(model.buffers()) if isinstance(model, nn.Module) else []
    before = [(buffer, buffer._version, buffer.detach().clone()) for buffer in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, _, numbers in before:
                if not torch.equal(buffer, numbers):
                    buffer.copy_(numbers)
