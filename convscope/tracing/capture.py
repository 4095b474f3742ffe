"""The capture: look on while a model runs, and write down every operation.

Two modes of torch look on. The function mode sees the calls as the person wrote them (`F.relu(x + y)`); the
outermost one becomes a node. Below it the dispatch mode sees every kernel: it credits each to the node at
work, notices what is changed in place, and makes a node of a kernel that nobody announced. So nothing runs
unseen. `states.py` says which value a tensor holds, `calls.py` in which module all of this happens.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from convscope.torch_private import OpOverload, TorchDispatchMode, forget_fused, looking_away, may_be_compiled
from convscope.tracing import frames
from convscope.tracing.calls import Calls
from convscope.tracing.graph import Node, Ref, Trace
from convscope.tracing.names import ASIDE, CASTS, ONE_FROM_THE_OTHER, address, canonical
from convscope.tracing.snapshot import storage_of, unwatched
from convscope.tracing.states import States
from convscope.tracing.structure import convert, leaves
from convscope.tracing.witness import Witness

# Compositions that are opened: what they do inside are the operations a person wants to see.
OPENED = (F.multi_head_attention_forward, F.normalize, F.gumbel_softmax)

SCRIPTS = (torch.jit.ScriptModule, torch.jit.ScriptFunction)
SAVE = torch.ops.aten.detach.default


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

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True would import torch's compiler (a second) and wrap every kernel once more

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        return self.capture.kernel(func, args, kwargs or {})


class Capture:
    """What is written down while the model runs."""

    def __init__(self, model: Callable[..., Any], *, keep: bool, limit: int, gradients: bool) -> None:
        name = model.__name__ if isinstance(model, FunctionType) else type(model).__name__
        self.trace = Trace(name, [], [], [])
        self.states = States(self.trace, keep=keep, limit=limit, gradients=gradients)
        self.calls = Calls(self.trace, self.states, model)
        self.broken: tuple[BaseException | None, Node | None] = (None, None)  # the last operation that raised
        self._current: Witness | None = None
        self._functions = _Functions(self)

    @contextmanager
    def watching(self, model: Callable[..., Any]) -> Iterator[None]:
        """While the modes and hooks are set; compiled code runs as it was written."""
        with ExitStack() as stack:
            if may_be_compiled():
                stack.enter_context(torch.compiler.set_stance("force_eager"))
                stack.enter_context(warnings.catch_warnings())  # it would warn of our hooks
                warnings.filterwarnings("ignore", "Using `torch.compile", UserWarning)
            stack.enter_context(_scripts_as_written(model))
            stack.enter_context(self.calls.watching())
            stack.enter_context(_Kernels(self))
            stack.enter_context(self._functions)
            yield

    def function(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """One torch call of the model."""
        if self._current is not None or looking_away():
            return func(*args, **kwargs)
        if func in OPENED:
            with self._functions:
                return _unchecked(func)(*args, **kwargs)
        op = canonical(func)
        return func(*args, **kwargs) if op in ASIDE else self._run(func, op, args, kwargs)

    def kernel(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """One kernel; without an operation at work it becomes one."""
        if looking_away():
            return func(*args, **kwargs)
        if self._current is None and func is SAVE and self._is_saved(args[0]):
            with unwatched():
                return self.states.alias(func(*args), args[0])
        if self._current is None:
            return self._run(func, canonical(func), args, kwargs, seen=False)
        self._current.look(func, args, kwargs)
        return func(*args, **kwargs)

    def _is_saved(self, tensor: Tensor) -> bool:
        """Autograd keeps what the kernel before made for its way back; in eager code the operation does."""
        last = self.trace.nodes[-1] if self.trace.nodes else None
        if not torch.is_grad_enabled() or last is None or last.seen:
            return False
        if self.states.value_of(tensor) not in (*last.inputs, *last.outputs):
            return False
        last.kernels += (str(SAVE),)
        self.trace.kernels += 1
        return True

    def _run(
        self,
        func: Callable[..., Any],
        op: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        seen: bool = True,
    ) -> Any:  # noqa: ANN401
        """Run one operation between two looks: at what it takes, and at what it made."""
        node = Node(-1, op, address(func), self.calls.current, source=frames.caller(), seen=seen)
        self._read(node, args, kwargs)
        self._current = witness = Witness()
        if not seen:
            witness.look(func, args, kwargs)  # pyright: ignore[reportArgumentType]
        began = time.perf_counter()
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            self.broken = (error, node)
            raise
        finally:
            node.seconds = time.perf_counter() - began
            self._current = None
        if op in ONE_FROM_THE_OTHER and self.states.gradients:
            result = _apart(result)
        with unwatched():
            self._note(node, witness, result, (args, kwargs))
        return result

    def _read(self, node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """What an operation takes."""
        taken: list[int] = []
        followed: list[int] = []
        graph = torch.is_grad_enabled()

        def read(leaf: Any) -> Any:  # noqa: ANN401
            if not isinstance(leaf, Tensor):
                return leaf
            taken.append(self.states.value_of(leaf))
            if graph and leaf.requires_grad:
                followed.append(taken[-1])
            return Ref(taken[-1])

        node.args, node.kwargs = convert(args, read), convert(kwargs, read) if kwargs else {}
        node.inputs, node.followed = tuple(taken), tuple(followed)

    def _note(self, node: Node, witness: Witness, result: Any, given: Any) -> None:  # noqa: ANN401
        """What an operation made and changed."""
        if not witness.kernels and node.op in CASTS and result is given[0][0]:
            return  # `x.to(dtype)` of what had this dtype: nothing happened
        node.index = len(self.trace.nodes)
        changed = self._changed(node, self.states.wrote(witness.written, node.index), given)
        made: dict[int, tuple[Tensor, int]] = {}  # by the tensor's id

        def write(leaf: Any) -> Any:  # noqa: ANN401
            if not isinstance(leaf, Tensor):
                return leaf
            if id(leaf) not in made:
                made[id(leaf)] = leaf, self.states.made(leaf, node.index, len(made))
            return Ref(made[id(leaf)][1])

        node.result = convert(result, write)
        node.changed = tuple((before, write(tensor).index) for before, tensor in changed)
        if not made and not witness.kernels:
            return  # a question about a tensor, answered without its numbers
        node.outputs = tuple(value for _, value in made.values())
        node.autocast = _autocast()
        node.kernels, node.random_state = tuple(map(_kernel_name, witness.kernels)), witness.random_state
        self.trace.kernels += len(witness.kernels)
        self.trace.nodes.append(node)

    def _changed(self, node: Node, storages: set[int], given: Any) -> list[tuple[int, Tensor]]:  # noqa: ANN401
        """The arguments that were changed in place, each beside the value it had before."""
        if not storages:
            return []
        tensors = [leaf for leaf in leaves(given) if isinstance(leaf, Tensor)]
        found = dict(zip(node.inputs, tensors, strict=True))
        changed = [(before, tensor) for before, tensor in found.items() if storage_of(tensor) in storages]
        for before, _ in changed:
            self.states.bypass(before)
        return changed


@cache
def _kernel_name(kernel: OpOverload) -> str:
    return str(kernel)


def _autocast() -> tuple[str, torch.dtype] | None:
    for device in ("cpu", "cuda"):
        if torch.is_autocast_enabled(device):
            return device, torch.get_autocast_dtype(device)
    return None


@contextmanager
def _scripts_as_written(model: Callable[..., Any]) -> Iterator[None]:
    """TorchScript fuses operations that it has seen a few times; for now it forgets what it has fused."""
    modules = list(model.modules()) if isinstance(model, torch.nn.Module) else [model]
    scripts = [getattr(each, "forward", each) for each in modules if isinstance(each, SCRIPTS)]
    with torch.jit.optimized_execution(False):  # pyright: ignore[reportPrivateImportUsage]
        for script in scripts:
            forget_fused(script)
        yield
    for script in scripts:
        forget_fused(script)


def _apart(result: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
    """Autograd sees `h` made from `c`, so that a gradient at `c` would have in it what came through `h`."""
    with unwatched(gradients=torch.is_grad_enabled()):
        return tuple([tensor.view_as(tensor) for tensor in result])


@cache
def _unchecked(func: Callable[..., Any]) -> Callable[..., Any]:
    """A torch function that does not ask whether somebody overrides it, so that its inside is seen."""
    assert isinstance(func, FunctionType)
    checks = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
    names = func.__globals__ | dict.fromkeys(checks, lambda *_: False)
    twin = FunctionType(func.__code__, names, func.__name__, func.__defaults__, func.__closure__)
    twin.__kwdefaults__ = func.__kwdefaults__
    return twin
