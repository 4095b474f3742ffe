"""For operations whose formulas are still words: steps, accounts and costs as before `formula.py`."""

from convscope.explaining import account, op
from convscope.explaining.account import Index, Reduction, Terms, added_up, product, written
from convscope.explaining.formula import Equation, Formula, Known, Number, Sum, Text, Worked
from convscope.explaining.op import Op
from convscope.explaining.rendering.python import literal
from convscope.explaining.rendering.words import number, text

__all__ = [
    "Account",
    "Cost",
    "Index",
    "Op",
    "Reduction",
    "Step",
    "Terms",
    "added_up",
    "number",
    "product",
    "signed",
]
__all__ += ["sizes", "total", "written_out"]


def signed(value: float) -> str:
    """A number in brackets where it is negative, so that it can follow a sign."""
    found = number(value)
    return f"({found})" if found.startswith("−") else found


def total(terms: Terms, bias: float | None = None) -> float:
    """The terms' result with the bias."""
    return terms.result + (bias or 0.0)


def written_out(terms: Terms, bias: float | None = None) -> str:
    """The sum with its first terms, largest first: "0.5·2 + (−1)·3 + … (7 more) = −2"."""
    found: Formula = written(terms)
    found = found if bias is None else Sum((found, Number(bias)))
    return text(Equation(found, Number(total(terms, bias))))


def _words(given: str | Formula) -> Formula:
    return Text(given) if isinstance(given, str) else given


class Step(account.Step):
    """A step whose formula, numbers and code are words."""

    def __init__(
        self,
        name: str,
        formula: str | Formula,
        numbers: str | Formula,
        value: float,
        code: str,
        terms: Terms | None = None,
    ) -> None:
        super().__init__(name, _words(formula), {}, terms)
        self.__dict__.update(value=value, numbers=_words(numbers), code=code)


class Account(account.Account):
    """An account whose formula and numbers are words."""

    def __init__(
        self,
        what: str,
        formula: str | Formula,
        numbers: str | Formula,
        result: float,
        source: str,
        terms: Terms | None = None,
        bias: float | None = None,
        steps: tuple[account.Step, ...] = (),
        scale: float | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what, _words(formula), source, {}, terms, bias, steps, scale, notes)
        code = f"{'math.fsum' if terms.rule == 'sum' else terms.rule}(terms)" if terms else literal(result)
        code += "" if bias is None else f" + {bias!r}"
        put_in = Known(result, Number(result), code)
        self.__dict__.update(result=result, numbers=_words(numbers), put_in=put_in)


class PlainWorked(Worked):
    """A line with numbers in words."""

    def __init__(self, words: str | Formula, value: float = 0.0) -> None:
        super().__init__(Text(""), {})
        self.__dict__.update(value=value)
        self.words = _words(words)

    @property
    def numbers(self) -> Formula:
        """The words."""
        return self.words


class Cost(op.Cost):
    """A cost whose formulas are words."""

    def __init__(self, macs: int, formula: str = "", parameters: str = "") -> None:
        super().__init__(
            PlainWorked(formula, macs) if formula else None, PlainWorked(parameters) if parameters else None
        )
        self.__dict__.update(macs=macs)


def sizes(words: str) -> tuple[op.Extent, ...]:
    """Lines in words as they are."""
    return tuple(op.Extent("", PlainWorked(line), same=line.startswith("as ")) for line in words.splitlines())
