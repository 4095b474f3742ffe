"""In which module things happen: the stack of module calls, kept by torch's global hooks."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from convscope.tracing.graph import Call, Trace
from convscope.tracing.own import own
from convscope.tracing.states import States
from convscope.tracing.structure import leaves


class Calls:
    """Which module is at work."""

    def __init__(self, trace: Trace, states: States, model: Callable[..., Any]) -> None:
        self.trace, self.states = trace, states
        self.stack: list[int] = []
        self.raised: tuple[BaseException | None, int] = (None, 0)  # the last exception, and the call it left
        self.paths: dict[int, str] = {}
        self.counts: dict[int, int] = {}
        self.thread = threading.get_ident()  # hooks are global: other threads run other models
        if isinstance(model, nn.Module):
            self._know(model, "")
        else:  # a plain function: its call is the outermost one
            self._push(Call(0, "", trace.model, 0, None, training=False))

    @property
    def current(self) -> int:
        """The innermost call; what happens behind the model, such as the score, counts as the model's."""
        return self.stack[-1] if self.stack else 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the hooks are set."""
        hooks = (
            register_module_forward_pre_hook(self.enter),
            register_module_forward_hook(self.leave, always_call=True),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def enter(self, module: nn.Module, inputs: Any) -> None:  # noqa: ANN401
        """A module is called."""
        if threading.get_ident() != self.thread:
            return
        if id(module) not in self.paths:
            self._know(module, self._guess(module))
        number = self.counts.get(id(module), 0)
        self.counts[id(module)] = number + 1
        self._push(
            Call(
                len(self.trace.calls),
                self.paths[id(module)],
                type(module).__name__,
                number,
                self.stack[-1] if self.stack else None,
                module.training,
                self._values(inputs),
                module=module,
                begins=len(self.trace.nodes),
            )
        )

    def leave(self, module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ANN401, ARG002
        """A module returns, or an exception goes through it."""
        if threading.get_ident() != self.thread or not self.stack:
            return
        error = sys.exc_info()[1]
        if error is not None and self.raised[0] is not error:
            self.raised = (error, self.stack[-1])  # the innermost module; an earlier error was caught
        self.trace.calls[self.stack.pop()].outputs = self._values(output)

    def _push(self, call: Call) -> None:
        self.trace.calls.append(call)
        self.stack.append(call.index)

    def _values(self, structure: Any) -> tuple[int, ...]:  # noqa: ANN401
        return tuple([self.states.value_of(leaf) for leaf in leaves(structure) if isinstance(leaf, Tensor)])

    def _know(self, module: nn.Module, path: str) -> None:
        """Names for a module, all that is in it, and its tensors."""
        found = own(module, path)
        self.paths = found.paths | self.paths
        self.states.names = found.tensors | self.states.names

    def _guess(self, module: nn.Module) -> str:
        """A path for a module that is not registered: where its caller keeps it, or its class; with a "?"."""
        caller = self.trace.calls[self.current]
        found = _place(caller.module, module)
        name = f"?{found or type(module).__name__}"
        same = sum(path.split(".")[-1].partition("#")[0] == name for path in self.paths.values())
        name = name if found or not same else f"{name}#{same + 1}"
        return f"{caller.path}.{name}".lstrip(".")


def _place(owner: nn.Module | None, module: nn.Module) -> str:
    """`layers.0` where the owner has `self.layers = [module]`."""
    for name, kept in (vars(owner) if owner is not None else {}).items():
        if isinstance(kept, list | tuple | dict):
            keys = kept if isinstance(kept, dict) else range(len(kept))
            for key in keys:
                if kept[key] is module:
                    return f"{name}.{key}"
    return ""
