"""Answers held against the types that their functions promise, strictly."""

from functools import cache
from inspect import signature
from typing import Any

from pydantic import TypeAdapter

from convscope.web.dispatch import answer, find


def promised(table: Any, session: Any, address: str, body: Any = None) -> Any:
    """The answer, with no field more than promised, none less, and none of another type."""
    respond, _ = find(table, address.partition("?")[0])
    return faultless(signature(respond).return_annotation, answer(table, session, address, body))


def faultless(kind: Any, message: Any) -> Any:
    assert equal(adapter(kind).validate_python(message, strict=True), message)
    return message


adapter = cache(TypeAdapter)


def equal(checked: Any, message: Any) -> bool:
    """The check leaves out what is too much; a number that is none equals itself here."""
    if isinstance(checked, dict) and isinstance(message, dict):
        return checked.keys() == message.keys() and all(equal(checked[key], message[key]) for key in message)
    if isinstance(checked, list) and isinstance(message, list):
        return len(checked) == len(message) and all(map(equal, checked, message))
    return checked == message or checked != checked
