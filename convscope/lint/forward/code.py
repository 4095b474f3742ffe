"""Lines to paste: a layer written as people write it, and the person's own line with one thing changed."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

from torch import nn

from convscope.lint.finding import Fix
from convscope.lint.forward.scene import Scene
from convscope.lint.signature import parameters
from convscope.shapes import short
from convscope.tracing.graph import Value

OPERATORS = {"+": ast.Add, "−": ast.Sub, "×": ast.Mult, "÷": ast.Div, "@": ast.MatMult}  # by their sign


def is_torchs(module: Any) -> bool:  # noqa: ANN401
    """Whether a layer is one of torch's own, so that how to write it is known."""
    return isinstance(module, nn.Module) and type(module).__module__.startswith("torch.nn.modules")


def layer(module: nn.Module, **changes: Any) -> str:  # noqa: ANN401 - any setting of any layer
    """A layer as it is written, with some settings changed; what is torch's default is left out.

    >>> layer(nn.Conv2d(1, 16, 5, padding=2), in_channels=3)
    'nn.Conv2d(3, 16, kernel_size=5, padding=2)'
    >>> layer(nn.LSTM(5, 8, batch_first=True), input_size=7)
    'nn.LSTM(7, 8, batch_first=True)'
    >>> layer(nn.Upsample(scale_factor=2, mode="bilinear"))
    "nn.Upsample(scale_factor=2.0, mode='bilinear')"
    """
    words: list[str] = []
    for each in parameters(type(module)).values():
        if not hasattr(module, each.name):
            continue
        if each.name == "bias" and _has_no_weights(module):
            continue
        value = changes.get(each.name, getattr(module, each.name))
        value = value if each.name == "normalized_shape" else short(value)
        if each.name == "bias" and not isinstance(value, bool):
            value = value is not None
        if each.default is inspect.Parameter.empty or value != each.default:
            plain = len(words) < 2 and each.name != "kernel_size"
            words.append(repr(value) if plain and _is_leading(each, words) else f"{each.name}={value!r}")
    return f"nn.{type(module).__name__}({', '.join(words)})"


def _is_leading(setting: inspect.Parameter, words: list[str]) -> bool:
    """The first two settings that have no default go without their names."""
    return setting.default is inspect.Parameter.empty and not any("=" in word for word in words)


def _has_no_weights(module: nn.Module) -> bool:
    """A normalisation that was told so; then there is no bias to speak of."""
    return not getattr(module, "affine", True) or not getattr(module, "elementwise_affine", True)


def replaced(scene: Scene, **changes: Any) -> tuple[Fix, ...]:  # noqa: ANN401
    """The failing layer with other settings, where it is one of torch's and has a place in the model."""
    if not is_torchs(scene.module) or not scene.call.path or "?" in scene.call.path:
        return ()
    return (Fix(layers={scene.call.path: layer(scene.module, **changes)}),)


def changed(scene: Scene, value: Value | None, method: str, position: int = 0) -> tuple[Fix, ...]:
    """`.float()` or the like behind a tensor: where the model is called, or on the line that failed."""
    if value is None:
        return ()
    if value.role == "input" and re.fullmatch(r"[A-Za-z_]\w*", value.name):
        return (Fix(inputs={value.name: f"{value.name}{method}"}),)
    text = behind(scene, position, method)
    return scene.rewritten(text)


def behind(scene: Scene, position: int, method: str) -> str:
    """The failing line with a method behind one argument of its call; "" where it is not found."""
    found = _argument(scene, position)
    if found is None:
        return ""
    text, expression = found
    written = ast.get_source_segment(text, expression) or ""
    simple = isinstance(expression, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    return _put(text, expression, f"{written if simple else f'({written})'}{method}")


def around(scene: Scene, position: int, function: str) -> str:
    """The failing line with `function(…)` around one argument; "" where it is not found."""
    found = _argument(scene, position)
    if found is None:
        return ""
    text, expression = found
    return _put(text, expression, f"{function}({ast.get_source_segment(text, expression)})")


def call_replaced(scene: Scene, pattern: str) -> str:
    """The failing line with its failing call written anew; `{0}` in the pattern is its tensor."""
    text = scene.where.text
    for node in _calls(text, scene):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            tensor = ast.get_source_segment(text, node.func.value) or ""
            return _put(text, node, pattern.format(tensor))
    return ""


def _argument(scene: Scene, position: int) -> tuple[str, ast.expr] | None:
    """The failing line, and in it the expression of one argument of the call that failed."""
    text = scene.where.text
    for node in _calls(text, scene):
        match node:
            case ast.AugAssign(value=value) if position == 1:
                return text, value
            case ast.BinOp(left=left, right=right):
                return text, (left, right)[position]
            case ast.Call(func=ast.Attribute(value=owner)) if _is_method(owner, scene):
                arguments = [owner, *node.args]
            case ast.Call():
                arguments = node.args
            case _:
                continue
        if position < len(arguments):
            return text, arguments[position]
    return None


def _calls(text: str, scene: Scene) -> Iterator[ast.AST]:
    """The calls and operators on a line that may be the one that failed."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a line of a statement that goes over several
        return
    names = {scene.op, f"{scene.op}_"}
    if is_torchs(scene.module):
        names = {scene.call.path.rpartition(".")[2]}
    for node in ast.walk(tree):
        operator = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(
            node.op, OPERATORS.get(scene.entry.sign, ())
        )
        if operator or (isinstance(node, ast.Call) and _callee(node.func) in names):
            yield node


def _callee(function: ast.expr) -> str:
    """The last name of what is called: `self.fc`, `F.relu`, `self.layers[3]`."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=place)):
            return str(place)
    return ""


def _is_method(owner: ast.expr, scene: Scene) -> bool:
    """`x.view(…)` is a method of a tensor; `F.relu(x)` and `self.fc(x)` are not."""
    library = isinstance(owner, ast.Name) and owner.id in ("torch", "F", "nn", "functional")
    return not library and not is_torchs(scene.module) and ast.unparse(owner) != "torch.nn.functional"


def _put(text: str, node: ast.AST, new: str) -> str:
    start, end = node.col_offset, node.end_col_offset  # pyright: ignore[reportAttributeAccessIssue]
    raw = text.encode()  # Python counts columns in bytes
    return (raw[:start] + new.encode() + raw[end:]).decode()
