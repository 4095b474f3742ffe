"""An account beside the network's own number: what the terminal, the notebook and the page all show."""

import re
from dataclasses import dataclass
from typing import Any, Literal

import torch

from convscope.explaining.account import Account, Index, Terms
from convscope.tracing.graph import Source

# How far the float64 sum of the terms may lie from the network's number, in parts of Σ|terms|: the unit
# roundoff of the network's own arithmetic, with room for the order in which it adds.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6, torch.float16: 4e-3, torch.bfloat16: 3e-2}
Kind = Literal["explained", "not explained"]


@dataclass(frozen=True)
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
    kind: Kind
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
        account = self.account
        return {
            "op": self.op,
            "name": self.name,
            "about": self.about,
            "at": list(self.at),
            "kind": self.kind,
            "what": account.what,
            "formula": account.formula,
            "numbers": account.numbers,
            "terms": _terms(account.terms),
            "bias": account.bias,
            "steps": [step._asdict() | {"terms": _terms(step.terms)} for step in account.steps],
            "notes": list(account.notes),
            "result": self.result,
            "network": self.network,
            "difference": self.difference,
            "bound": self.bound,
            "holds": self.holds,
            "source": account.source,
            "code": self.code and self.code._asdict(),
        }

    def __str__(self) -> str:
        from convscope.explaining.text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from convscope.explaining.html import explanation_html

        return explanation_html(self)

    def python(self) -> str:
        """A script of its own that computes the number from the terms and prints both."""
        from convscope.explaining.script import as_python

        return as_python(self)


def tolerance(dtype: torch.dtype) -> float:
    """Parts of Σ|terms| by which a network of this precision may differ; 0 for whole numbers."""
    return TOLERANCE.get(dtype, 0.0)


def python_name(name: str) -> str:
    """The name of a step as a Python variable.

    >>> python_name("forget gate"), python_name("1/σ")
    ('forget_gate', '_1_σ')
    """
    plain = re.sub(r"\W", "_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _terms(terms: Terms | None) -> dict[str, Any] | None:
    if terms is None:
        return None
    return {
        "axes": list(terms.axes),
        "rule": terms.rule,
        "values": terms.values.tolist(),
        "factors": {name: factor.tolist() for name, factor in terms.factors.items()},
        "places": {name: places.tolist() for name, places in terms.places.items()},
        "result": terms.result,
    }
