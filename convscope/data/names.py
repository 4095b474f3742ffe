"""Names of classes and of samples."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import overload

NUMBERS = re.compile(r"(\d+)")
JOINER = "\u200d"  # invisible, but it makes other signs of those around it


def natural(name: str) -> tuple:
    """Sort key that puts "9" before "10", and upper beside lower case.

    >>> sorted(["class 10", "Class 9", "class 1"], key=natural)
    ['class 1', 'Class 9', 'class 10']
    """
    pieces: list[str | int] = NUMBERS.split(name.casefold())  # text, number, text, …: like beside like
    pieces[1::2] = map(int, pieces[1::2])
    return pieces, name


def plain(name: str) -> str:
    """A name without what nobody sees: blanks around it or doubled, accents apart, full width, zero width.

    >>> plain(" cat \u3000 dog\u200b"), plain("\uff43\uff41\uff54"), plain("e\u0301") == "\u00e9"
    ('cat dog', 'cat', True)
    """
    seen = (letter for letter in name if unicodedata.category(letter) != "Cf" or letter == JOINER)
    narrow = "".join(
        unicodedata.normalize("NFKC", letter) if unicodedata.east_asian_width(letter) in "FH" else letter
        for letter in seen
    )
    return unicodedata.normalize("NFC", " ".join(narrow.split()))


def merged(names: Iterable[str]) -> dict[str, str]:
    """Names that look alike → the one for all of them: the plain one, where it is among them.

    >>> merged(["cat", "cat ", "dog "])
    {'cat ': 'cat'}
    """
    alike: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        alike.setdefault(plain(name), []).append(name)
    chosen = {key: key if key in written else written[0] for key, written in alike.items()}
    return {name: chosen[key] for key, written in alike.items() for name in written if name != chosen[key]}


def repeated(names: Iterable[str]) -> str | None:
    """The first name that is there again; None: each is one of its own.

    >>> repeated(["a", "b", "b", "a"]), repeated(["a", "b"])
    ('a', None)
    """
    return next((name for name, count in Counter(names).items() if count > 1), None)


class Numbered(Sequence[str]):
    """Names like "test 17", written when asked for: 70,000 strings would cost more than the labels.

    >>> names = Numbered({"train": 2, "test": 2})
    >>> len(names), names[0], names[-1], list(names[1:3])
    (4, 'train 0', 'test 1', ['train 1', 'test 0'])
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(counts)

    def __len__(self) -> int:
        return sum(self.counts.values())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = range(len(self))[index]  # a negative index counts from the end; outside is an IndexError
        for word, count in self.counts.items():
            if row < count:
                return f"{word} {row}"
            row -= count
        raise IndexError(index)
