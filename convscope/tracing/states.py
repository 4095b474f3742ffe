"""Which value a tensor holds now: tensors are objects that change, values are what they were."""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from torch import Tensor

from convscope.torch_private import is_view
from convscope.tracing.graph import Trace, Value, ValueRole
from convscope.tracing.snapshot import memory_of, same_numbers, snapshot, storage_of, unwatched


@dataclass(slots=True)
class _Known:
    """A tensor that was seen."""

    alive: Callable[[], Tensor | None]
    value: int
    storage: int
    writes: int  # to its storage, when it was seen
    followed: bool  # its gradient is asked for, or none are
    held: Tensor | None = None  # while its numbers are kept, so that neither id nor storage is used again


class States:
    """Hands out values."""

    def __init__(self, trace: Trace, *, keep: bool, limit: int, gradients: bool) -> None:
        self.trace, self.keep, self.limit, self.gradients = trace, keep, limit, gradients
        self.names: dict[int, tuple[ValueRole, str]] = {}  # of the model's own tensors, by id
        self.leaves: dict[int, Tensor] = {}  # where gradients end: value → tensor
        self.collecting = False  # the model may run autograd itself; only the score's gradients count
        self._known: dict[int, _Known] = {}
        self._writes: dict[int, int] = {}  # storage → how often it was written to
        self._writer: dict[int, int] = {}  # storage → the last node to do so
        self._kept: set[tuple[int, int]] = set()
        self.bypassed: set[int] = set()  # values whose hook does not see all of their gradient
        self._views: dict[int, int] = {}  # value → storage, of views that autograd knows as such

    def value_of(self, tensor: Tensor, role: ValueRole = "constant", name: str = "") -> int:
        """The value that a tensor holds now; what was changed through another view of it is a new value."""
        known = self._find(tensor)
        if known is not None and self._count(known.storage) == known.writes and known.followed:
            return known.value  # most often, so without a look at the tensor
        with unwatched():
            if known is None:
                role, name = self.names.get(id(tensor), (role, name))
                return self._register(tensor, role, name, None)
            return self._look_again(tensor, known)

    def _look_again(self, tensor: Tensor, known: _Known) -> int:
        """Its memory was written to, or no gradient flowed from it yet."""
        count = self._count(known.storage)
        before = self.trace.values[known.value].tensor
        if count != known.writes and (before is None or not same_numbers(before, tensor)):
            return self._register(tensor, "activation", "", self._writer[known.storage])
        known.writes = count
        if not known.followed and tensor.requires_grad:
            self._follow(tensor, known)  # it came out of code that autograd did not look into
        return known.value

    def made(self, tensor: Tensor, node: int, position: int) -> int:
        """A new value for what an operation made, changed, or handed on as it was (`x.contiguous()`)."""
        known = self._find(tensor)
        numbers = None
        if known is not None and self._count(known.storage) == known.writes:
            numbers = self.trace.values[known.value].tensor
        return self._register(tensor, "activation", "", node, position, numbers)

    def alias(self, tensor: Tensor, original: Tensor) -> Tensor:
        """Another tensor with the same value."""
        known = self._known[id(original)]
        self._known[id(tensor)] = replace(known, alive=weakref.ref(tensor), held=tensor)
        return tensor

    def wrote(self, tensors: Iterable[Tensor], node: int) -> set[int]:
        """Take down whose memory an operation changed."""
        changed = {storage_of(tensor) for tensor in tensors}
        for storage in changed:
            self._writes[storage], self._writer[storage] = self._count(storage) + 1, node
        return changed

    def bypass(self, value: int) -> None:
        """A view loses its place on autograd's way back, and so do the views that it looks through."""
        storage = self._views.get(value)
        while value in self._views and value not in self.bypassed:
            self.bypassed.add(value)
            producer = self.trace.values[value].producer
            if producer is None:
                return
            behind = [each for each in self.trace.nodes[producer].inputs if self._views.get(each) == storage]
            value = behind[0] if behind else value

    def _find(self, tensor: Tensor) -> _Known | None:
        known = self._known.get(id(tensor))
        return known if known is not None and known.alive() is tensor else None

    def _count(self, storage: int) -> int:
        return self._writes.get(storage, 0)

    def _register(
        self,
        tensor: Tensor,
        role: ValueRole,
        name: str,
        producer: int | None,
        position: int = 0,
        numbers: Tensor | None = None,
    ) -> int:
        storage, index = storage_of(tensor), len(self.trace.values)
        writes = self._count(storage)
        known = _Known(weakref.ref(tensor), index, storage, writes, followed=not self.gradients)
        value = Value(
            index, role, name, tuple(tensor.shape), tensor.dtype, str(tensor.device), producer, position
        )
        self.trace.values.append(value)
        self._known[id(tensor)] = known
        if self._may_keep(tensor, role, storage, writes):
            value.tensor = snapshot(tensor) if numbers is None else numbers
            known.held = tensor
        if self.gradients and tensor.requires_grad:
            self._follow(tensor, known)
            if is_view(tensor):
                self._views[index] = storage
        return index

    def _may_keep(self, tensor: Tensor, role: ValueRole, storage: int, writes: int) -> bool:
        """Within the limit; parameters share their memory with the model, views with what they look at."""
        if not self.keep:
            return False
        if role in ("parameter", "buffer") or (storage, writes) in self._kept:
            return True
        size = memory_of(tensor)
        if self.trace.memory + size > self.limit:
            self.trace.dropped += 1
            return False
        self._kept.add((storage, writes))
        self.trace.memory += size
        return True

    def _follow(self, tensor: Tensor, known: _Known) -> None:
        """Ask for the gradient of this state; a hook set now stays with it when the tensor is changed."""
        known.followed = True
        if tensor.is_leaf:
            self.leaves[known.value] = tensor
            return
        value = self.trace.values[known.value]

        def collect(gradient: Tensor | None) -> None:  # None: a piece of a split that nothing used
            if gradient is not None and self.collecting:
                value.gradient = gradient.detach()

        tensor.register_hook(collect)
