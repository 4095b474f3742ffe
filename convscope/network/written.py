"""The code of a class or function that lives in no file of its own: written from its source and what it uses.

A notebook and a running script cannot be imported again. So a file is written that has just the class, the
helpers, constants and imports that it names. Whether that makes the same network is for others to try.
"""

import ast
import builtins
import linecache
import symtable
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

INSTALLED = ("site-packages", "dist-packages")  # folders of what was installed
HEAD = '"""A network that was handed over in Python, with all that it uses."""\n'


class Unwritable(Exception):  # noqa: N818 - nothing failed: it has no source that could be written
    """Something whose source is not known, or that needs what no source says."""


def own_file(make: Callable[..., Any]) -> str | None:
    """The person's own file in which this stands, `file.py:Name`; None: none that could be run alone."""
    name, module = getattr(make, "__name__", ""), sys.modules.get(getattr(make, "__module__", "") or "")
    file = getattr(module, "__file__", None) or ""
    if module is None or module.__name__ == "__main__" or not file.endswith(".py") or _installed(module):
        return None
    alone = all(_owner(value) in (None, module.__name__) or _known(value) for value in vars(module).values())
    return f"{file}:{name}" if alone and getattr(module, name, None) is make else None


def source(make: Callable[..., Any]) -> str:
    """A file's text that has a class or function, and all that it names.

    Raises:
        Unwritable: there is no source, or it needs more than its sources say.
    """
    imports: list[str] = []
    parts: list[str] = []
    if not isinstance(make, type | FunctionType):
        raise Unwritable(f"a {type(make).__name__} has no source")
    if _known(make):
        return f"{HEAD}\n{_import(make, make.__name__)}\n"
    _write(make, imports, parts, {})
    return "\n".join([HEAD, *dict.fromkeys(imports), "", "", "\n\n".join(parts)])


def _write(thing: Any, imports: list[str], parts: list[str], done: dict[str, Any]) -> None:  # noqa: ANN401
    """Write what a class or function uses, then itself."""
    done[thing.__name__] = thing
    text, names = _text(thing)
    for name in _names(text):
        if name not in names or names[name] is getattr(builtins, name, Unwritable):
            continue  # a builtin, or a name that nothing has: the trial finds that
        value = names[name]
        if name in done and done[name] is not value:
            raise Unwritable(f"two things are called {name}")
        if name in done:
            continue
        done[name] = value
        if isinstance(value, ModuleType) or _known(value):
            imports.append(_import(value, name))
        elif isinstance(value, type | FunctionType):
            _write(value, imports, parts, done)
            parts.extend([f"{name} = {value.__name__}\n"] if name != value.__name__ else [])
        else:
            parts.append(f"{name} = {_literal(value)}\n")
    parts.append(text)


def _text(thing: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
    """The source of a class or function, and the names around it."""
    function = _function(thing)
    if function is None:
        raise Unwritable(f"{thing!r} has no source")
    if cells := {*function.__code__.co_freevars} - {"__class__"}:
        raise Unwritable(f"it needs {cells} of the function that it was made in")
    lines = linecache.getlines(function.__code__.co_filename)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError as error:
        raise Unwritable("its source is no Python") from error
    found = [place for node in ast.walk(tree) if (place := _place(node, thing, function))]
    if not found:
        raise Unwritable(f"the source of {thing.__name__} is not there any more")
    first, last = max(found)
    return textwrap.dedent("".join(lines[first - 1 : last])), function.__globals__


def _place(node: ast.AST, thing: Any, function: FunctionType) -> tuple[int, int] | None:  # noqa: ANN401
    """The first and last line of a definition, decorators included; None: it is another one's."""
    kind = ast.ClassDef if isinstance(thing, type) else ast.FunctionDef
    if not isinstance(node, kind) or node.name != thing.__name__:
        return None
    first, last = min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.end_lineno or 0
    return (first, last) if first <= function.__code__.co_firstlineno <= last else None


def _function(thing: Any) -> FunctionType | None:  # noqa: ANN401
    """The function itself, or the first one that a class has."""
    if isinstance(thing, FunctionType):
        return thing
    own = vars(thing).values() if isinstance(thing, type) else ()
    inside = f"{getattr(thing, '__qualname__', '')}."
    functions = (each for each in own if isinstance(each, FunctionType))
    return next((each for each in functions if each.__qualname__.startswith(inside)), None)


def _names(text: str) -> list[str]:
    """Names that source takes from around it."""
    return sorted(set(_used(symtable.symtable(text, "network", "exec"))))


def _used(table: symtable.SymbolTable, top: bool = True) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_global() or (top and symbol.is_referenced() and not symbol.is_assigned()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _used(inner, False)


def _owner(value: Any) -> str | None:  # noqa: ANN401
    """The module that a module, class or function is or stands in; None of all else."""
    if isinstance(value, ModuleType):
        return value.__name__
    return value.__module__ if isinstance(value, type | FunctionType) else None


def _known(value: Any) -> bool:  # noqa: ANN401
    """Whether this is of a module that is installed, and there under its own name."""
    module = sys.modules.get(_owner(value) or "")
    if module is None or not _installed(module):
        return False
    return value is module or getattr(module, getattr(value, "__name__", ""), None) is value


def _installed(module: ModuleType) -> bool:
    """Whether a module belongs to Python or to what was installed, and to no person's own files."""
    first = module.__name__.partition(".")[0]
    if first in (*sys.stdlib_module_names, "convscope"):
        return True
    file = getattr(module, "__file__", None) or getattr(sys.modules.get(first), "__file__", None)
    return not {*Path(file or "").parts}.isdisjoint(INSTALLED)


def _import(value: Any, name: str) -> str:  # noqa: ANN401
    if isinstance(value, ModuleType):
        if not _installed(value):
            raise Unwritable(f"{value.__name__} is a file of the person's own")
        return f"import {value.__name__}" if value.__name__ == name else f"import {value.__name__} as {name}"
    alone = value.__name__ == name
    return f"from {value.__module__} import {value.__name__}{'' if alone else f' as {name}'}"


def _literal(value: Any) -> str:  # noqa: ANN401
    """A constant as it is written."""
    text = repr(value)
    try:
        same = ast.literal_eval(text) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        same = False
    if same is not True:
        raise Unwritable(f"a {type(value).__name__} is no constant")
    return text
