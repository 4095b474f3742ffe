"""An explanation as a Python script that runs by itself."""

import math

from convscope.explaining.account import Terms
from convscope.explaining.explanation import Explanation
from convscope.explaining.rendering.python import literal, python, python_name
from convscope.explaining.rendering.words import text


def as_python(explanation: Explanation) -> str:
    """Every number written out and computed again; needs nothing but Python.

    >>> import torch
    >>> from convscope.explaining import explain
    >>> from convscope.tracing import trace
    >>> print(as_python(explain(trace(torch.nn.ReLU(), torch.tensor([[-1.0, 2.0]])), "relu", (0, 1))))
    # relu (relu), output at (0, 1)
    # y = max(0, x)
    import math
    <BLANKLINE>
    output = max(0, 2.0)
    result = output
    network = 2.0
    print(result, network, network - result)
    <BLANKLINE>
    """
    account = explanation.account
    lines = [f"# {explanation.name} ({explanation.op}), {explanation.about} at {explanation.at}"]
    lines += [f"# {line}" for line in text(account.formula).splitlines()] + ["import math", ""]
    lines += _terms(account.terms)
    written = account.terms
    for step in account.steps:
        if step.terms and not step.loop and step.terms is not written:
            lines += _terms(step.terms)
            written = step.terms
        lines.append(f"{python_name(step.name)} = {step.code}")
    lines.append(f"result = {_result(explanation)}")
    lines += [f"network = {literal(explanation.network)}", "print(result, network, network - result)", ""]
    return "\n".join(lines)


def _result(explanation: Explanation) -> str:
    account = explanation.account
    if account.steps:
        return python_name(account.steps[-1].name)
    done = explanation.kind == "explained" and math.isfinite(account.result)
    return python(account.put_in) if done else literal(account.result)


def _terms(terms: Terms | None) -> list[str]:
    if terms is None:
        return []
    names = [python_name(name) for name in terms.factors]
    lines = [f"{name} = {_list(factor)}" for name, factor in zip(names, terms.factors.values(), strict=True)]
    if not names:
        return [f"terms = {_list(terms.values)}"]
    loop = f"for {', '.join(f'a{place}' for place in range(len(names)))} in zip({', '.join(names)})"
    loop = loop if len(names) > 1 else f"for a0 in {names[0]}"
    return [*lines, f"terms = [{' * '.join(f'a{place}' for place in range(len(names)))} {loop}]"]


def _list(numbers: object) -> str:
    return f"[{', '.join(literal(each) for each in numbers.flatten().tolist())}]"  # pyright: ignore[reportAttributeAccessIssue]
