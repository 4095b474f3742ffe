"""Classes whose `__init__` and `forward` are not what nn.Module calls."""

import ast
import re
from difflib import get_close_matches

from convscope.lint.finding import Finding, Fix, TextEdit, rule
from convscope.lint.making.failure import MakingFailure
from convscope.network.own import Incomplete, nearly_init

BEFORE = re.compile(
    r"before Module\.__init__\(\) call|has no attribute '_(modules|parameters|buffers|backward_hooks)'"
)
WRONG_SUPER = re.compile(
    r"of 'super' object needs an argument|super\(type, obj\)|'super' object has no attribute"
    r"|^Module\.__init__\(\) missing 1 required positional argument: 'self'"
)
SUPER = "super().__init__()"


@rule(
    "making",
    "misspelt-init",
    why="Python calls `__init__`, with two underscores on each side, when an object "
    "is made; a method of any other name is called by nobody, so the layers are "
    "never made.",
    example="""
        from torch import nn


        class Net(nn.Module):
            def _init_(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.fc(x)
    """,
    fix="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.fc(x)
    """,
)
def no_init(failure: MakingFailure) -> Finding | None:
    """`_init_` or `__int__`, which Python never calls."""
    wrong = isinstance(failure.error, Incomplete) and failure.error.kind == "init"
    kind = failure.error.thing if isinstance(failure.error, Incomplete) else failure.kind
    if not (wrong or isinstance(failure.error, TypeError)) or not isinstance(kind, type):
        return None
    name, owner = nearly_init(kind), failure.definition(kind)
    if not name or owner is None:
        return None
    method = next(each for each in owner.body if isinstance(each, ast.FunctionDef) and each.name == name)
    return Finding(
        f"{kind.__name__} has no __init__: it is written `{name}`.",
        "Python calls `__init__`, with two underscores on each side, when an object is made; any other name"
        " is a method that nobody calls, so the layers are never made.",
        fixes=(_renamed(failure, method, "__init__"),),
        where=failure.at(method.lineno),
    )


@rule(
    "making",
    "missing-self",
    why="Python hands the object over as the first argument of each method. Without a "
    "name for it the layers cannot be reached.",
    example="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(x):
                return self.fc(x)
    """,
    fix="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.fc(x)
    """,
)
def no_self(failure: MakingFailure) -> Finding | None:
    """A method that does not take the object it works on."""
    error = failure.error
    name = error.detail if isinstance(error, Incomplete) and error.kind == "self" else ""
    owner = failure.definition(error.thing) if isinstance(error, Incomplete) and name else None
    method = next((m for m in getattr(owner, "body", ()) if getattr(m, "name", "") == name), None)
    if isinstance(error, NameError) and error.name == "self" and failure.method:
        owner, method = failure.method
    if not isinstance(owner, ast.ClassDef) or not isinstance(method, ast.FunctionDef):
        return None
    what = f"{owner.name}.{method.name} does not take `self`, the object that it works on."
    cause = "Python hands the object over as the first argument of each method."
    return Finding(
        what, cause, fixes=(header(failure, method, first="self"),), where=failure.at(method.lineno)
    )


def _renamed(failure: MakingFailure, method: ast.FunctionDef, name: str) -> Fix:
    old = failure.lines[method.lineno - 1]
    return failure.with_line(method.lineno, re.sub(rf"\b{method.name}\b", name, old, count=1))


@rule(
    "making",
    "missing-super-init",
    why="nn.Module keeps its layers in lists that its own `__init__` makes. A layer "
    "that is assigned before it has no place to go.",
    example="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.fc(x)
    """,
    fix="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.fc(x)
    """,
)
def not_initialised(failure: MakingFailure) -> Finding | None:
    """Layers that are assigned before nn.Module is ready for them."""
    if WRONG_SUPER.search(failure.message) and failure.line:
        return Finding(
            "nn.Module is not made ready: this line does not call its __init__.",
            "`super()`, with brackets, is this object seen as its parent class; `__init__` has two"
            " underscores on each side, and brackets behind it.",
            fixes=(failure.with_line(failure.line, SUPER),),
        )
    if not BEFORE.search(failure.message):
        return None
    owner = failure.method[0] if failure.method else None
    init = owner and next((m for m in owner.body if getattr(m, "name", "") == "__init__"), None)
    if owner is None or not isinstance(init, ast.FunctionDef):
        return None
    cause = "nn.Module keeps its layers in lists that its own __init__ makes; before it there are none."
    late = [each for each in init.body if isinstance(each, ast.Expr) and "super" in ast.unparse(each)]
    if not late:
        what = f"{owner.name}.__init__ does not call super().__init__()."
        return Finding(what, cause, fixes=(_first(failure, init),))
    line = late[0].lineno
    if isinstance(late[0].value, ast.Attribute):
        what = f"{owner.name}.__init__ names super().__init__ and does not call it: the brackets are missing."
        return Finding(what, cause, fixes=(failure.with_line(line, SUPER),), where=failure.at(line))
    what = f"{owner.name}.__init__ makes a layer before it calls super().__init__()."
    first = _first(failure, init, failure.lines[line - 1].strip()).edits[0]
    removed = TextEdit(line, tuple(failure.lines[line - 1 : late[0].end_lineno or line]), ())
    return Finding(what, cause, fixes=(Fix((first, removed)),))


def _first(failure: MakingFailure, init: ast.FunctionDef, text: str = SUPER) -> Fix:
    """A line as the first of a method, behind its docstring."""
    documented = ast.get_docstring(init) is not None and len(init.body) > 1
    first = init.body[1 if documented else 0]
    return failure.inserted(first.lineno, " " * first.col_offset + text)


@rule(
    "making",
    "missing-forward",
    why="A model that is called runs its method `forward`; nn.Module's own one only "
    "raises an error. A method that is misspelt, or indented into another one, is "
    "not found.",
    example="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def foward(self, x):
                return self.fc(x)
    """,
    fix="""
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 2)

            def forward(self, x):
                return self.fc(x)
    """,
)
def no_forward(failure: MakingFailure) -> Finding | None:
    """A class without forward: misspelt, or indented wrongly."""
    error = failure.error
    if not isinstance(error, Incomplete) or error.kind != "forward":
        return None
    name, owner = error.thing.__name__, failure.definition(error.thing)
    cause = "A model that is called runs its method `forward`; nn.Module's own one only raises an error."
    methods = {m.name: m for m in getattr(owner, "body", ()) if isinstance(m, ast.FunctionDef)}
    near = get_close_matches("forward", methods, n=1, cutoff=0.7) or [
        n for n in methods if n in ("call", "__call__")
    ]
    if near:
        what = f"{name} has no forward: it is written `{near[0]}`."
        fix = _renamed(failure, methods[near[0]], "forward")
        return Finding(what, cause, fixes=(fix,), where=failure.at(methods[near[0]].lineno))
    found = [n for n in ast.walk(failure.tree) if isinstance(n, ast.FunctionDef) and n.name == "forward"]
    home = [each for each in found if _is_astray(failure, owner, each)]
    if owner is None or not home:
        return Finding(f"{name} has no forward.", cause, advice="Write `def forward(self, x):` in the class.")
    inside = home[0].col_offset > owner.col_offset
    what = f"{name} has no forward: it is indented as a part of " + (
        "another method." if inside else "the file, not of the class."
    )
    return Finding(what, cause, fixes=(_moved(failure, home[0], owner),), where=failure.at(home[0].lineno))


def _is_astray(failure: MakingFailure, owner: ast.AST | None, forward: ast.FunctionDef) -> bool:
    """Written inside a method of this class, or right behind the class."""
    inside = any(forward is each for each in ast.walk(owner)) if owner else False
    return inside or forward in failure.tree.body


def _moved(failure: MakingFailure, forward: ast.FunctionDef, owner: ast.ClassDef | ast.FunctionDef) -> Fix:
    shift = owner.body[0].col_offset - forward.col_offset
    first, last = forward.lineno - 1, forward.end_lineno or forward.lineno
    rows = failure.lines[first:last]
    moved = [" " * shift + row if shift > 0 else row[-shift:] for row in rows]
    return Fix((TextEdit(first + 1, tuple(rows), tuple(row if row.strip() else "" for row in moved)),))


def header(
    failure: MakingFailure,
    method: ast.FunctionDef,
    *,
    defaults: dict[str, float] | None = None,
    first: str = "",
) -> Fix:
    """The first line of a method written anew: with defaults, or with one more argument."""
    changed = ast.parse(f"{ast.unparse(method)}").body[0]
    assert isinstance(changed, ast.FunctionDef)
    given, arguments = defaults or {}, changed.args
    arguments.args = [each for each in arguments.args if each.arg not in given] + [
        each for each in arguments.args if each.arg in given
    ]  # Python wants those with a default behind those without
    late = [ast.Constant(given[each.arg]) for each in arguments.args if each.arg in given]
    arguments.defaults = [*arguments.defaults, *late]
    if first:
        arguments.args.insert(0, ast.arg(first))
    changed.body, changed.decorator_list = [ast.Pass()], []
    new = ast.unparse(ast.fix_missing_locations(changed)).splitlines()[0]
    start, end = method.lineno - 1, method.body[0].lineno - 1
    rows = [" " * method.col_offset + new] if end > start else [failure.lines[start]]
    return failure.fix("\n".join([*failure.lines[:start], *rows, *failure.lines[max(end, start + 1) :]]))
