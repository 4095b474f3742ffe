"""What an operation's file has to offer: the entry of `OPS`."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from convscope.explaining.account import Account, Index
from convscope.explaining.axes import Axes
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Symbol
from convscope.explaining.reading import Reading, Signature
from convscope.explaining.working import Worked

if TYPE_CHECKING:
    from convscope.explaining.ops.windows.sliding import Window


OUT = Symbol("out")


class Role(StrEnum):
    """What an operation is there for; `OTHER` where nothing asks."""

    CONVOLUTION = "sliding kernel"
    TRANSPOSED = "transposed kernel"
    POOLING = "pooling window"
    LINEAR = "weights for every input"
    PRODUCT = "product of matrices"
    RECURRENT = "recurrent"
    NORMALISATION = "normalisation"
    ACTIVATION = "activation"
    SHARES = "shares of one"
    DROPOUT = "noise while training"
    LOSS = "loss"
    LOOKUP = "look-up"
    JOIN = "element by element"
    CONCATENATION = "side by side"
    STACK = "along a new axis"
    RESAMPLING = "another grid"
    PADDING = "border"
    RESHAPE = "other axes, same order"
    SQUEEZE = "axes of size one"
    PERMUTE = "order of axes"
    PART = "some of the numbers"
    SAME = "same numbers"
    OTHER = "other"

    @property
    def moves(self) -> bool:
        """Whether it only moves numbers, picks some of them, or passes them on."""
        return self in (Role.RESHAPE, Role.SQUEEZE, Role.PERMUTE, Role.PART, Role.SAME)


# How one number of it is drawn; "terms" is for everything that has no drawing of its own.
Drawing = Literal["window", "steps", "shares", "vector", "terms"]
# What can be changed: one kernel, the weights of one channel, stride and the like, which activation it is.
Editable = Literal["kernel", "channel", "setting", "activation"]


class Loss(NamedTuple):
    """What a loss takes.

    Attributes:
        wants: what its first argument has to be.
        targets: the number of a class, or a number for each of the first argument's.
        does: the operation that it applies to its first argument itself; "" for none.
    """

    wants: Literal["scores", "probabilities", "log-probabilities", "numbers"]
    targets: Literal["classes", "numbers"]
    does: str = ""


@dataclass(frozen=True)
class Cost:
    """What an operation costs, for the whole call as it was made; `Cost()` is nothing.

    Attributes:
        multiplying: height·width·k·k·in·out with the numbers: multiplications that come with an addition; a
            bias's addition is not counted, nor are comparisons, nor element-wise functions. Proven against a
            brute-force count.
        parameters: of its weights and bias with the numbers: out·(in·k·k + 1); None without any.
    """

    multiplying: Worked | None = None
    parameters: Worked | None = None

    @cached_property
    def macs(self) -> int:
        """How many multiply-adds."""
        return int(self.multiplying.value) if self.multiplying else 0


def free(reading: Reading) -> Cost:  # noqa: ARG001 - every op is asked in the same way
    """No multiplication with an addition."""
    return Cost()


@dataclass(frozen=True)
class Extent:
    """How large the output is along one axis.

    Attributes:
        axis: "height"; "" where one line says it of all.
        worked: ⌊(n + 2·p − k)/s⌋ + 1 with the numbers.
        notes: what deserves a word: "the last row is not reached".
        same: as large as the input, which is seen without being said.
    """

    axis: str
    worked: Worked
    notes: tuple[str, ...] = ()
    same: bool = False


def asked_for(axis: str, size: int) -> Extent:
    """A size that the call gives."""
    return Extent(axis, Worked(OUT, {OUT: size}), ("as asked for",))


@dataclass(frozen=True)
class Op:
    """All that is known of one kind of operation. A missing function means: not known, said so.

    Attributes:
        signature: names of the arguments in order, `name=default` for optional ones (see `Reading`); a
            function from the node to its arguments by name where tensors stand in lists.
        explain: `(reading, index of the output element)` → why the number is what it is; None for a call of a
            kind that is not explained, such as packed sequences.
        gradient: `(reading, name of an argument, index in it)` → d(score)/d(that number) through this
            operation, as a sum over `reading.output_gradient`; compared with autograd's number by the caller.
        cost: `(reading)` → multiply-adds; uses shapes only.
        reach: `(reading, boxes on the output)` → for each tensor argument with a place in it, by name, the
        boxes
            that the output boxes depend on (not clipped). Arguments that are lists of tensors: a list of
            boxes.
        size: `(reading)` → the output's size, an axis each; rows and columns that are never reached are
            noted; uses shapes only.
        role: what it is there for.
        drawing: how one number of it is drawn.
        axes: `(reading, axes of what it takes)` → which axes of its output are sample, channel and space;
            None: those of what it takes, where there are as many.
        space: how many spatial axes it works on, where its name says so.
        window: `(reading, output channel)` → what slides, and which channels it sees; uses shapes only.
        edits: what can be changed of it in a copy of the model.
        sign: between its two arguments: "+".
        range: between which numbers its output lies; None: anywhere.
        loss: what it takes, of a loss.
        by_mode: it does something else in training than in evaluation.
        caution: what keeps its inputs where it gives finite numbers; "" where all of them are fine.
    """

    signature: Signature
    explain: Callable[[Reading, Index], Account | None] | None = None
    gradient: Callable[[Reading, str, Index], Account] | None = None
    cost: Callable[[Reading], Cost] | None = None
    reach: Callable[[Reading, Boxes], dict[str, Boxes | list[Boxes]]] | None = None
    size: Callable[[Reading], tuple[Extent, ...]] | None = None
    role: Role = Role.OTHER
    drawing: Drawing = "terms"
    axes: Callable[[Reading, Axes | None], Axes] | None = None
    space: int | None = None
    window: "Callable[[Reading, int], Window | None] | None" = None
    edits: tuple[Editable, ...] = ()
    sign: str = ""
    range: tuple[float, float] | None = None
    loss: Loss | None = None
    by_mode: bool = False
    caution: str = ""
