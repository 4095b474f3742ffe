"""An explanation in the terminal."""

from convscope.explaining.account import Terms
from convscope.explaining.explanation import Explanation
from convscope.explaining.rendering.words import number, text
from convscope.shapes import show

MOST = 12  # terms that are written out


def as_text(explanation: Explanation) -> str:
    """The number, how it comes about, and the proof.

    >>> import torch
    >>> from convscope.explaining import explain
    >>> from convscope.tracing import trace
    >>> print(as_text(explain(trace(torch.nn.ReLU(), torch.tensor([[-1.0, 2.0]])), "relu", (0, 1))))
    relu (relu) output (0, 1)
      ReLU lets positive numbers through. x is above zero and passes as it is.
    <BLANKLINE>
      y = max(0, x)
      max(0, 2) = 2
    <BLANKLINE>
      result        2
      network       2
      difference    0  (bound 2e−06)
      See https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
    """
    account = explanation.account
    place = ", ".join(map(str, explanation.at))
    about = explanation.about if explanation.about == "output" else f"gradient of {explanation.about}"
    lines = [f"{explanation.name} ({explanation.op}) {about} ({place})"]
    if explanation.code:
        lines.append(f"  {explanation.code.file}:{explanation.code.line}  {explanation.code.text}")
    numbers = text(account.numbers)
    lines += [f"  {account.what}", "", f"  {text(account.formula)}"]
    lines += [f"  {numbers}"] if numbers and not account.steps[1:] else []
    lines += _term_lines(account.terms)
    lines += [f"  bias          {number(account.bias)}"] if account.bias is not None else []
    for step in account.steps if len(account.steps) > 1 else ():
        lines += ["", f"  {step.name}: {text(step.formula)}", f"    {text(step.numbers)}"]
    lines += [f"  {note}" for note in account.notes]
    return "\n".join([*lines, "", *_proof(explanation), f"  See {account.source}"])


def _proof(explanation: Explanation) -> list[str]:
    if explanation.kind == "not explained":
        return [f"  network       {number(explanation.network)}"]
    kept = (
        f"(bound {number(explanation.bound)})"
        if explanation.holds
        else f"(OVER its bound {number(explanation.bound)})"
    )
    return [
        f"  result        {number(explanation.result)}",
        f"  network       {number(explanation.network)}",
        f"  difference    {number(explanation.difference)}  {kept}",
    ]


def _term_lines(terms: Terms | None) -> list[str]:
    """The largest terms with their factors, and each channel's part where there are several."""
    if terms is None:
        return []
    count = terms.values.numel()
    words = "1 term" if count == 1 else f"{count} terms"
    lines = ["", f"  {words}, {show(tuple(terms.values.shape))} ({', '.join(terms.axes)}):"]
    order = terms.values.flatten().abs().argsort(descending=True, stable=True)[:MOST].tolist()
    lines += [f"    {_term(terms, place)}{_where(terms, place)}" for place in order]
    if count > len(order):
        lines.append(f"    … {count - len(order)} smaller ones")
    if terms.rule == "sum" and terms.values.dim() > 1 and terms.values.shape[0] > 1:
        lines += ["", f"  The sum of each {terms.axes[0]}:"]
        lines += [f"    {place:>4}  {number(float(part)):>11}" for place, part in enumerate(terms.partial())]
    return lines


def _term(terms: Terms, place: int) -> str:
    """Factor times factor, and what that is; a number that is no product alone."""
    factors = " × ".join(f"{number(float(each.flatten()[place])):>11}" for each in terms.factors.values())
    value = f"{number(float(terms.values.flatten()[place])):>11}"
    return f"{factors} = {value}" if factors else value


def _where(terms: Terms, place: int) -> str:
    """Where the first factor that has a place stands."""
    for name, places in terms.places.items():
        index = places.reshape(terms.values.numel(), -1)[place].tolist()
        return "   padding" if index and index[0] < 0 else f"   {name}[{', '.join(map(str, index))}]"
    return ""
