"""What can be set about training, and what is chosen when nothing is said."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Augment(BaseModel):
    """Random changes of training samples; everything 0 or off means none.

    A change is drawn anew for each sample and epoch, from (seed, epoch, sample) alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift: float = Field(0.0, ge=0, lt=1)  # up to this share of each axis, in whole positions
    flip: bool = False  # mirrored left-right, every second time
    crop: float = Field(0.0, ge=0, lt=1)  # cut out a window smaller by up to this share, and enlarge it
    rotate: float = Field(0.0, ge=0, le=180)  # up to this many degrees either way
    scale: float = Field(0.0, ge=0, lt=1)  # larger or smaller by up to this share
    cutout: float = Field(0.0, ge=0, lt=1)  # a square of this share of each axis is blanked


class TrainingSettings(BaseModel):
    """What the person said about training; None means: choose from the data, and say so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: float | None = Field(None, gt=0)  # passes over the training part; 0.5 is half a pass
    batch: int | Literal["full"] | None = None  # samples a step; "full": batch gradient descent, 1: stochastic
    optimizer: Literal["sgd", "momentum", "adam", "adamw"] | None = None
    lr: float | None = Field(None, gt=0)  # (peak) learning rate
    schedule: Literal["constant", "step", "cosine", "onecycle"] | None = None
    loss: Literal["cross-entropy", "mse"] = "cross-entropy"  # mse: on one-hot labels
    label_smoothing: float | None = Field(None, ge=0, lt=1)
    class_weights: bool = False  # weigh each class by how rare it is
    weight_decay: float | None = Field(None, ge=0)
    clip: float | None = Field(None, gt=0)  # largest gradient norm
    patience: int | None = Field(None, ge=1)  # stop after this many epochs without a better validation
    augment: Augment | None = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int | None = Field(None, ge=1)
    seed: int = 0
