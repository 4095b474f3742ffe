"""A network that could not be made: the error, the text it came from, and what can be read off both."""

import ast
import inspect
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from torch import nn


class Finding(NamedTuple):
    """What one family of mistakes has to say.

    Attributes:
        what: one sentence.
        cause: why, with the numbers.
        fixes: the whole text, mended; the first that works is shown, as the lines that differ.
        advice: in words, what no line to paste can say.
        line: where the mistake stands, if that is not where it came to light.
    """

    what: str
    cause: str
    fixes: tuple[str, ...] = ()
    advice: str = ""
    line: int = 0


class Incomplete(Exception):  # noqa: N818 - nothing failed: what was made cannot be a network
    """Something that Python allows and that is no network.

    Attributes:
        kind: which mistake: "forward", "init", "asked", "module".
        thing: the class or function that has it.
        detail: what the mistake is about.
    """

    def __init__(self, kind: str, thing: Any, detail: Any = None) -> None:  # noqa: ANN401
        super().__init__(kind)
        self.kind, self.thing, self.detail = kind, thing, detail


@dataclass(frozen=True)
class Failure:
    """What the families read.

    Attributes:
        error: as it was raised.
        text: what the person wrote.
        file: where that stands; "" for a layer as it is typed.
        given: the call that failed, where it is known before.
    """

    error: BaseException
    text: str
    file: str = ""
    given: ast.Call | None = field(default=None, kw_only=True)

    @cached_property
    def message(self) -> str:
        """The error's own words."""
        return str(self.error)

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """The text as Python reads it; empty where it cannot."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def _steps(self) -> list[TracebackType]:
        steps, step = [], self.error.__traceback__
        while step is not None:
            steps.append(step)
            step = step.tb_next
        return steps

    @cached_property
    def _at(self) -> int:
        """Which step was the last one in the person's file; −1: none was."""
        places = [i for i, step in enumerate(self._steps) if step.tb_frame.f_code.co_filename == self.file]
        return places[-1] if places else -1

    @cached_property
    def active(self) -> set[int]:
        """Every line of the person's file that had begun and not ended."""
        steps = [step for step in self._steps if step.tb_frame.f_code.co_filename == self.file]
        return {step.tb_lineno for step in steps}

    @cached_property
    def frame(self) -> FrameType | None:
        """The person's function (or file) that was at work."""
        return self._steps[self._at].tb_frame if self._at >= 0 else None

    @cached_property
    def _inside(self) -> list[dict[str, Any]]:
        """The names of torch's own functions that were at work, the innermost last."""
        return [dict(step.tb_frame.f_locals) for step in self._steps[self._at + 1 :]]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What torch's layer was given, by the names of its arguments; empty where none was being made."""
        made = next(
            (names["self"] for names in self._inside if isinstance(names.get("self"), nn.Module)), None
        )
        found: dict[str, Any] = {}
        for names in self._inside if made is not None else ():
            found = names | found if names.get("self") is made else found  # as it was first given
        return found

    @cached_property
    def added(self) -> tuple[str, Any] | None:
        """Name and value of what was handed to a holder of modules as one of them."""
        names = self._inside[-1] if self._inside else {}
        return (names["name"], names["module"]) if {"name", "module"} <= set(names) else None

    @cached_property
    def kind(self) -> Any:  # noqa: ANN401
        """The class or function that was called; None where it is not known."""
        if "self" in self.settings:
            return type(self.settings["self"])
        if self.call is None:
            return None
        return self.value(self.call.func) or getattr(
            nn, self.written(self.call.func).rpartition(".")[2], None
        )

    @cached_property
    def called(self) -> str:
        """The layer as people write it."""
        if self.call is None:
            return f"nn.{getattr(self.kind, '__name__', 'Module')}"
        written = self.written(self.call.func)
        return "its parent class" if written.startswith("super()") else written

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """What that class takes, by name, in order."""
        owner = nn.RNNBase if isinstance(self.kind, type) and issubclass(self.kind, nn.RNNBase) else self.kind
        made = owner.__init__ if isinstance(owner, type) else owner
        try:
            found = list(inspect.signature(made).parameters.values())[isinstance(owner, type) :]
        except (TypeError, ValueError):  # no Python function
            return {}
        return {each.name: each for each in found if each.name not in ("mode", "device", "dtype")}

    @cached_property
    def line(self) -> int:
        """The line at work, counted from 1; 0 where it is not known."""
        if isinstance(self.error, SyntaxError):
            return (self.error.lineno or 0) if self.error.filename == self.file else 0
        if isinstance(self.error, Incomplete):
            return getattr(self.definition(self.error.thing), "lineno", 0)
        return self._steps[self._at].tb_lineno if self._at >= 0 else 0

    @cached_property
    def node(self) -> ast.expr | None:
        """The expression that failed."""
        if self.given is not None:
            return self.given
        if self._at < 0:
            return None
        step = self._steps[self._at]
        place = next(islice(step.tb_frame.f_code.co_positions(), step.tb_lasti // 2, None), None)
        found = [each for each in ast.walk(self.tree) if isinstance(each, ast.expr) and _spot(each) == place]
        return found[-1] if found else None

    @cached_property
    def call(self) -> ast.Call | None:
        """The call that failed."""
        return self.node if isinstance(self.node, ast.Call) else None

    @cached_property
    def method(self) -> tuple[ast.ClassDef, ast.FunctionDef] | None:
        """The method at work and its class."""
        owners = [each for each in ast.walk(self.tree) if isinstance(each, ast.ClassDef)]
        for owner in owners:
            for each in owner.body:
                if isinstance(each, ast.FunctionDef) and each.lineno <= self.line <= (each.end_lineno or 0):
                    return owner, each
        return None

    def definition(self, thing: Any) -> ast.ClassDef | ast.FunctionDef | None:  # noqa: ANN401
        """Where a class or function of this file is written."""
        name = getattr(thing, "__name__", "")
        kinds = ast.ClassDef if isinstance(thing, type) else ast.FunctionDef
        return next((n for n in ast.walk(self.tree) if isinstance(n, kinds) and n.name == name), None)

    def written(self, node: ast.AST) -> str:
        """An expression as the person wrote it."""
        return ast.get_source_segment(self.text, node) or ast.unparse(node)

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401
        """What a name, an attribute or a literal stands for; None where that is not known without a call."""
        if self.frame is None or any(isinstance(each, ast.Call) for each in ast.walk(node)):
            return None
        try:
            code = compile(ast.Expression(node), "<read>", "eval")
            return eval(code, self.frame.f_globals, dict(self.frame.f_locals))
        except Exception:  # noqa: BLE001 - a person's own property may raise anything
            return None

    def replaced(self, node: ast.AST, new: str) -> str:
        """The text with one expression written anew."""
        spot = _spot(node)
        rows = self.text.splitlines(keepends=True)
        first, last = rows[spot[0] - 1].encode(), rows[spot[1] - 1].encode()  # Python counts bytes
        middle = first[: spot[2]].decode() + new + last[spot[3] :].decode()
        return "".join([*rows[: spot[0] - 1], middle, *rows[spot[1] :]])

    def inserted(self, before: int, *new: str) -> str:
        """The text with further lines in front of one, counted from 1."""
        return "\n".join([*self.lines[: before - 1], *new, *self.lines[before - 1 :]]) + "\n"

    def with_line(self, number: int, new: str) -> str:
        """The text with one line written anew, its indentation kept."""
        old = self.lines[number - 1]
        indent = old[: len(old) - len(old.lstrip())]
        return "\n".join([*self.lines[: number - 1], indent + new.strip(), *self.lines[number:]]) + "\n"

    def argument(self, name: str) -> ast.expr | None:
        """How an argument of the call that failed is written, by its name."""
        if self.call is None:
            return None
        for each in self.call.keywords:
            if each.arg == name:
                return each.value
        if name not in self.parameters or any(isinstance(each, ast.Starred) for each in self.call.args):
            return None
        place = list(self.parameters).index(name)
        return self.call.args[place] if place < len(self.call.args) else None

    def with_argument(self, name: str, value: object) -> tuple[str, ...]:
        """The text with an argument of the failing call written anew, or added; () where that cannot be."""
        if self.call is None:
            return ()
        if (node := self.argument(name)) is not None:
            return (self.replaced(node, str(value)),)
        written = self.written(self.call)[:-1].rstrip(", \n")
        comma = "" if written.endswith("(") else ", "
        return (self.replaced(self.call, f"{written}{comma}{name}={value})"),)


def _spot(node: ast.AST) -> tuple[int, int, int, int]:
    """Lines and columns of an expression, ordered as code objects have them."""
    return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)  # pyright: ignore
