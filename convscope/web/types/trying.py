"""What is tried: another input, a change, a filter; which pixels count."""

from typing import Annotated, Literal, NotRequired

from pydantic import AllowInfNan, Discriminator
from typing_extensions import TypedDict

from convscope.web.types.channels import OneNumber
from convscope.web.types.network import FailureMessage
from convscope.web.types.parts import FormulaMessage, LookMessage, Nested, Numbers, Prediction, Sentence

Finite = Annotated[float, AllowInfNan(False)]


class Packed(TypedDict):
    """Little-endian numbers in base64."""

    dtype: Literal["f32"]
    shape: list[int]
    data: str


class PlaceMessage(TypedDict):
    """One number of the input."""

    at: list[int]
    value: Finite


class Box(TypedDict):
    """The same number everywhere in [[from, to (without)], …], or each channel's mean."""

    box: list[list[int]]
    value: Finite | Literal["mean"]


class Given(TypedDict):
    """POST input: a file and its name, a sample, numbers, a change of the input, or what it was at first."""

    upload: NotRequired[bytes]
    name: NotRequired[str]
    sample: NotRequired[int]
    numbers: NotRequired[Packed | list[Finite]]
    shape: NotRequired[list[int]]  # of a list of numbers
    caption: NotRequired[str]
    change: NotRequired[str]  # the numbers are the input on the screen, changed so
    edit: NotRequired[PlaceMessage]
    mask: NotRequired[Box]
    reset: NotRequired[bool]


class Chosen(TypedDict):
    """POST input: the new graph's `trace`."""

    trace: str


class KernelEdit(TypedDict):
    """POST edit: weight[output, input] of its group."""

    op: int
    what: Literal["kernel"]
    output: int
    input: int
    values: Nested


class ChannelEdit(TypedDict):
    """POST edit: its output is zero."""

    op: int
    what: Literal["channel"]
    channel: int


class ActivationEdit(TypedDict):
    """POST edit: one of EditChoices.activations."""

    op: int
    what: Literal["activation"]
    to: str


class SettingEdit(TypedDict):
    """POST edit: another stride, padding or dilation."""

    op: int
    what: Literal["setting"]
    setting: str
    value: list[int]


Edit = Annotated[KernelEdit | ChannelEdit | ActivationEdit | SettingEdit, Discriminator("what")]


class KernelShape(TypedDict):
    """inputs: of one group."""

    outputs: int
    inputs: int
    size: list[int]


class Setting(TypedDict):
    """A setting of a layer that slides, an axis each."""

    setting: Literal["stride", "padding", "dilation"]
    value: list[int]


class Before(TypedDict):
    """This input through the unchanged model."""

    prediction: Prediction | None
    thumbnail: Numbers | None


class EditChoices(TypedDict):
    """GET edit/{op}: what can be tried on this operation, and what was there before anything was."""

    kernel: KernelShape | None
    channels: int  # that can be set to zero; 0: none
    activations: list[str]
    activation: str | None  # null: this is none
    settings: list[Setting]
    before: Before | None  # null: nothing was changed


class Outcome(TypedDict):
    """shape: of the operation; output: of the model."""

    prediction: Prediction | None
    shape: list[int]
    output: list[int]
    failure: FailureMessage | None


class Edited(TypedDict):
    """POST edit answers with what it did."""

    words: Sentence
    edited: list[Sentence]
    before: Outcome
    after: Outcome


class Undone(TypedDict):
    """POST undo, POST reset: the last change, or all of them."""

    trace: str
    edited: list[Sentence]


class AttributionMessage(TypedDict):
    """GET attribution?method=gradient|integrated|gradcam|occlusion&class=."""

    method: str
    target: str
    numbers: Numbers
    words: Sentence


class FilterMessage(TypedDict):
    """One of the classic ones."""

    name: str
    kernel: list[list[float]]
    what: str


class Filters(TypedDict):
    """GET filters."""

    filters: list[FilterMessage]


class Playground(TypedDict):
    """POST filter: the playground; at: a number to take apart, (channel, *space)."""

    kernel: Nested
    padding: NotRequired[str]  # one of replicate, reflect, circular, zeros, none
    stride: NotRequired[int]
    dilation: NotRequired[int]
    pool: NotRequired[str]  # "", max or mean
    at: NotRequired[list[int] | None]


class FilteredMessage(TypedDict):
    """POST filter."""

    look: LookMessage
    result: Numbers
    size: list[FormulaMessage]  # an axis each
    kernel: list[list[float]]
    names: list[str]
    number: OneNumber | None
