"""An account beside the network's own number: what the terminal, the notebook and the page all show."""

from dataclasses import dataclass
from typing import Any, Literal

import torch

from convscope.explaining.account import Account, Index
from convscope.tracing.graph import Source

# How far the float64 sum of the terms may lie from the network's number, in parts of Σ|terms|: the unit
# roundoff of the network's own arithmetic, with room for the order in which it adds.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6, torch.float16: 4e-3, torch.bfloat16: 3e-2}
Status = Literal["explained", "not explained"]


@dataclass(frozen=True, repr=False)
class Explanation:
    """One number of a network, taken apart, with the proof that it is the network's number.

    Attributes:
        op: kind of operation, such as "conv2d".
        name: of the operation in the trace, such as "layer1.0.conv2".
        about: which number: "output", or the argument whose gradient this is ("weight").
        at: its index there.
        account: what it is made of.
        network: the network's own number (for a gradient: autograd's).
        kind: "not explained" where the account can only say which inputs matter.
        bound: what |difference| must stay within: 1e-6·Σ|terms| in float32.
        code: the line of the person's code.
    """

    op: str
    name: str
    about: str
    at: Index
    account: Account
    network: float
    kind: Status
    bound: float
    code: Source | None = None

    @property
    def result(self) -> float:
        """What the terms add up to."""
        return self.account.result

    @property
    def difference(self) -> float:
        """The network's number less ours; 0 where both are the same infinity, or both are no number."""
        same = self.result == self.network or (self.result != self.result and self.network != self.network)
        return 0.0 if same else self.network - self.result

    @property
    def holds(self) -> bool:
        """Whether the difference stays within its bound."""
        return self.kind == "explained" and abs(self.difference) <= self.bound

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain lists and numbers, for JSON."""
        from convscope.explaining.rendering.message import message

        return message(self)

    def __repr__(self) -> str:
        return f"Explanation({self.about} of {self.name} at {self.at}: {self.result:.7g}, {self.kind})"

    def __str__(self) -> str:
        from convscope.explaining.rendering.text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from convscope.explaining.rendering.html import explanation_html

        return explanation_html(self)

    def python(self) -> str:
        """A script of its own that computes the number from the terms and prints both."""
        from convscope.explaining.rendering.script import as_python

        return as_python(self)


def tolerance(dtype: torch.dtype) -> float:
    """Parts of Σ|terms| by which a network of this precision may differ; 0 for whole numbers."""
    return TOLERANCE.get(dtype, 0.0)
