"""The session, its samples, its results, the runs beside it."""

from typing import Literal

from typing_extensions import TypedDict

from convscope.web.types.parts import LookMessage, Numbers, Prediction, Real


class InputMessage(TypedDict):
    """One tensor that the model takes, without its sample axis."""

    name: str
    shape: list[int]
    dtype: str


class SessionMessage(TypedDict):
    """GET session."""

    title: str  # of the run or model
    note: str  # what to bear in mind: that it is untrained, for example; "" for nothing
    kind: Literal["image", "signal", "volume", "sequence", "any"]
    classes: list[str]  # empty: regression, or no run behind it
    hasData: bool  # samples to choose from
    hasRun: bool  # results, data check, runs side by side
    canDraw: bool  # small grey pictures, one-channel signals
    inputs: list[InputMessage]
    saved: bool  # a saved page: nothing can be computed anew
    version: str


class SampleMessage(TypedDict):
    """One of the data."""

    index: int
    look: LookMessage
    label: str
    predicted: str
    probability: Real | None  # null: a value


class SamplesMessage(TypedDict):
    """GET samples?which=right|wrong|unsure|all&class=&predicted=&page=&size=.

    class and predicted: names, "" for all.
    """

    which: str
    page: int
    pages: int
    total: int
    counts: dict[str, int]  # right, wrong, unsure, all; of values, or before `ready`: all alone
    samples: list[SampleMessage]
    part: str  # "test": which part of the data these are
    ready: bool  # false: the network is still looking at them; main.js asks again


class Measure(TypedDict):
    """A measure with its value, in words."""

    name: str
    value: str


class ConfusionMatrix(TypedDict):
    """pairs: the true class, what was said, and how often; those that occur, row by row."""

    classes: list[str]
    pairs: list[list[int]]


class Results(TypedDict):
    """GET results."""

    headline: list[Measure]
    confusion: ConfusionMatrix | None
    mistakes: list[SampleMessage]
    part: str  # "test": on which part of the data


class PlaneMessage(TypedDict):
    """GET plane?method=: samples as points, so that what is alike to the network lies together."""

    method: str
    methods: list[str]  # that can be asked for
    points: Numbers  # (sample, 2)
    shares: list[float]  # of the variance, to the right and upwards; empty: the axes mean nothing
    samples: list[int]  # their places in the part that is shown
    truth: list[Real]  # indices of classes; of a regression the values
    said: list[Real]
    sure: list[Real] | None  # the probabilities of what was said; null: values
    looks: LookMessage | None  # of all of them at once: (sample, channel, *space); null: not in a saved page
    total: int  # samples of the part
    part: str


class NeighbourMessage(TypedDict):
    """A training sample."""

    look: LookMessage
    label: str
    name: str
    distance: float


class Nearest(TypedDict):
    """GET nearest: the training samples that are most like the input, nearest first."""

    neighbours: list[NeighbourMessage]
    layer: str  # whose features the distances are between
    compared: int  # training samples, of
    total: int


class FindingMessage(TypedDict):
    """samples: places in the part that is shown."""

    severity: str
    what: str
    todo: str
    samples: list[int]


class Findings(TypedDict):
    """GET check."""

    findings: list[FindingMessage]


class RunRow(TypedDict):
    """current: the one that is open."""

    path: str
    cells: list[str]
    current: bool


class Runs(TypedDict):
    """GET runs."""

    columns: list[str]
    rows: list[RunRow]


class NetworkSize(TypedDict):
    """How large a network is."""

    operations: int
    parameters: int
    macs: int
    seconds: float


class ComparedRun(TypedDict):
    """One of two runs."""

    title: str
    prediction: Prediction | None
    graph: NetworkSize


class Versus(TypedDict):
    """GET versus?run=PATH: this run and another one on the same input."""

    runs: list[ComparedRun]


class Saving(TypedDict):
    """GET save: how large the page is as one file; GET ../save is the file."""

    bytes: int
    samples: int
    name: str
