"""Layers as they are typed: "nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU())" → the module.

The words are read as a tree and never run: classes of `torch.nn` with literal arguments, and layers inside
of layers, are all that is understood.
"""

import ast
import operator
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from torch import nn

from convscope.errors import BrokenModel, NetworkError
from convscope.lint import why_not_made
from convscope.lint.making.failure import MakingFailure
from convscope.lint.making.networks import not_made
from convscope.lint.signature import signature

LOOKS_TYPED = re.compile(r"\s*((torch\.)?nn\.\w|[A-Za-z_]\w*\s*\()")
LAYERS: dict[str, type[nn.Module]] = {
    name: kind
    for name, kind in vars(nn).items()
    if isinstance(kind, type) and issubclass(kind, nn.Module) and kind is not nn.Module
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def is_typed(name: str) -> bool:
    """Whether this is a layer and no name or path.

    >>> is_typed("nn.Conv2d(1, 8, 3)"), is_typed("Flatten()"), is_typed("plain"), is_typed("net.py:Net")
    (True, True, False, False)
    """
    return bool(LOOKS_TYPED.match(name)) and not Path(name).exists()


def layer(text: str) -> nn.Module:
    """Make the layer.

    Raises:
        NetworkError: no such layer, or arguments that it does not take; shows the place.

    >>> layer("nn.Sequential(nn.Conv2d(1, 8, 3, padding='same'), nn.ReLU())")[0].padding
    'same'
    >>> layer("nn.Conv2d(1, 8, open('secrets'))")
    Traceback (most recent call last):
    convscope.errors.NetworkError: 'open' is no layer of torch.nn.
        nn.Conv2d(1, 8, open('secrets'))
                        ^
      Write layers as in Python, such as "nn.Conv2d(1, 8, 3, padding=1)".
    """
    text = text.strip()
    try:
        return _made(text)
    except _Refused as refused:
        name = ast.get_source_segment(text, refused.node) or text
        found = why_not_made(MakingFailure(refused.error, text, "", name, _made, given=refused.node))
        if found.rule == not_made.name:
            raise _unexplained(text, refused) from refused.error
        raise BrokenModel(found) from refused.error


class _Refused(Exception):  # noqa: N818 - on its way from torch to the words for it
    """Torch does not take the arguments of a layer."""

    def __init__(self, node: ast.Call, kind: type[nn.Module], error: Exception) -> None:
        super().__init__(str(error))
        self.node, self.kind, self.error = node, kind, error


def _unexplained(text: str, refused: _Refused) -> NetworkError:
    """The place, torch's words and what the layer takes."""
    node, kind, error = refused.node, refused.kind, refused.error
    why = str(error).removeprefix(f"{kind.__name__}.__init__() ") or type(error).__name__
    hint = f"It takes: {signature(kind)}"
    what = f"nn.{kind.__name__} refuses this: {why}"
    return _misread(text, what, node.lineno, _column(text, node) + 1, hint)


def _made(text: str) -> nn.Module:
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise _misread(text, f"this is no Python: {error.msg}", error.lineno, error.offset) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise NetworkError(f"the layer cannot be read: {error}.") from error
    return _Reader(text).layer(tree)


class _Reader:
    """Reads one text; keeps it to show the place of a mistake."""

    def __init__(self, text: str) -> None:
        self.text = text

    def layer(self, node: ast.expr) -> nn.Module:
        if not isinstance(node, ast.Call):
            written = ast.unparse(node)
            known = written.rpartition(".")[2] in LAYERS
            raise self._error(
                node, f"'{written}' lacks its brackets: {written}()" if known else f"'{written}' is no layer"
            )
        kind = self._kind(node.func)
        args = [self._value(each) for each in node.args]
        named = {each.arg: self._value(each.value) for each in node.keywords if each.arg}
        if len(named) < len(node.keywords):
            raise self._error(node, "** is not understood here; write the arguments one by one")
        try:
            return kind(*args, **named)
        except Exception as error:  # torch raises whatever it likes
            raise _Refused(node, kind, error) from error

    def _kind(self, node: ast.expr) -> type[nn.Module]:
        """The class behind `Conv2d`, `nn.Conv2d` or `torch.nn.Conv2d`."""
        written = ast.unparse(node)
        name = written.removeprefix("torch.").removeprefix("nn.")
        if name in LAYERS:
            return LAYERS[name]
        near = get_close_matches(name, LAYERS, n=1)
        guess = f"; did you mean '{near[0]}'?" if near else ""
        raise self._error(node, f"'{written}' is no layer of torch.nn{guess}")

    def _value(self, node: ast.expr) -> Any:  # noqa: ANN401 - any literal
        """A literal, a sum or product of literals, or a layer."""
        match node:
            case ast.Constant():
                return node.value
            case ast.Call() | ast.Name() | ast.Attribute():
                return self.layer(node)
            case ast.List() | ast.Tuple():
                kind = list if isinstance(node, ast.List) else tuple
                return kind(self._value(each) for each in node.elts)
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return {self._value(key): self._value(value) for key, value in pairs if key is not None}
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._number(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return self._calculated(ARITHMETIC[type(op)], left, right)
        raise self._error(node, f"'{ast.unparse(node)}' is no number, text, list or layer")

    def _calculated(
        self, operation: Callable[[Any, Any], Any], left: ast.expr, right: ast.expr
    ) -> int | float:
        first, second = self._number(left), self._number(right)
        try:
            return operation(first, second)
        except ZeroDivisionError as error:
            raise self._error(right, "this divides by zero") from error

    def _number(self, node: ast.expr) -> int | float:
        value = self._value(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(node, f"'{ast.unparse(node)}' is no number")
        return value

    def _error(self, node: ast.expr, what: str, hint: str = "") -> NetworkError:
        return _misread(self.text, what, node.lineno, _column(self.text, node) + 1, hint)


def _column(text: str, node: ast.expr) -> int:
    """The place in characters; `ast` counts bytes."""
    line = text.splitlines()[node.lineno - 1]
    return len(line.encode()[: node.col_offset].decode())


def _misread(text: str, what: str, line: int | None, column: int | None, hint: str = "") -> NetworkError:
    shown = text.splitlines()[(line or 1) - 1] if text else ""
    hint = hint or 'Write layers as in Python, such as "nn.Conv2d(1, 8, 3, padding=1)".'
    end = "" if what.endswith("?") else "."
    return NetworkError(f"{what}{end}\n    {shown}\n    {' ' * ((column or 1) - 1)}^\n  {hint}")
