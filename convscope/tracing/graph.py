"""A trace: every operation that a model ran on one input, with the values as they were.

    Trace ── calls   the tree of module calls
          ── nodes   the operations, in the order in which they ran
          ── values  the tensors they took and gave; one value is one state of one tensor

An in-place operation makes a new value: `x` before and `x` after are two. So every number can be asked for
afterwards, and the edges are simply who made the value that is taken.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from convscope.arguments import demand, demand_path, demand_whole
from convscope.errors import TraceError, UnknownName
from convscope.shapes import elements
from convscope.tracing.structure import Ref, Source, convert

ValueRole = Literal["input", "parameter", "buffer", "constant", "activation"]


def with_float64(tensor: Tensor) -> Tensor:
    """The same numbers where float64 can be computed: Apple's GPU has none."""
    return tensor.cpu() if tensor.device.type == "mps" else tensor


@dataclass(slots=True)
class Value:
    """One state of one tensor.

    Attributes:
        index: its place in `trace.values`.
        role: input of the model, parameter, buffer, constant (made outside of any operation), or activation.
        name: of a parameter or buffer as `named_parameters()` has it, of an input its argument; else "".
        shape, dtype, device: as torch has them.
        producer: the node that made it, or changed it through another view; None where none did.
        position: which of the producer's outputs it is.
        tensor: the numbers, never changed afterwards; None where they were not kept.
        gradient: of the score with respect to this state, same shape; None: none, or see `gradients.py`.
    """

    index: int
    role: ValueRole
    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    device: str
    producer: int | None
    position: int = 0
    tensor: Tensor | None = None
    gradient: Tensor | None = None

    @property
    def numbers(self) -> Tensor | None:
        """The numbers, if there are any to look at: they were kept, and are not on the device meta."""
        return None if self.tensor is None or self.tensor.is_meta else with_float64(self.tensor)

    @property
    def bytes(self) -> int:
        """Memory of the numbers alone."""
        return elements(self.shape) * self.dtype.itemsize


@dataclass(slots=True)
class Call:
    """One call of one module.

    Attributes:
        index: its place in `trace.calls`; 0 is the model itself.
        path: as `named_modules()` has it, "" for the model; a module that is not registered has a "?" in it.
        kind: name of its class.
        number: how many times this module had been called before (a shared module is called again).
        parent: the call in which it was made; None for the model.
        training: whether the module was in training mode.
        inputs, outputs: indices of values, in order.
        module: the module itself; None in a trace that was loaded from a file.
        begins: how many operations had run before it.
    """

    index: int
    path: str
    kind: str
    number: int
    parent: int | None
    training: bool
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    module: Any = None
    begins: int = 0


@dataclass(slots=True)
class Node:
    """One operation: the outermost torch function that was called.

    Attributes:
        index: its place in `trace.nodes`.
        op: its one name however it was written, such as "conv2d", "add", "lstm".
        name: unique and short: the module's path if the module did nothing else, else path and op.
        function: where torch has the function, such as "torch.nn.functional.relu"; "" where unknown.
        call: index of the module call in which it ran.
        args, kwargs: what it was called with; a `Ref` stands where a tensor was.
        result: what it returned, a `Ref` for each tensor.
        inputs, outputs: indices of the values it took and made (in-place: also what it changed).
        changed: for each argument that it changed in place, its value before and after.
        source: the line of the person's code.
        seconds: wall time, with a little of the capture's own.
        kernels: the aten kernels that ran, as the dispatcher saw them.
        random_state: of the generator before it drew numbers; None: it drew none.
        followed: those of `inputs` that autograd followed; some kernels then compute in another order.
        autocast: kind of device and type of number where `torch.autocast` was at work.
        seen: False for a kernel that no torch function announced; found by the witness.
    """

    index: int
    op: str
    function: str
    call: int
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    changed: tuple[tuple[int, int], ...] = ()
    name: str = ""
    source: Source | None = None
    seconds: float = 0.0
    kernels: tuple[str, ...] = ()
    random_state: Tensor | None = None
    followed: tuple[int, ...] = ()
    autocast: tuple[str, torch.dtype] | None = None
    seen: bool = True


@dataclass(slots=True)
class Failure:
    """Why the forward did not come to its end.

    Attributes:
        kind, message: the exception's class and text.
        node: the operation that raised, as far as it was known (no outputs); None: the person's own code did.
        call: the innermost module call at that moment.
        source: the line of the person's code.
        exception: the exception itself; None in a trace that was loaded from a file.
    """

    kind: str
    message: str
    node: Node | None
    call: int
    source: Source | None
    exception: BaseException | None = None


@dataclass
class Trace:
    """What a model did with one input.

    Attributes:
        model: name of the model's class.
        calls, nodes, values: see above.
        given: the arguments and keywords of the model, a `Ref` for each tensor.
        output: what the model returned, a `Ref` for each tensor.
        failure: None when the forward came to its end; else why not, and everything before it is here.
        seconds: of the whole forward, with the capture.
        kernels: how many aten kernels ran.
        score: index of the value that gradients belong to; None: no gradients were asked for.
        dropped: how many values were not kept because of the limit.
        memory: bytes of the values that are kept beside the model's own parameters, views counted once.
    """

    model: str
    calls: list[Call]
    nodes: list[Node]
    values: list[Value]
    output: Any = None
    failure: Failure | None = None
    seconds: float = 0.0
    kernels: int = 0
    score: int | None = None
    dropped: int = 0
    memory: int = 0
    given: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def __getitem__(self, key: int | str) -> Node:
        """A node by index, by name, or by the path of a module (its last operation).

        The end of a name is enough where it is the only one: conv2 of a run is its network.conv2.

        Raises:
            UnknownName: there is no such operation.
        """
        demand("operation", key, (str, int), "its name or its number")
        if isinstance(key, int):
            demand_whole("operation", key, -len(self.nodes), len(self.nodes) - 1)
            return self.nodes[key]
        if key in self.by_name:
            return self.by_name[key]
        found = self._last_of(key)
        if found is not None:
            return found
        longer = [name for name in {**self.by_name, **self.paths} if name.endswith(f".{key}")]
        if len(longer) != 1:
            raise UnknownName("operation", key, self.by_name)
        return self[longer[0]]

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Every node by its name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def paths(self) -> dict[str, list[Node]]:
        """Every module's path with the nodes that ran in it, at any depth."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            call: int | None = node.call
            while call is not None:
                found.setdefault(self.calls[call].path, []).append(node)
                call = self.calls[call].parent
        return found

    @cached_property
    def inputs(self) -> list[Value]:
        """What the model was given."""
        return [value for value in self.values if value.role == "input"]

    @cached_property
    def unseen(self) -> list[Node]:
        """Kernels that no torch function announced; they are nodes of their own."""
        return [node for node in self.nodes if not node.seen]

    def tensor(self, index: int) -> Tensor:
        """The numbers of a value, to compute with; in the CPU's memory where their device has no float64.

        Raises:
            TraceError: they were not kept.
        """
        return with_float64(self.original(index))

    def original(self, index: int) -> Tensor:
        """The numbers of a value, where the model had them.

        Raises:
            TraceError: they were not kept.
        """
        demand_whole("index", index, -len(self.values), len(self.values) - 1)
        value = self.values[index]
        if value.tensor is None:
            raise TraceError(
                f"the numbers of value {index} ({'×'.join(map(str, value.shape))}) were not kept.\n"
                "  Trace with keep=True, with fewer samples, or with a larger limit."
            )
        return value.tensor

    def restore(self, structure: Any) -> Any:  # noqa: ANN401 - arguments or results of any call
        """Arguments or results of a node with the tensors in their places."""
        return convert(structure, lambda leaf: self.tensor(leaf.index) if isinstance(leaf, Ref) else leaf)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write everything to one file; `load_trace` reads it. The module objects stay behind.

        Args:
            path: where to; an older trace that is there is replaced.
            force: replace any other file, too.

        Raises:
            TraceError: the folder cannot be written to, or there is a file that is no trace.
        """
        from convscope.tracing.file import save

        demand_path("path", path)
        save(self, Path(path), force=force)

    @property
    def module(self) -> Any:  # noqa: ANN401 - any module, torch's or the person's
        """The model itself; None in a trace that was loaded from a file."""
        return self.calls[0].module if self.calls else None

    def maker(self, value: Value) -> Node | None:
        """The node that made a value."""
        demand("value", value, Value, "one of trace.values")
        return None if value.producer is None else self.nodes[value.producer]

    def parents(self, node: Node) -> Iterator[Node]:
        """The nodes whose results a node takes."""
        demand("node", node, Node, "one of trace.nodes")
        makers = (self.values[index].producer for index in node.inputs)
        yield from (self.nodes[maker] for maker in dict.fromkeys(makers) if maker is not None)

    def consumers(self, value: int) -> list[Node]:
        """The nodes that take a value."""
        demand_whole("value", value, 0, len(self.values) - 1)
        return self._consumers.get(value, [])

    def call(self, node: Node) -> Call:
        """The module call in which a node ran."""
        demand("node", node, Node, "one of trace.nodes")
        return self.calls[node.call]

    @cached_property
    def _consumers(self) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = {}
        for node in self.nodes:
            for index in dict.fromkeys(node.inputs):
                found.setdefault(index, []).append(node)
        return found

    def _last_of(self, path: str) -> Node | None:
        """The operation that made what a module returned."""
        for call in reversed(self.calls):
            if call.path == path and call.outputs:
                return self.maker(self.values[call.outputs[0]])
        return None

    def _repr_html_(self) -> str:
        from convscope.tracing.html import trace_html

        return trace_html(self)

    def __repr__(self) -> str:
        sizes = f"{len(self.nodes)} operations, {self.memory / 2**20:.1f} MiB of values"
        sizes += f", {self.dropped} not kept" if self.dropped else ""
        end = f", failed: {self.failure.kind}" if self.failure else ""
        return f"Trace of {self.model}: {sizes}{end}"


# The class whose score gradients are asked for, or what makes the score.
Score = int | Callable[[Any], Tensor]
