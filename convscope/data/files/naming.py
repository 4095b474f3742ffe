"""Classes that stand in the names of files: read by a pattern, and one suggested where names look so."""

import re
from collections import Counter
from collections.abc import Sequence

from convscope.errors import DataError

USUAL = (
    r"(.*)\.\d+",
    r"(.*)_\d+",
    r"(.*)-\d+",
    r"(.*) \(\d+\)",
    r"(.*) \d+",
    r"([^\W\d]+)\d+",
    r"\d+[_ -]+([^\W\d]+)",
    r"([^\W\d_]+)[._ -]",
)  # cat.0.jpg, cat_0.jpg, cat-0.jpg, cat (0).jpg, cat 0.jpg, cat0.jpg, 0_cat.jpg, cat_anna.jpg
EXAMPLE = r'--label-from "(.*)_\d+" takes cat from cat_1.jpg'
LOOKED_AT = 2000  # names from which a pattern is guessed
MOST_CLASSES = 200


def pattern(text: str) -> re.Pattern[str]:
    """What the person said.

    Raises:
        DataError: no regular expression, or one without a group.
    """
    try:
        found = re.compile(text)
    except re.error as error:
        raise DataError(
            f"--label-from {text}: this is no regular expression ({error}).\n  For example {EXAMPLE}."
        ) from None
    if not found.groups:
        raise DataError(
            f"--label-from {text}: nothing in it is in round brackets, so it does not say what the class"
            " is.\n"
            f"  Put the class into brackets: {EXAMPLE}."
        )
    return found


def label(rule: re.Pattern[str], name: str) -> str:
    r"""The class in a name; "" where the pattern does not fit, or its first group is empty.

    >>> label(pattern(r"(.*)\.\d+"), "cat.0.jpg"), label(pattern("([a-z]+)_"), "7.jpg")
    ('cat', '')
    """
    found = rule.search(name)
    return (found[1] or "").strip() if found else ""


def none_fits(rule: re.Pattern[str], names: Sequence[str], source: object) -> DataError:
    """What to say where the pattern fits no name at all."""
    advice = suggestion(names)
    return DataError(
        f"--label-from {rule.pattern}: it fits none of the {len(names):,} names in {source}, such as"
        f" {', '.join(names[:3])}.\n  "
        + (f'Try --label-from "{advice}".' if advice else f"For example {EXAMPLE}.")
    )


def suggestion(names: Sequence[str]) -> str | None:
    r"""A pattern that reads a few classes, each of several files, from nearly all names; None: there is none.

    >>> suggestion(["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"])
    '(.*)\\.\\d+'
    >>> suggestion(["img_1.jpg", "img_2.jpg", "img_3.jpg"]), suggestion(["a.jpg", "b.jpg"])
    (None, None)
    """
    some = names[:: max(1, len(names) // LOOKED_AT)]
    for text in USUAL:
        found = Counter(filter(None, (label(re.compile(text), name) for name in some)))
        often = sum(count for count in found.values() if count > 1)
        if 2 <= len(found) <= min(MOST_CLASSES, len(some) / 2) and often >= 0.9 * len(some):
            return text
    return None
