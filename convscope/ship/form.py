"""What a form of export is: what it writes, and how its files answer once they are read back."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.outputs import OutputForm
from convscope.ship.card import Card
from convscope.ship.whole import Captured

ShippedAnswers = Callable[[np.ndarray], np.ndarray]  # raw samples → probabilities, or values


class ShippedForm(NamedTuple):
    """A form of export.

    Attributes:
        title: what it is called in a sentence.
        outputs: ending → what such a file is; the first is what a person names, the others lie beside it.
        contents: the captured network, its card and the name of the first file without its ending → ending →
            the file's bytes.
        read: the first file → how it answers, by a program that is not convscope.
    """

    title: str
    outputs: Mapping[str, OutputForm]
    contents: Callable[[Captured, Card, str], Mapping[str, bytes]]
    read: Callable[[Path], ShippedAnswers]

    @property
    def ending(self) -> str:
        """By which a person names the form."""
        return next(iter(self.outputs))
