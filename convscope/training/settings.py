"""What can be set about training, and what is chosen when nothing is said."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

from convscope.data.augment import Augment


def _device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise ValueError("expected auto, cpu, cuda, cuda:1 or mps")
    return name


Device = Annotated[str, AfterValidator(_device)]


class TrainingSettings(BaseModel):
    """What the person said about training; None means: choose from the data, and say so."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: float | None = Field(default=None, gt=0)  # passes over the training part; 0.5 is half a pass
    batch: PositiveInt | Literal["full"] | None = (
        None  # samples a step; "full": batch gradient descent, 1: stochastic
    )
    optimizer: Literal["sgd", "momentum", "adam", "adamw"] | None = None
    lr: float | None = Field(default=None, gt=0)  # (peak) learning rate
    schedule: Literal["constant", "step", "cosine", "onecycle"] | None = None
    loss: Literal["cross-entropy", "mse", "mae"] | None = None  # mse: on one-hot labels
    label_smoothing: float | None = Field(default=None, ge=0, lt=1)
    balance: Literal["none", "weights", "sampling"] | None = None  # what is done for rare classes
    weight_decay: float | None = Field(default=None, ge=0)
    clip: float | None = Field(default=None, gt=0)  # largest gradient norm
    patience: int | None = Field(
        default=None, ge=1
    )  # stop after this many epochs without a better validation
    augment: Augment | None = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: Device = "auto"
    threads: int | None = Field(default=None, ge=1)
    seed: int = 0
