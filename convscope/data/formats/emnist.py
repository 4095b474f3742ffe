"""What is particular to EMNIST: pictures on their side, and a table of which label is which character.

Source: Cohen, Afshar, Tapson, van Schaik 2017, arXiv:1702.05373; https://www.nist.gov/itl/products-and-services/emnist-dataset
"""

from collections.abc import Iterable, Sequence

import numpy as np

from convscope.errors import DataError

NAME = "emnist"  # what its files' names begin with
SIDE = 28  # pixels
TURNED = "EMNIST stores its pictures on their side: they were turned upright"


def characters(rows: Iterable[Sequence[int | str]], source: object) -> dict[int, str]:
    """Label → character: the first code of each row; where there is a small letter, too, they are one class.

    >>> characters([[1, 65, 97], [2, 66, 98]], "letters")
    {1: 'A', 2: 'B'}
    """
    try:
        return {int(label): chr(int(code)) for label, code, *_ in rows}
    except (ValueError, OverflowError) as error:
        raise DataError(f"{source}: the table of its characters is damaged.\n  Get it again.") from error


def named(labels: np.ndarray, names: dict[int, str], source: object) -> np.ndarray:
    """Labels as characters, (sample,)."""
    unknown = sorted(set(labels.ravel().tolist()) - names.keys())
    if unknown:
        raise DataError(f"{source}: the label {unknown[0]} is in no row of its table of characters.")
    return np.array([names[label] for label in labels.ravel().tolist()])


def upright(pictures: np.ndarray) -> np.ndarray:
    """(sample, 784) or (sample, 28, 28), columns first → (sample, 28, 28)."""
    return pictures.reshape(len(pictures), SIDE, SIDE).transpose(0, 2, 1)
