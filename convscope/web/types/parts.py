"""What several messages have in common: numbers, sentences, looks, a prediction."""

from typing import Literal

from typing_extensions import TypeAliasType, TypedDict

from convscope.web.types.trees import MathML

Real = float | None  # None where it is infinite or no number at all, which JSON does not know
Nested = TypeAliasType("Nested", "Real | list[Nested]")
InputKind = Literal["image", "signal", "volume", "sequence", "vector"]


class Sentence(TypedDict):
    """A text of the page's language files, and what to fill in."""

    text: str
    values: dict[str, str]


class Numbers(TypedDict):
    """Little-endian numbers; shape as in torch. "u8" is grey: value = low + byte/255·(high − low).

    On the way `data` is base64, or `{"value": "9f86…"}`, whose bytes api.js fetches from value/9f86….
    """

    dtype: Literal["f32", "u8"]
    shape: list[int]
    data: bytes
    low: float
    high: float


class LookMessage(TypedDict):
    """One sample as the person sees it: (channel, *space), whatever its kind; a vector (n)."""

    kind: InputKind
    numbers: Numbers
    names: list[str]  # of the channels


class SourceLine(TypedDict):
    """A line of the person's code."""

    file: str
    line: int
    text: str


class Rendered(TypedDict):
    """A formula as text, as MathML in the parts between which a line may break, and what stands beside it."""

    text: str
    math: list[MathML]
    beside: list[str]


class FormulaMessage(TypedDict):
    """A formula in general and with the numbers."""

    axis: str  # that it is the size of; "" for other figures
    general: Rendered
    numbers: Rendered
    value: str
    notes: list[str]


class Prediction(TypedDict):
    """What the network says; truth: the index of the true class."""

    classes: list[str]
    logits: list[Real]
    probabilities: list[Real]
    truth: int | None
