"""Words of others – names of files, classes, columns – as they may be shown: all visible, nothing obeyed.

A terminal obeys escapes, a spreadsheet formulas; line breaks and overrides make a name say what it is not.
"""

import re
import unicodedata

JOINERS = "\u200c\u200d"  # within emoji, and within words of Persian or Hindi
JOINED = "\u0590"  # the scripts from here on are joined; Latin, Greek and Cyrillic never
LONGEST = 60  # characters of a name in a table
FORMULA = re.compile(r"""(^|[;\t\r\n])([^\S\t\r\n]*["'\ufeff]*[^\S\t\r\n]*[=+\-@＝＋－＠]|[\t\r\n])""")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
ESCAPED = re.compile(
    r"\\+(?=ud[89a-f][0-9a-f]{2}|[\ud800-\udfff])"
)  # what could be taken for an escape of ours
SEPARATORS = re.compile(r'[,;"\t\r\n]')  # of cells, for one program or another


def printable(words: str) -> str:
    """On one line, as it is but for what no one can see or a terminal obeys: that is shown as an escape.

    >>> printable("two" + chr(10) + "lines.png") == "two" + chr(92) + "nlines.png"
    True
    >>> printable("猫 👩‍💻 café قطة")
    '猫 👩‍💻 café قطة'
    """
    if words.isprintable():
        return words
    return "".join(
        letter if _visible(words, place) else repr(letter)[1:-1] for place, letter in enumerate(words)
    )


def printable_lines(text: str) -> str:
    """The same for text whose line breaks, and tabs that indent, are meant.

    >>> printable_lines(chr(27) + "[1m" + chr(10) + "x") == chr(92) + "x1b[1m" + chr(10) + "x"
    True
    """
    lines = ((line, line.lstrip("\t")) for line in text.split("\n"))
    return "\n".join("\t" * (len(line) - len(bare)) + printable(bare) for line, bare in lines)


def cut(words: str, longest: int = LONGEST) -> str:
    """Not longer than that: what is too much in the middle is a dot of three, for names end in what differs.

    >>> cut("a" * 50 + ".png", 11)
    'aaaaaa….png'
    """
    if len(words) <= longest:
        return words
    end = (longest - 1) * 2 // 5
    return f"{words[: longest - 1 - end]}…{words[-end:]}"


def cell(words: str, *, exact: bool = False) -> str:
    r"""Text as a cell of a CSV file: one cell for every reader, and no formula for any spreadsheet.

    What would be a formula gets an apostrophe in front, also behind what separates cells elsewhere (a
    semicolon, a tab), as OWASP's page on CSV injection asks; what holds a separator is quoted. Numbers stay.

    Args:
        words: of a name or a title.
        exact: leave formulas as they are.

    >>> cell("=1+1"), cell("-1.5"), cell("a;=1")
    ("'=1+1", '-1.5', '"a;\'=1"')
    """
    if not exact and not NUMBER.fullmatch(words):
        words = FORMULA.sub(r"\1'\2", words.replace("\0", r"\x00"))
    return '"' + words.replace('"', '""') + '"' if SEPARATORS.search(words) else words


def readable(name: str) -> str:
    r"""A name as text for files of ours: bytes that are no UTF-8 as escapes, and no two names alike.

    >>> for name in ("a\udcff.png", r"a\udcff.png", r"C:\user"):
    ...     print(readable(name))
    a\udcff.png
    a\\udcff.png
    C:\user
    """
    return ESCAPED.sub(lambda found: 2 * found[0], name).encode(errors="backslashreplace").decode()


def _visible(words: str, place: int) -> bool:
    letter = words[place]
    if letter in JOINERS:
        beside = words[place - 1 : place] + words[place + 1 : place + 2]
        return len(beside) == 2 and beside.isprintable() and min(beside) >= JOINED
    return letter.isprintable() or unicodedata.category(letter) == "Zs"  # spaces other than the plain one
