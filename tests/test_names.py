"""A name means one thing: no class, message or alias of a type is called as another one is."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import convscope

HOUSE = Path(convscope.__file__).parent
PLACEHOLDERS = ("TypeVar", "ParamSpec")


def test_a_name_means_one_thing():
    places = defaultdict(set)
    for path in sorted(HOUSE.rglob("*.py")):
        for name in named(path.read_text("utf-8")):
            places[name].add(str(path.relative_to(HOUSE)))
    assert len(places) > 300  # they were looked at
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("class Head(NamedTuple):\n    size: int", ["Head"]),
        ("class Step(account.Step): ...", []),  # the same thing in another form
        ("Rule = Literal['sum', 'max']", ["Rule"]),
        ("Rule: TypeAlias = int", ["Rule"]),
        ("Made = TypeVar('Made')", []),  # stands for any type, and for one function alone
        ("KINDS = {}\nkind = 3\nclass NoPage(Exception): ...", ["NoPage"]),
    ],
)
def test_what_counts_as_a_name(text, names):
    assert list(named(text)) == names


def named(text):
    """The names that a file gives to types."""
    for node in ast.parse(text).body:
        match node:
            case ast.ClassDef(name=name, bases=bases):
                if not any(isinstance(base, ast.Attribute) and base.attr == name for base in bases):
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=kind))):
                if kind not in PLACEHOLDERS and is_type(name):
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if is_type(name):
                    yield name


def is_type(name):
    return name[0].isupper() and not name.isupper()
