"""Whether the points in the numbers of a table stand before thousands, as in German: 1.234,5."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

SHOWN = 50  # cells that tell whether it is worth while to look at all
NUMBER = re.compile(r"\d[\d.,]*")
GROUPS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+(,\d+)?")
PLAIN = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")
SMALL = re.compile(r"\d{1,3}(,\d+)?")  # a number that has no thousands
COMMA = re.compile(
    r"[-+]?\d+,(\d{1,2}|\d{4,})|[-+]?0,\d+|[-+]?\d{1,3}(\.\d{3})+,\d+"
)  # a decimal one, surely
POINT = re.compile(r"[-+]?\d*\.(\d{1,2}|\d{4,})|[-+]?0\.\d+")  # a decimal one, surely
DAY = re.compile(r"\d{1,2}\.\d{1,2}\.(\d{4}|\d{2})(\D.*)?")


def grouped(texts: Sequence[str] | np.ndarray) -> bool:
    """Whether every point in a column stands before three digits, and no number of four digits has none.

    >>> grouped(["8.310", "936"]), grouped(["8.310", "8.31"]), grouped(["8.310", "9360"])
    (True, False, False)
    """
    for some in (texts[:SHOWN], texts):
        found = [match[0].rstrip(".,") for text in some if (match := NUMBER.search(text))]
        if not all(GROUPS.fullmatch(number) or SMALL.fullmatch(number) for number in found):
            return False
    return any("." in number for number in found)


def in_table(columns: Iterable[Sequence[str] | np.ndarray]) -> bool:
    """Whether a table is written with decimal commas or days as in German, and nowhere with decimal points.

    >>> in_table([["8.310", "936"], ["8,90", "7"]]), in_table([["8.310"], ["8,90"], ["1.5"]])
    (True, False)
    """
    looked = [texts[:SHOWN] for texts in columns]
    german = any(COMMA.fullmatch(text) or DAY.fullmatch(text) for texts in looked for text in texts)
    return german and not any(POINT.fullmatch(text) for texts in looked for text in texts)


def unclear(texts: Sequence[str] | np.ndarray) -> str:
    """What is said of a column whose points may stand before thousands, but are read as decimal ones.

    >>> unclear(["14.669", "936"])
    "'14.669' is read as the number 14.669; if it means 14669, write it without the point"
    """
    cell = next((text for text in texts if PLAIN.fullmatch(text)), None)
    if cell is None or not grouped(texts):
        return ""
    whole = cell.replace(".", "")
    return f"'{cell}' is read as the number {cell}; if it means {whole}, write it without the point"
