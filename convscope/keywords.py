"""What `convscope.train` may be told, for editors and type checkers: a typo is an error before anything runs.

It repeats the fields of `DataSettings` and `TrainingSettings`, which a checker cannot unpack, some of them in
further forms; `tests/test_typed.py` holds them together.
"""

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from convscope import Augment


class TrainingKeywords(TypedDict, total=False):
    """Keyword arguments of `convscope.train`; what is left out is chosen from the data."""

    width: float | None
    depth: int | None
    strict: bool
    size: int | str | tuple[int, ...] | None
    channels: int | None
    fit: Literal["letterbox", "crop", "stretch"]
    label: str | None
    label_from: str | None
    group: str | None
    images: str | None
    sample: str | None
    unequal: Literal["pad", "crop", "resample"]
    length: int | None
    rate: int | None
    time: str | None
    series: str | None
    target: str | None
    window: int | None
    stride: int | None
    horizon: int | None
    scale: Literal["set", "sample"]
    val: float
    test: float
    fold: str | None
    epochs: float | None
    batch: int | Literal["full"] | None
    optimizer: Literal["sgd", "momentum", "adam", "adamw"] | None
    lr: float | None
    schedule: Literal["constant", "step", "cosine", "onecycle"] | None
    loss: Literal["cross-entropy", "mse", "mae"] | None
    label_smoothing: float | None
    balance: Literal["none", "weights", "sampling"] | None
    weight_decay: float | None
    clip: float | None
    patience: int | None
    refit: float | None
    augment: "Augment | str | None"
    precision: Literal["auto", "fp32", "bf16"]
    device: str
    threads: int | None
    seed: int
