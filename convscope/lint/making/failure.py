"""A network that could not be made: the error, the text it came from, and what can be read off both."""

import ast
import difflib
import inspect
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from types import FrameType, TracebackType
from typing import Any

from torch import nn

from convscope.errors import NetworkError
from convscope.lint.finding import Fix, TextEdit, Where
from convscope.lint.signature import parameters
from convscope.network.own import Incomplete
from convscope.randomness import forked


@dataclass(frozen=True)
class MakingFailure:
    """What the families read.

    Attributes:
        error: as it was raised.
        text: what the person wrote.
        file: where that stands; "" for a layer as it is typed.
        name: of the class or function, or the layer as it is typed.
        remake: makes the network from another text, or raises.
        given: the call that failed, where it is known before.
    """

    error: BaseException
    text: str
    file: str
    name: str
    remake: Callable[[str], object]
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
    def _own(self) -> list[TracebackType]:
        """The steps in the person's file."""
        return [step for step in self._steps if step.tb_frame.f_code.co_filename == self.file]

    @cached_property
    def _at(self) -> int:
        """Which step was the last one in the person's file; −1: none was."""
        return self._steps.index(self._own[-1]) if self._own else -1

    @cached_property
    def active(self) -> set[int]:
        """Every line of the person's file that had begun and not ended."""
        return {step.tb_lineno for step in self._own}

    @cached_property
    def imported(self) -> bool:
        """Whether it failed while the file was imported, not when the network was made of it."""
        return any(step.tb_frame.f_code.co_name == "<module>" for step in self._own)

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
        return parameters(self.kind)

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

    def fix(self, text: str) -> Fix:
        """Another text, as the lines that differ."""
        before, after = self.lines, text.splitlines()
        return Fix(
            tuple(
                TextEdit(start + 1, tuple(before[start:end]), tuple(after[other:until]), start == len(before))
                for _, start, end, other, until in changes(self.text, text)
            )
        )

    def edited(self, fix: Fix) -> str:
        """The text with a fix in it."""
        rows = list(self.lines)
        for edit in reversed(fix.edits):
            rows[edit.line - 1 : edit.line - 1 + len(edit.old)] = edit.new
        return "\n".join(rows) + "\n"

    def replaced(self, node: ast.AST, new: str) -> Fix:
        """One expression written anew."""
        spot = _spot(node)
        rows = self.text.splitlines(keepends=True)
        first, last = rows[spot[0] - 1].encode(), rows[spot[1] - 1].encode()  # Python counts bytes
        middle = first[: spot[2]].decode() + new + last[spot[3] :].decode()
        return self.fix("".join([*rows[: spot[0] - 1], middle, *rows[spot[1] :]]))

    def inserted(self, before: int, *new: str) -> Fix:
        """Further lines in front of one, counted from 1."""
        return Fix((TextEdit(before, (), new, before > len(self.lines)),))

    def with_line(self, number: int, new: str) -> Fix:
        """One line written anew, its indentation kept."""
        old = self.lines[number - 1]
        indent = old[: len(old) - len(old.lstrip())]
        return Fix((TextEdit(number, (old,), (indent + new.strip(),)),))

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

    def with_argument(self, name: str, value: object) -> tuple[Fix, ...]:
        """An argument of the failing call written anew, or added; () where that cannot be."""
        if self.call is None:
            return ()
        if (node := self.argument(name)) is not None:
            return (self.replaced(node, str(value)),)
        written = self.written(self.call)[:-1].rstrip(", \n")
        comma = "" if written.endswith("(") else ", "
        return (self.replaced(self.call, f"{written}{comma}{name}={value})"),)

    # ---- what every finding is told with

    def at(self, line: int) -> Where:
        """A line of the text as a place; none where it is not known."""
        if not 0 < line <= len(self.lines):
            return Where()
        return Where(self.name, "", self.file, line, self.lines[line - 1].strip())

    @property
    def where(self) -> Where:
        """The line at work."""
        return self.at(self.line) if self.line else Where(self.name)

    @property
    def said(self) -> str:
        """Python's or torch's own words; "" where nothing failed, and what was made is no network."""
        return "" if isinstance(self.error, Incomplete) else f"{type(self.error).__name__}: {self.message}"

    def pasted(self, fix: Fix) -> tuple[str, str]:
        """The lines that differ, and where they go."""
        if not self.file:
            return self.edited(fix).strip(), "typed instead"
        lines = [line for edit in fix.edits for line in edit.pasted]
        return "\n".join(lines), " and ".join(edit.place for edit in fix.edits)

    def works(self, fix: Fix) -> bool:
        """Whether making the network comes past the line that failed; what it prints was seen before."""
        text = self.edited(fix)
        try:
            with forked(), redirect_stdout(io.StringIO()):
                self.remake(text)
        except NetworkError:
            return False
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a person's code may raise anything
            return self._is_past(replace(self, error=error, text=text, given=None))
        return True

    def _is_past(self, again: "MakingFailure") -> bool:
        """Whether another failure comes later than this one: what failed then has ended now."""
        first, second = self.error, again.error
        if isinstance(first, Incomplete):
            return not isinstance(second, Incomplete | SyntaxError) or second.args != first.args
        if isinstance(second, SyntaxError):
            return isinstance(first, SyntaxError) and again.line > self._moved(again.text)
        return isinstance(first, SyntaxError) or (
            again.line > 0 and self._moved(again.text) not in again.active
        )

    def _moved(self, text: str) -> int:
        """The line that failed, where it stands in another text."""
        for _, start, end, other, _ in changes(self.text, text, same=True):
            if start < self.line <= end:
                return other + self.line - start
        for _, start, end, other, until in changes(self.text, text):
            if start < self.line <= end:
                return min(other + self.line - start, until)
        return self.line


def changes(before: str, after: str, *, same: bool = False) -> list[tuple[str, int, int, int, int]]:
    """The lines that differ between two texts (or are the same), as difflib tells them."""
    found = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return [each for each in found.get_opcodes() if (each[0] == "equal") == same]


def _spot(node: ast.AST) -> tuple[int, int, int, int]:
    """Lines and columns of an expression, ordered as code objects have them."""
    return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)  # pyright: ignore
