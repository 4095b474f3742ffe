"""An explanation in plain lists and numbers: what the page and `Explanation.as_dict` give."""

import math
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from convscope.explaining.account import Gate, Step, Terms
from convscope.explaining.explanation import Explanation
from convscope.explaining.formula import Formula, WhereClause
from convscope.explaining.rendering.mathml import lines
from convscope.explaining.rendering.script import as_python
from convscope.explaining.rendering.words import beside, text


def message(explanation: Explanation) -> dict[str, Any]:
    """Everything about one number."""
    account = explanation.account
    return {
        "op": explanation.op,
        "name": explanation.name,
        "about": explanation.about,
        "at": list(explanation.at),
        "kind": explanation.kind,
        "what": account.what,
        "formula": shown(account.formula),
        "numbers": shown(account.numbers),
        "notes": list(account.notes),
        "terms": _terms(account.terms),
        "bias": _plain(account.bias),
        "steps": [_step(step, account.steps) for step in account.steps],
        "cell": account.cell and asdict(account.cell),
        "result": _plain(explanation.result),
        "network": _plain(explanation.network),
        "difference": _plain(explanation.difference),
        "bound": _plain(explanation.bound),
        "holds": explanation.holds,
        "source": account.source,
        "code": explanation.code and explanation.code._asdict(),
        "python": as_python(explanation),
    }


def shown(formula: Formula) -> dict[str, Any]:
    """A formula as text and as MathML, and what must be known beside it."""
    main = formula.main if isinstance(formula, WhereClause) else formula
    return {"text": text(main), "math": lines(formula), "beside": beside(formula)}


def _step(step: Step, steps: tuple[Step, ...]) -> dict[str, Any]:
    return {
        "name": step.name,
        "formula": shown(step.formula),
        "numbers": shown(step.numbers),
        "value": _plain(step.value),
        "code": step.code,
        "terms": _terms(step.terms),
        "gate": step.gate and _gate(step.gate, steps),
    }


def _gate(gate: Gate, steps: tuple[Step, ...]) -> dict[str, Any]:
    """What a gate is made of; its parts by their place among the steps."""
    names = [step.name for step in steps]
    return {
        "letter": gate.letter,
        "squash": gate.squash,
        "input": names.index(gate.input.name),
        "hidden": names.index(gate.hidden.name),
        "input_bias": _plain(gate.input_bias),
        "hidden_bias": _plain(gate.hidden_bias),
        "reset": gate.reset and _plain(gate.reset.value),
        "before": _plain(gate.before),
    }


def _terms(found: Terms | None) -> dict[str, Any] | None:
    """The numbers that one rule makes into one."""
    if found is None:
        return None
    return {
        "axes": list(found.axes),
        "rule": found.rule,
        "values": _nested(found.values),
        "factors": {name: _nested(factor) for name, factor in found.factors.items()},
        "places": {name: places.tolist() for name, places in found.places.items()},
        "result": _plain(found.result),
    }


def _nested(values: Tensor) -> Any:  # noqa: ANN401 - lists in lists
    """Lists in lists; only those with a number that is none are gone through one by one."""
    return values.tolist() if bool(torch.isfinite(values).all()) else _plain(values.tolist())


def _plain(value: Any) -> Any:  # noqa: ANN401 - a number, or lists of them
    """JSON knows neither infinity nor NaN: null stands for both."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if value is None or math.isfinite(value) else None
