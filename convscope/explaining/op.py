"""What an operation's file has to offer: the entry of `OPS`."""

from collections.abc import Callable
from dataclasses import dataclass

from convscope.explaining.account import Account, Index
from convscope.explaining.boxes import Boxes
from convscope.explaining.reading import Reading, Signature


@dataclass(frozen=True)
class Cost:
    """What an operation costs, for the whole call as it was made.

    Attributes:
        macs: multiplications that come with an addition; a bias's addition is not counted, nor are
            comparisons, nor element-wise functions. Proven against a brute-force count.
        formula: with the numbers: "28·28·5·5·1·16 = 313,600" (height·width·kernel·in·out); "" for 0.
        parameters: of its weights and bias with the numbers: "16·(1·5·5 + 1) = 416"; "" without any.
    """

    macs: int
    formula: str = ""
    parameters: str = ""


@dataclass(frozen=True)
class Op:
    """How to read, explain and cost one kind of operation. A missing function means: not known, said so.

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
        size: `(reading)` → the output's size with the numbers, a line an axis: "height ⌊(28 + 2·2 − 5)/1⌋ +
        1 = 28";
            rows and columns that are never reached are said: "(the last row is not reached)"; uses shapes
            only.
    """

    signature: Signature
    explain: Callable[[Reading, Index], Account | None] | None = None
    gradient: Callable[[Reading, str, Index], Account] | None = None
    cost: Callable[[Reading], Cost] | None = None
    reach: Callable[[Reading, Boxes], dict[str, Boxes | list[Boxes]]] | None = None
    size: Callable[[Reading], str] | None = None
