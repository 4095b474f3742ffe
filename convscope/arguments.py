"""What a person hands to a public function, checked where it enters: one sentence for each wrong type.

Settings check themselves, see `settings`; this is for the rest.
"""

import os
import sys
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from convscope.errors import ArgumentError, got

LARGEST = 2**63 - 1
LONGEST = 255  # bytes of a file's name, on nearly all systems


def demand(name: str, given: Any, kinds: Any, words: str) -> None:  # noqa: ANN401 - as `isinstance`
    """Refuse what is of none of these types; True is no number.

    Raises:
        ArgumentError: says the name, what is wanted, and what it is.

    >>> demand("part", 3, str, "train, val or test")
    Traceback (most recent call last):
    convscope.errors.ArgumentError: part: expected train, val or test; got 3.
    """
    of_bool = kinds is bool or (isinstance(kinds, tuple) and bool in kinds)
    if not isinstance(given, kinds) or (isinstance(given, bool) and not of_bool):
        raise ArgumentError(f"{name}: expected {words}; got {got(given)}.")


def demand_flag(name: str, given: Any) -> None:  # noqa: ANN401
    """Refuse what is neither True nor False.

    Raises:
        ArgumentError: it is something else.
    """
    demand(name, given, bool, "True or False")


def demand_number(name: str, given: Any) -> None:  # noqa: ANN401
    """Refuse what is no number, or too large a one for a float.

    Raises:
        ArgumentError: it is something else.
    """
    demand(name, given, Real, "a number")
    if isinstance(given, int) and abs(given) > sys.float_info.max:
        raise ArgumentError(f"{name}: expected a number that a float can be; got {got(given)}.")


def demand_whole(
    name: str,
    given: Any,  # noqa: ANN401
    least: int = 0,
    most: int = LARGEST,
    *,
    optional: bool = False,
) -> None:
    """Refuse what is no whole number in these bounds; `optional`: None will do.

    Raises:
        ArgumentError: it is another number, or something else.
    """
    if optional and given is None:
        return
    demand(name, given, Integral, "a whole number")
    if not least <= given <= most:
        bounds = f"from {least:,}" if most == LARGEST else f"from {least:,} to {most:,}"
        raise ArgumentError(f"{name}: expected a whole number {bounds}; got {got(int(given))}.")


def demand_path(name: str, given: Any, words: str = "a path") -> None:  # noqa: ANN401
    """Refuse what can be no path: another type, nothing, a text with a zero byte, a name that is too long.

    Raises:
        ArgumentError: it is.
    """
    demand(name, given, (str, Path), words)
    if not str(given) or "\0" in str(given):
        raise ArgumentError(f"{name}: expected {words}; got {got(given)}.")
    if any(len(os.fsencode(part)) > LONGEST for part in Path(given).parts):
        raise ArgumentError(f"{name}: no file has a name of more than {LONGEST} bytes; got {got(given)}.")


def demand_index(name: str, given: Any) -> None:  # noqa: ANN401
    """Refuse what is no index into a tensor, such as (0, 3, 7).

    Raises:
        ArgumentError: it is something else.
    """
    whole = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    if not whole or not all(isinstance(each, Integral) and not isinstance(each, bool) for each in given):
        raise ArgumentError(f"{name}: expected an index, whole numbers such as (0, 3, 7); got {got(given)}.")
