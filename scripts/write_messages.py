"""Write static/messages.d.ts from the types of messages. A test fails where the two differ; run this then."""

import ast
from pathlib import Path

WEB = Path(__file__).parents[1] / "convscope" / "web"
TYPES, PAGE = WEB / "types", WEB / "static" / "messages.d.ts"
INTRODUCTION = """\
/* What the server sends: one type a message, written from convscope/web/types by
   scripts/write_messages.py. A number that is infinite or none comes as null: JSON does not know it. */
"""
PLAIN = {
    "int": "number",
    "float": "number",
    "Real": "number",  # see INTRODUCTION
    "str": "string",
    "bool": "boolean",
    "bytes": "string | Uint8Array<ArrayBuffer>",
}


def messages() -> str:
    """The whole file."""
    sources = [path.read_text("utf-8") for path in sorted(TYPES.glob("*.py"))]
    parts = [declared(node, text.splitlines()) for text in sources for node in ast.parse(text).body]
    return "\n".join([INTRODUCTION, *filter(None, parts)])


def declared(node: ast.stmt, lines: list[str]) -> str:
    """A class or an alias as TypeScript says it; "" for anything else."""
    match node:
        case ast.ClassDef(name=name, bases=[ast.Name(id=base)]):
            more = "" if base == "TypedDict" else f" extends {named(base)}"
            words = " ".join((ast.get_docstring(node) or "").split())
            fields = [field(each, lines) for each in node.body if isinstance(each, ast.AnnAssign)]
            head = f"/** {words} */\nexport interface {named(name)}{more} {{"
            return "\n".join([head, *fields, "}", ""])
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[_, kind])):
            return f"export type {name} = {typed(kind)};\n"
        case ast.Assign(targets=[ast.Name(id=name)], value=kind) if name not in PLAIN:
            return f"export type {name} = {typed(kind)};{comment(node, lines)}\n"
    return ""


def field(node: ast.AnnAssign, lines: list[str]) -> str:
    """One line of an interface, with the words that stand behind it."""
    assert isinstance(node.target, ast.Name)
    match node.annotation:
        case ast.Subscript(value=ast.Name(id="NotRequired"), slice=kind):
            return f"  {node.target.id}?: {typed(kind)};{comment(node, lines)}"
    return f"  {node.target.id}: {typed(node.annotation)};{comment(node, lines)}"


def comment(node: ast.stmt, lines: list[str]) -> str:
    """What stands behind a line."""
    words = lines[(node.end_lineno or 0) - 1].partition("  # ")[2]
    return f" // {words}" if words else ""


def typed(kind: ast.expr) -> str:
    """A type as TypeScript says it."""
    match kind:
        case ast.Name(id=name):
            return PLAIN.get(name) or named(name)
        case ast.Constant(value=None):
            return "null"
        case ast.Constant(value=str(words)):
            return typed(ast.parse(words, mode="eval").body)
        case ast.BinOp(left=left, right=right):
            return f"{typed(left)} | {typed(right)}"
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            text = typed(inner)
            return f"({text})[]" if " | " in text else f"{text}[]"
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, inner])):
            return f"Record<string, {typed(inner)}>"
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *_])):
            return typed(inner)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            words = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return " | ".join(f'"{ast.literal_eval(word)}"' for word in words)
    raise ValueError(f"no type of a message: {ast.unparse(kind)}")


def named(name: str) -> str:
    """`LayerMessage` → `Layer`."""
    return name.removesuffix("Message")


if __name__ == "__main__":
    PAGE.write_text(messages(), encoding="utf-8")
