"""The channels of an operation, one channel, one number."""

from typing import Literal

from typing_extensions import TypedDict

from convscope.web.types.parts import Nested, Numbers, Real, Rendered, SourceLine

Drawn = Literal["maps", "traces", "slices", "vector", "steps"]  # steps: a channel is a unit over the steps


class ChannelStatistics(TypedDict):
    """One channel of a layer."""

    channel: int
    value: Real  # what they are sorted by
    mean: Real
    min: Real
    max: Real
    sparsity: Real


class GatesMessage(TypedDict):
    """Of a recurrent layer: (gate, step, unit)."""

    names: list[str]
    values: Numbers


class LayerMessage(TypedDict):
    """GET layer/{op}?sort=index|mean|max|sparsity|gradient|effect&page=: 64 channels."""

    index: int
    sort: str
    words: str  # how `value` of the items was found
    page: int
    pages: int
    channels: int
    axes: Drawn  # how one channel is drawn
    space: list[int]  # of one channel
    low: float  # of the whole layer
    high: float
    items: list[ChannelStatistics]
    maps: Numbers  # (item, *space), u8; large ones averaged: `maps.shape` may be smaller than `space`
    gates: GatesMessage | None


class WindowMessage(TypedDict):
    """What slides, and the numbers below it."""

    kind: Literal["convolution", "pooling", "transposed"]
    rule: Literal["sum", "max", "mean"]
    kernel: list[int]
    stride: list[int]
    padding: list[list[int]]  # [before, after]
    dilation: list[int]
    groups: int
    input: Numbers  # (channel of the group, *space), f32
    channels: list[int]  # which input channels these are
    weight: Numbers | None  # (channel of the group, *kernel), f32
    bias: Real | None
    unused: list[int]  # positions at the end of each axis that no window reaches
    divisor: float | Literal["inside", "padded"] | None  # of a mean: a number, or the taps that count
    spans: list[list[list[int]]] | None  # windows that differ: of each axis, each step's [start, stop)


class Channel(TypedDict):
    """GET channel/{op}/{channel}: what a sliding window needs; the page computes sums itself, in float64."""

    index: int
    channel: int
    axes: Drawn
    drawing: Literal["window", "steps", "shares", "vector", "terms"]  # of one number
    window: WindowMessage | None  # null: no sliding window; numbers come one by one
    output: Numbers  # the output map, f32


class TermsMessage(TypedDict):
    """The numbers that one rule makes into one."""

    axes: list[str]
    rule: Literal["sum", "max", "min"]
    values: Nested
    factors: dict[str, Nested]
    places: dict[str, Nested]
    result: Real


class GateMessage(TypedDict):
    """What a gate of a recurrent layer is made of."""

    letter: str
    squash: Literal["σ", "tanh", "relu"]
    input: int  # step that is the part from the input
    hidden: int  # step that is the part from the state before
    input_bias: Real
    hidden_bias: Real
    reset: Real | None  # what the hidden part with its bias is multiplied by
    before: Real  # the sum that is squashed


class CellMessage(TypedDict):
    """The states of one unit of a recurrent layer around a step."""

    kind: Literal["lstm", "gru", "rnn"]
    layer: int
    direction: int
    hidden: Real
    hidden_before: Real
    cell: Real | None
    cell_before: Real | None


class StepMessage(TypedDict):
    """One line of a calculation."""

    name: str
    formula: Rendered
    numbers: Rendered
    value: Real
    code: str
    terms: TermsMessage | None
    gate: GateMessage | None


class OriginMessage(TypedDict):
    """A number of another operation's first output."""

    op: int
    at: list[int]


class OneNumber(TypedDict):
    """GET number/{op}?at=0,3,7,7: one number with its proof.

    `at` is (sample, channel, *space) as layer and channel show them, wherever the tensor has these axes; the
    answer's `at` is the place in the tensor. GET number/{op}?gradient=weight&at=…&target=CLASS: d(score of a
    class)/d(one number of that argument), `at` in it; without target the true class, else the predicted one.
    """

    op: str
    name: str
    about: str
    at: list[int]
    kind: Literal["explained", "not explained"]
    what: str
    formula: Rendered
    numbers: Rendered
    notes: list[str]
    terms: TermsMessage | None
    bias: Real | None
    steps: list[StepMessage]
    cell: CellMessage | None
    result: Real
    network: Real
    difference: Real
    bound: Real
    holds: bool
    source: str
    code: SourceLine | None
    python: str
    box: list[list[int]] | None  # its receptive field on the input
    origin: OriginMessage | None  # where it came from, if one number of another operation became it


class WeightStep(OneNumber):
    """GET step/{op}?weight=weight&at=3,0,1,1&rule=sgd|momentum|adam&rate=0.01&target=CLASS.

    One optimizer step on the cross-entropy of this input.
    """

    loss: float
    gradient: float
    weight: float
    target: int
    rule: str
    rate: float
