"""From an address to a message: who answers, and with what.

`layer/5?sort=max` becomes `layer(session, op=5, sort="max")`: the words of an address are read by the types
of the function's arguments, the JSON of a request by the type of its `body`. The server, the saved page and
the tests all ask here.

    address, body ── find ──▶ function ── arguments ──▶ message
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from convscope.errors import ConvscopeError, DataError, ShapeError
from convscope.web.session import Session

MOST_DIGITS = 9
BODY = "body"
Routes = Mapping[str, Callable[..., Any]]  # address → who answers; "{op}" stands for a word


class NoAddress(ConvscopeError):  # noqa: N818 - the words of the answer
    """Nobody answers there."""


def answer(table: Routes, session: Session, address: str, body: object = None) -> Any:  # noqa: ANN401
    """The message at an address.

    Args:
        table: who answers where.
        session: what is asked about.
        address: as the page writes it, "layer/5?sort=max".
        body: what was sent along, plain lists, numbers and words.

    Raises:
        NoAddress: there is none of that name.
        ConvscopeError: a word is no number, or whatever the one who answers refuses.
    """
    path, _, query = address.partition("?")
    respond, words = find(table, path)
    return respond(session, **arguments(respond, dict(parse_qsl(query)) | words, body))


def find(table: Routes, path: str) -> tuple[Callable[..., Any], dict[str, str]]:
    """Who answers at a path, and the words of it that have a name.

    >>> find({"layer/{op}": print}, "layer/5")[1]
    {'op': '5'}
    """
    given = path.split("/")
    for pattern, respond in table.items():
        wanted = pattern.split("/")
        pairs = list(zip(wanted, given, strict=False))
        if len(wanted) == len(given) and all(
            one == other or (one[0] == "{" and other) for one, other in pairs
        ):
            return respond, {one[1:-1]: other for one, other in pairs if one[0] == "{"}
    raise NoAddress(f"there is no address {path[:100]}.")


def arguments(respond: Callable[..., Any], words: Mapping[str, str], body: object) -> dict[str, Any]:
    """The arguments of who answers; what is not asked for, or empty, is as the function has it."""
    found = {}
    for name, parameter in _parameters(respond):
        word = words.get(name.removesuffix("_"), "")  # "class" is a word of Python, `class_` none
        if name == BODY:
            found[name] = _checked(parameter.annotation, body)
        elif word:
            found[name] = READERS[parameter.annotation](name.removesuffix("_"), word)
    return found


@cache
def _parameters(respond: Callable[..., Any]) -> list[tuple[str, inspect.Parameter]]:
    """All but the session."""
    return list(inspect.signature(respond).parameters.items())[1:]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any type
    return TypeAdapter(kind)


def _checked(kind: Any, body: object) -> Any:  # noqa: ANN401 - any type, and a value of it
    """What was sent, if it is of that type."""
    try:
        return _adapter(kind).validate_python(body, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(str(each) for each in first["loc"])
        raise DataError(f"the request is wrong at '{where}': {first['msg']}.") from error


def whole(name: str, text: str) -> int:
    """A whole number.

    >>> whole("page", "2")
    2
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise ShapeError(f"'{name}' is a whole number, got '{text[:20]}'.")
    return int(text)


def index(name: str, text: str) -> tuple[int, ...]:
    """An index with commas.

    >>> index("at", "3,7,7")
    (3, 7, 7)
    """
    return tuple(whole(name, word.strip()) for word in text.split(",") if word.strip())


def real(name: str, text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError as error:
        raise ShapeError(f"'{name}' is a number, got '{text[:20]}'.") from error


READERS: dict[Any, Callable[[str, str], Any]] = {
    int: whole,
    int | None: whole,
    float: real,
    tuple[int, ...]: index,
    str: lambda _, text: text,
}
