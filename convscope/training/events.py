"""What happens during training, as a stream of small facts.

The writer of the run, the terminal and the live page all consume this one stream.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

# Flat: "model.…", "optimizer.…", "progress.…", "watch.…", all tensors, so safetensors can hold it
StateDict = Mapping[str, Tensor]


@dataclass(frozen=True)
class Start:
    """Training begins (or goes on, at `step`)."""

    steps: int  # of the whole training
    steps_per_epoch: int
    step: int  # already done
    parameters: int
    device: str
    precision: str
    threads: int


@dataclass(frozen=True)
class TrainingStep:
    """One update of the weights."""

    step: int  # updates done so far, 1 …
    epoch: int  # the running epoch, 1 …
    loss: float  # mean over the batch, before the update
    lr: float
    samples_per_second: float  # since the epoch began


@dataclass(frozen=True)
class LayerRecord:
    """One layer in one update; sizes are root mean squares, so that large and small layers compare.

    `weight`, `gradient` and `update` are of its matrices or kernels, or of all its parameters where it has
    none. `mean` and `spread` are of what it gives for the batch; `dead`: the share of its units (channels, at
    all positions) that are 0 for every sample of the batch, of a layer that cuts off below 0; `saturated`:
    the share of its values within 2 % of an end of their range, of one that has ends. None: it has no such.
    """

    step: int
    layer: str
    weight: float | None  # before the update
    gradient: float | None
    update: float | None
    mean: float | None
    spread: float | None
    dead: float | None
    saturated: float | None


@dataclass(frozen=True)
class LayersMeasured:
    """What each layer did in one update, in the order in which they ran."""

    step: int
    records: tuple[LayerRecord, ...]


@dataclass(frozen=True)
class Snapshot:
    """A moment whose weights are kept; `weights()` copies them, before the next event."""

    step: int
    weights: Callable[[], dict[str, Tensor]]


@dataclass(frozen=True)
class Changed:
    """What a person changed while it was trained."""

    step: int  # after which
    what: Literal["learning rate"]
    factor: float  # of what the schedule says, from now on


@dataclass(frozen=True)
class Wish:
    """What may be sent back for a TrainingStep: `events.send(Wish(rate=0.5))`."""

    rate: float | None = None  # times the schedule's, from now on
    layers: bool = False  # measure them in the next step


@dataclass(frozen=True)
class Epoch:
    """One pass over the training part, and what the validation part says then.

    Where there is no validation part, the `val_` figures are None and the last epoch counts as the best. In
    regression there is no accuracy, and the losses are of standardised values. Of a loop of somebody's own
    only what was told is known: `lr`, `val_seconds` and the speed may be None.
    """

    number: int  # 1 …
    step: int
    train_loss: float
    train_accuracy: float | None  # on the batches as they were trained (augmented, weights still moving)
    val_loss: float | None
    val_accuracy: float | None
    val_balanced_accuracy: float | None
    lr: float | None
    seconds: float  # training alone
    val_seconds: float | None
    samples_per_second: float | None
    best: bool  # the best so far; its weights are the ones that are kept


@dataclass(frozen=True)
class Checkpoint:
    """A moment from which training can go on to the same bits.

    `state()` copies it out; call it before the next event.
    """

    step: int
    state: Callable[[], dict[str, Tensor]]


@dataclass(frozen=True)
class Notice:
    """Something looks wrong: in plain words what, and the likely cause."""

    text: str


@dataclass(frozen=True)
class Finished:
    """Nothing more comes."""

    reason: Literal["done", "early stopping", "interrupted"]
    step: int
    epochs: float  # passes made
    best_epoch: int  # 0: none was completed
    seconds: float  # training and validation, of this process


@dataclass(frozen=True)
class Turn:
    """One of several trainings begins (or was done before)."""

    number: int  # 1 …
    of: int  # how many there are
    what: str  # "fold" or "start"
    done: bool = False  # nothing is left to do

    def __str__(self) -> str:
        return f"{self.what} {self.number} of {self.of}"


Event = Start | TrainingStep | LayersMeasured | Snapshot | Changed | Epoch | Checkpoint | Notice | Finished
Events = Generator[Event, Wish | None, None]  # a Wish is heard after a TrainingStep
