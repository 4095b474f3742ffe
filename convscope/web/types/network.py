"""The whole network, and one operation of it."""

from typing import Literal

from typing_extensions import TypedDict

from convscope.web.types.parts import FormulaMessage, LookMessage, Numbers, Prediction, Sentence, SourceLine


class Operation(TypedDict):
    """One box of the map."""

    index: int
    name: str
    op: str  # "conv2d"
    what: str  # "Conv2d 5×5", "F.relu": what stands below the name
    module: int  # index in modules
    shape: list[int]  # of the first output, with the sample axis
    inputs: list[int]  # operations it takes from; −1 is the model's input
    parameters: int
    macs: int
    seconds: float
    reshapes: bool  # only moves numbers, or passes them on
    drawn: Literal["pill", "join", "parts", "box"]  # on the edge, a sign, a bar of what each input brings
    sign: str  # between its two inputs: "+"
    noise: bool  # changes numbers at random, and only in training
    explained: bool
    signed: bool  # has values below zero
    thumbnail: Numbers | None  # small mean map (≤ 28×28, u8), or bars of a vector


class Module(TypedDict):
    """One call of a module."""

    index: int
    path: str
    kind: str
    parent: int | None
    same: str  # equal for repeated blocks


class FailureMessage(TypedDict):
    """Why a forward stopped."""

    words: str
    what: str
    where: str
    cause: str
    axis: str
    fix: str
    place: str  # where the fix goes
    advice: str  # in words, where there is no line to paste
    tried: str  # a sentence, or ""
    rule: str  # convscope rule NAME says more
    operation: Operation | None  # also the last of `operations`, without a shape
    source: SourceLine | None


class SuspicionMessage(TypedDict):
    """What runs and looks wrong."""

    what: str
    path: str  # of the module
    why: str
    fix: str
    rule: str  # convscope rule NAME says more


class TotalsMessage(TypedDict):
    """Of the network."""

    parameters: int
    macs: int
    seconds: float
    bytes: int


class SamplePlace(TypedDict):
    """Where a sample stands in the data."""

    part: str  # train, val or test
    number: int


class Shown(TypedDict):
    """The input that went through: a sample of the data or what `caption` says, and its changes."""

    caption: str
    place: SamplePlace | None
    change: str
    look: LookMessage
    sample: int | None
    label: str | None


class GraphMessage(TypedDict):
    """GET graph."""

    trace: str  # changes with every new input or edit
    input: Shown
    prediction: Prediction | None
    operations: list[Operation]
    modules: list[Module]
    failure: FailureMessage | None
    suspicions: list[SuspicionMessage]
    totals: TotalsMessage
    edited: list[Sentence]  # what-if changes in force


class ShareMessage(TypedDict):
    """Parts of the network, 0 … 1."""

    parameters: float
    macs: float
    seconds: float


class ReceptiveMessage(TypedDict):
    """What one unit sees of the input."""

    size: list[int]
    jump: list[int]
    exact: bool
    box: list[list[int]]


class Histogram(TypedDict):
    """How often which values occur, in bins of equal width from low to high."""

    low: float
    high: float
    counts: list[int]


class Replayed(TypedDict):
    """The operation run again from what it was given."""

    exact: bool
    words: str


class Weight(TypedDict):
    """A parameter by its name in the model."""

    name: str
    shape: list[int]
    numbers: int


class Argument(TypedDict):
    """What an operation takes."""

    name: str
    shape: list[int]


class OperationDetail(TypedDict):
    """GET operation/{op}?at=0,3,7,7: the right side.

    at: the unit whose receptive field is boxed, else the one in the middle.
    """

    index: int
    name: str
    op: str
    settings: str
    source: SourceLine | None
    docs: str
    shape: list[int]
    size: list[FormulaMessage]  # an axis each
    parameters: FormulaMessage | None
    macs: FormulaMessage | None
    share: ShareMessage
    bytes: int
    seconds: float
    receptive: ReceptiveMessage | None
    histogram: Histogram | None
    replayed: Replayed | None
    weights: list[Weight]
    arguments: list[Argument]  # those whose gradient can be taken apart: number/{op}?gradient=NAME&at=…
