"""What is trained when nothing is said, and why."""

from dataclasses import replace
from typing import Any, NamedTuple

from torch import nn

from convscope.data.dataset import Dataset
from convscope.data.pictures.drawn import drawn
from convscope.errors import TrainingError
from convscope.network.fit import BATCH_NORMS
from convscope.network.model import Model
from convscope.settings import Augment, TrainingSettings
from convscope.system import cores
from convscope.training.precision import faster
from convscope.training.schedule import refit_epochs


class Usual(NamedTuple):
    """What suits a kind of data; measured on MNIST, ECG5000, ModelNet10 and the weather (see benchmarks)."""

    effort: float  # epochs × √samples: small data take more passes, large data more samples in all
    lr: tuple[float, float]  # of adam and adamw, for a network with normalisation and without
    smoothing: float
    refit: float  # share of the epochs, where samples are few; photographs need them all for themselves


USUAL = {
    "image": Usual(1_600, (0.01, 0.002), 0.1, 0.0),
    "signal": Usual(900, (0.005, 0.002), 0.1, 0.3),
    "volume": Usual(720, (0.01, 0.002), 0.1, 0.3),
    "sequence": Usual(450, (0.005, 0.005), 0.0, 0.3),
}
GENTLE = {
    "sgd": 10.0,
    "momentum": 5.0,
    "adam": 1.0,
    "adamw": 1.0,
}  # how much larger an optimizer's steps may be
EPOCHS = (4, 60)  # fewest and most
STEPS_PER_EPOCH = 25  # at least, so that small data get small batches
REFITTED = (5_000, 6)  # most training samples, and fewest epochs
SHIFT = 0.04  # of an axis: one pixel of MNIST's 28
ROUGH = 100  # validation samples below which the probabilities are put right by some 20 % and more
RARE = 1 / 3  # of an even share of the samples
LARGE = 48  # positions of the longer axis from which pictures in colour count as photographs
NORMALISATIONS = (*BATCH_NORMS, nn.GroupNorm, nn.LayerNorm)
KERAS_NORMALISATIONS = ("BatchNormalization", "GroupNormalization", "LayerNormalization")

NO_FLIP = "; no mirroring, since signs and digits have a side"
AS_VALUES = " Where they are amounts, write them with a decimal point (37.0) and name them by --target."


def choose(model: Model, dataset: Dataset, settings: TrainingSettings) -> tuple[TrainingSettings, list[str]]:
    """Fill in what the person left open, from the data and the network.

    Returns:
        Settings with nothing open but clip and patience, and a sentence for each choice.
    """
    samples = len(dataset.parts["train"])
    chosen: dict[str, Any] = {}
    reasons: list[str] = []

    def fill(name: str, value: object, reason: str) -> None:
        if getattr(settings, name) is None:
            chosen[name] = value
            reasons.append(reason)

    batch = settings.batch or _batch(samples)
    fill("batch", batch, f"batch {batch}: {samples:,} training samples")
    usual = USUAL[dataset.kind]
    epochs = settings.epochs or _epochs(samples, usual.effort)
    fill("epochs", epochs, f"{epochs:g} epochs: about {epochs * samples:,.0f} samples in all")
    fill("optimizer", "adamw", "adamw: robust without tuning")
    normalised = any(map(_normalises, model.modules()))
    lr = GENTLE[settings.optimizer or "adamw"] * usual.lr[0 if normalised else 1]
    fill(
        "lr",
        lr,
        f"learning rate {lr:g}: for {settings.optimizer or 'adamw'} "
        + ("with" if normalised else "without")
        + " normalisation",
    )
    fill("schedule", "onecycle", "onecycle: up, then down to 0, ends at its best")
    _demand_fitting(dataset, settings)
    if settings.loss is None:
        chosen["loss"] = "mse" if dataset.regression else "cross-entropy"
    fill("balance", *_balance(dataset))
    if settings.best_by is None:
        chosen["best_by"], why = _best_by(dataset, chosen.get("balance", settings.balance))
        reasons += why
    smoothing = 0.0 if dataset.regression or settings.loss == "mse" else usual.smoothing
    fill(
        "label_smoothing",
        smoothing,
        f"label smoothing {smoothing:g}: helps accuracy; {_put_right(len(dataset.parts['val']))}"
        if smoothing
        else "no label smoothing: the targets are learned as they are",
    )
    fill("weight_decay", 0.0, "no weight decay: short trainings gain nothing from it")
    if settings.refit is None:
        chosen["refit"] = usual.refit if _refits(dataset, settings, epochs) else 0.0
        if chosen["refit"]:
            reasons.append(_on_refit(dataset, epochs, usual.refit))
    changes, why = _changes(dataset)
    fill("augment", changes, why)
    if settings.threads is None:
        chosen["threads"] = cores()
    settings = replace(settings, **chosen)
    if settings.precision == "auto":
        precision, why = faster(model, dataset, settings)
        settings, reasons = replace(settings, precision=precision), [*reasons, *([why] if why else [])]
    return settings, reasons


def _demand_fitting(dataset: Dataset, settings: TrainingSettings) -> None:
    """Refuse what is for classes where there are values, and the other way round."""
    what = (
        f"the target '{dataset.classes[0]}' is a number" if dataset.regression else "the labels are classes"
    )
    wrong = ("cross-entropy",) if dataset.regression else ("mae",)
    if settings.loss in wrong:
        use = "mse or mae" if dataset.regression else "cross-entropy or mse"
        way = "" if dataset.regression else AS_VALUES
        raise TrainingError(f"loss '{settings.loss}' does not fit: {what}.\n  Use {use}.{way}")
    if dataset.regression and settings.balance not in (None, "none"):
        raise TrainingError(f"balance '{settings.balance}' is for classes, but {what}.\n  Leave it out.")
    if dataset.regression and settings.best_by not in (None, "loss"):
        raise TrainingError(f"best-by '{settings.best_by}' is for classes, but {what}.\n  Leave it out.")
    if settings.refit and not _has_both(dataset):
        raise TrainingError(
            "refit learns the validation samples and leaves the judging to the test part: it needs both.\n"
            "  Leave it out, or hold samples back with --val and --test."
        )
    if settings.refit and settings.patience:
        raise TrainingError(
            "patience stops by the validation samples, and refit learns them: both at once do not go.\n"
            "  Leave one of them out."
        )


def _balance(dataset: Dataset) -> tuple[str, str]:
    """Rare classes count for more where the rarest has less than a third of an even share."""
    if dataset.regression:
        return "none", "no classes to balance"
    counts = [count for count in dataset.counts("train") if count]
    if min(counts) >= RARE * sum(counts) / len(counts):
        return "none", "no balancing: no class has far fewer samples than the others"
    return (
        "weights",
        f"errors on rare classes count for more: {min(counts):,} to {max(counts):,} samples a class",
    )


def _best_by(dataset: Dataset, balance: str) -> tuple[str, list[str]]:
    """What the best epoch is chosen by is what is trained for."""
    if dataset.regression:
        return "loss", []
    if balance == "none":
        return "accuracy", []
    return "balanced", ["the best epoch by balanced accuracy: as rare classes count for more in training"]


def _put_right(samples: int) -> str:
    """What becomes of probabilities that label smoothing makes too modest."""
    if not samples:
        return "without a validation part the probabilities stay too modest"
    few = f", {samples:,} samples alone, roughly" if samples < ROUGH else ""
    return f"the validation part{few} puts the probabilities right"


def _refits(dataset: Dataset, settings: TrainingSettings, epochs: float) -> bool:
    """Few samples are worth a part of the epochs, where a test part is left to judge the network by."""
    most, fewest = REFITTED
    few = len(dataset.parts["train"]) <= most and epochs >= fewest
    return few and settings.patience is None and _has_both(dataset)


def _has_both(dataset: Dataset) -> bool:
    return all(len(dataset.parts[part]) for part in ("val", "test"))


def _on_refit(dataset: Dataset, epochs: float, share: float) -> str:
    count, samples = refit_epochs(epochs, share), len(dataset.parts["val"])
    return (
        f"refit {share:g}: the last {count} epochs learn the {samples:,} validation samples too, as there "
        "are few; until then these judge (--refit 0: to the end)"
    )


def _normalises(module: nn.Module) -> bool:
    """Whether this is a normalisation of torch's, or of Keras', which is known by its name alone."""
    return isinstance(module, NORMALISATIONS) or type(module).__name__ in KERAS_NORMALISATIONS


def _batch(samples: int) -> int:
    """A power of two from 8 to 128 that leaves enough steps an epoch."""
    return max(8, min(128, 2 ** (max(1, samples // STEPS_PER_EPOCH).bit_length() - 1)))


def _epochs(samples: int, effort: float) -> float:
    fewest, most = EPOCHS
    return float(min(most, max(fewest, round(effort / max(1, samples) ** 0.5))))


def _changes(dataset: Dataset) -> tuple[Augment, str]:
    """Changes that leave the label true: small shifts always, mirroring for photographs only."""
    if dataset.kind == "sequence" or round(SHIFT * max(dataset.space)) < 1:
        return Augment(), "no augmentation"
    if dataset.kind == "image" and dataset.channels == 3 and max(dataset.space) >= LARGE:
        if drawn(dataset.inputs, dataset.parts["train"]):
            return Augment(shift=SHIFT), f"augmentation shift {SHIFT}: drawings (few colours){NO_FLIP}"
        why = (
            "augmentation shift 0.1, crop 0.3, flip, colour 0.2: photographs;"
            " where sides or colours matter: --augment shift=0.1"
        )
        return Augment(shift=0.1, flip=True, crop=0.3, colour=0.2), why
    return Augment(shift=SHIFT), f"augmentation shift {SHIFT}: never changes a label{NO_FLIP}"
