"""What `convscope.train` may be told, for editors and type checkers: a typo is an error before anything runs.

It repeats the fields of `DataSettings` and `TrainingSettings`, which a checker cannot unpack, some of them in
further forms; `tests/test_typed.py` holds them together. What means something for arrays alone stands first:
the estimators for scikit-learn take that.
"""

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from convscope import Augment


class ArrayKeywords(TypedDict, total=False):
    """What can be said of samples in arrays, and of the training."""

    width: float | None
    depth: int | None
    size: int | str | tuple[int, ...] | None
    channels: int | None
    length: int | None
    scale: Literal["set", "sample"]
    val: float
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
    best_by: Literal["accuracy", "balanced", "loss"] | None
    patience: int | None
    augment: "Augment | str | None"
    precision: Literal["auto", "fp32", "bf16"]
    device: str
    threads: int | None


class EstimatorKeywords(ArrayKeywords, total=False):
    """Keyword arguments of `ConvClassifier` and its like."""

    kind: Literal["image", "signal", "volume", "sequence"] | None
    shape: tuple[int, ...] | None
    random_state: Any  # whatever scikit-learn takes: a number, None, a RandomState
    progress: bool | None


class TrainingKeywords(ArrayKeywords, total=False):
    """Keyword arguments of `convscope.train`; what is left out is chosen from the data."""

    strict: bool
    tensorboard: bool
    fit: Literal["letterbox", "crop", "stretch"]
    label: str | None
    label_from: str | None
    group: str | None
    images: str | None
    sample: str | None
    unequal: Literal["pad", "crop", "resample"]
    rate: int | None
    time: str | None
    series: str | None
    target: str | None
    window: int | None
    stride: int | None
    horizon: int | None
    test: float
    fold: str | None
    refit: float | None
    seed: int
    snapshots: int
    snapshot_budget: float
