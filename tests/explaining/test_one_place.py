"""An operation is named in its own file alone; everybody else asks its entry what it is.

Named is an operation where a piece of text is its name (or that of its family: "conv" of "conv2d"), and where
the name of one that ran is compared, cut, or looked up in anything but `OPS`.
"""

import ast
import re
from pathlib import Path

from convscope.explaining import OPS

TABLES = ("OPS", "ASIDE", "CASTS", "DIFFERENTIATING", "UNWRITTEN", "NOT_CHANNELS_LAST", "ONE_FROM_THE_OTHER")
ROOT = Path(__file__).parents[2] / "convscope"
NAMES_ARE_GIVEN = ("explaining/ops/", "tracing/names.py")  # here alone; TABLES are theirs
FAMILIES = {re.sub(r"[123]d$", "", name) for name in OPS if re.search(r"[123]d$", name)} | {
    "rnn",
    "recurrent",
}
# What these words mean elsewhere: rules of adding up, HTML, types of numbers, settings of other functions.
OTHERWISE = {
    *("sum", "max", "min", "mean", "std", "any", "all", "sort", "round", "abs", "square", "zero", "zeros"),
    *("t", "T", "div", "where", "data", "type", "to", "copy", "slice", "view", "tensor", "sign", "flip"),
    *("float", "double", "half", "bool", "int", "long", "short", "cpu", "cuda", "positive", "exponential"),
    *("linear", "bilinear", "convolution", "recurrent", "uniform", "normal", "repeat", "full", "norm", "or"),
    *("lstm", "gru", "rnn"),  # kinds of a cell
    *("and", "not", "add", "log", "chunk", "select", "split", "fold", "flatten", "real", "pad"),
}
NAMES = (set(OPS) | FAMILIES) - OTHERWISE
# Architectures are made of torch's modules, not told apart by them; data knows no operation; torch itself.
BELOW = ("network/", "data/", "torch_private.py")
# What formulas are made of: functions of mathematics, under the names that Python gives them.
MATHEMATICS = (
    "explaining/formula.py",
    "explaining/functions.py",
    "explaining/account.py",
    "explaining/rendering/",
    "explaining/computing.py",
    "web/types/",
)


def files(ending):
    for path in sorted(ROOT.rglob(f"*.{ending}")):
        short = path.relative_to(ROOT).as_posix()
        if not short.startswith((*NAMES_ARE_GIVEN, *BELOW)) or short.startswith("network/own"):
            yield short, path.read_text()


def is_op(node):
    return isinstance(node, ast.Attribute) and node.attr == "op"


def named_in(text, words=NAMES):
    """Lines of Python in which an operation goes by its name."""
    tree = ast.parse(text)
    spoken = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(word)) if word in words and id(node) not in spoken:
                yield node.lineno, word
            case ast.Compare() if names_one(node):
                yield node.lineno, ast.unparse(node)
            case ast.Attribute(value=owner) if is_op(owner):
                yield node.lineno, ast.unparse(node)
            case ast.Subscript(value=table, slice=key) if is_op(key) and ast.unparse(table) not in TABLES:
                yield node.lineno, ast.unparse(node)
            case ast.Subscript(value=owner) if is_op(owner):
                yield node.lineno, ast.unparse(node)


def names_one(node):
    """Not `one.op == other.op`, whether they are alike; nor `node.op in OPS`, whether it is known."""
    both = (node.left, *node.comparators)
    return any(map(is_op, both)) and any(map(is_of_names, both))


def is_of_names(node):
    """A text, several of them, or a table that is not one of those that know all operations."""
    if isinstance(node, ast.Name):
        return node.id.isupper() and node.id not in TABLES
    return isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.Set | ast.Dict)


def test_no_file_names_an_operation_but_its_own():
    found = [
        f"{name}:{line} {what}"
        for name, text in files("py")
        for line, what in named_in(text, NAMES if not name.startswith(MATHEMATICS) else ())
    ]
    assert not found, "\n".join(found)


def test_the_page_chooses_by_what_a_message_says_not_by_a_name():
    told = "|".join(sorted(NAMES, key=len, reverse=True))
    compared = re.compile(rf"""(?:===|!==|case)\s*["'`](?:{told})["'`]|["'`](?:{told})["'`]\s*(?:===|!==)""")
    looked_up = re.compile(
        r"(?<!state)\.op\b\s*(?:===|!==)\s*[\"'`]|\.op\.(?:match|startsWith|endsWith|replace|includes)|\.(?:has|get|test)\((?!state)[\w.?]*\.op\b"
    )
    found = [
        f"{name}:{number} {line.strip()[:90]}"
        for name, text in files("js")
        for number, line in enumerate(text.splitlines(), 1)
        if (compared.search(line) or looked_up.search(line))
        and not line.lstrip().startswith(("*", "//", "/**"))
    ]
    assert not found, "\n".join(found)
