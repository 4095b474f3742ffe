"""The formulas of sizes, parameters and multiply-adds, in general and with the numbers."""

from collections.abc import Sequence
from typing import cast

from convscope.explaining.formula import side
from convscope.explaining.op import Extent
from convscope.explaining.rendering.message import shown
from convscope.explaining.rendering.words import number
from convscope.explaining.working import Worked
from convscope.web.types.parts import FormulaMessage, Rendered


def sizes(extents: Sequence[Extent]) -> list[FormulaMessage]:
    """The output's size, an axis each."""
    return [_formula(each.worked, each.axis, each.notes) for each in extents]


def figure(worked: Worked | None, count: int) -> FormulaMessage | None:
    """How many parameters, or multiplications with an addition; none where there are none."""
    return {**_formula(worked), "value": number(count)} if worked and count else None


def _formula(worked: Worked, axis: str = "", notes: Sequence[str] = ()) -> FormulaMessage:
    """The message `FormulaMessage` of static/messages.d.ts."""
    general, numbers = (cast(Rendered, shown(each)) for each in (side(worked.formula), worked.numbers))
    value = number(worked.value)
    return {"axis": axis, "general": general, "numbers": numbers, "value": value, "notes": list(notes)}
