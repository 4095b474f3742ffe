"""Plain words when a training looks wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import log, nan

import torch
from torch import Tensor

from convscope.figures import number
from convscope.settings import Augment, TrainingSettings
from convscope.training.events import Epoch, Notice

LEARNT = 0.98  # of the loss of guessing: above, nothing was learnt
NAMED = 5  # classes in one notice
REGRESSION = {
    "mse": 1.0,
    "mae": 0.8,
}  # the loss of the mean, in standardised values (mae: of a normal distribution)
ENOUGH = 20  # validation samples to judge by
OF_A_CLASS = 5  # validation samples of a class, from which on it is worth a word that it is never said
UNDERFIT = 0.8  # of the training part right, below which it was not learnt
AHEAD = 0.1  # of accuracy, that validation, without changes, is ahead of a training part that was learnt
BY_HEART = 0.3  # of accuracy, that the training part may be ahead of a validation part that is guessed


class Watch:
    """Looks at each epoch and says what a teacher would say."""

    def __init__(self, classes: tuple[str, ...], settings: TrainingSettings) -> None:
        """Watch a training with these classes; without any it is a regression."""
        self.classes, self.balance = classes, settings.balance
        self.changed = bool(classes) and _hides(settings.augment or Augment())
        self.guessing = _guessing(len(classes), settings) if classes else REGRESSION[settings.loss or "mse"]
        self.last: Epoch | None = None
        self.left_out = self.never = torch.zeros(len(classes), dtype=torch.bool)  # now; in the kept epoch
        self.kept: float | None = None  # accuracy of the kept epoch on the validation part
        self.by_chance = 0.0  # accuracy on the validation part that guessing may reach with luck

    def predicted(self, scores: Tensor, labels: Tensor) -> None:
        """Note which classes of the validation part (sample,) its scores (sample, class) leave out."""
        there, said = (
            torch.bincount(some, minlength=len(self.classes)) for some in (labels, scores.argmax(1))
        )
        self.left_out = (there >= OF_A_CLASS) & (said == 0)
        share = there.max().item() / len(labels)  # right, by always saying the most frequent class
        luck = 2 * (share * (1 - share) / len(labels)) ** 0.5
        self.by_chance = share + luck if len(labels) >= ENOUGH else 0.0

    def after(self, epoch: Epoch) -> Iterator[Notice]:
        """Say what cannot wait until the end."""
        guessing = log(len(self.classes)) if self.classes else 1.0
        lost = epoch.val_loss is not None and epoch.val_loss > 10 * guessing
        # One that learns, and is far off without the batch's own statistics, has made too few steps yet.
        if epoch.number == 1 and lost and epoch.train_loss > self.guessing:
            yield Notice(
                f"after the first epoch the validation loss is {number(epoch.val_loss, 2)}, where guessing "
                f"gives {number(guessing, 2)}: the steps are probably too large; try a smaller --lr."
            )
        self.last = epoch
        if epoch.best:
            self.never, self.kept = self.left_out, epoch.val_accuracy

    def at_the_end(self) -> Iterator[Notice]:
        """Say what only the whole training shows."""
        if (last := self.last) is None:
            return
        learnt = last.train_accuracy or 0.0
        kept = last.val_accuracy if self.kept is None else self.kept
        accuracy = learnt if kept is None else kept
        by_luck = 1 / len(self.classes) + 0.1 if self.classes else 1.0
        knows = kept is not None and kept >= max(by_luck, self.by_chance)
        if last.train_loss > LEARNT * self.guessing and learnt < by_luck and not knows:
            yield Notice(
                f"the loss ends at {number(last.train_loss, 2)}, where guessing gives "
                f"{number(self.guessing, 2)}: nothing but noise was learnt. Likely causes: "
                "labels that do not belong to the samples, a learning rate far too high or too low, or too "
                "few epochs."
            )
        elif accuracy < self.by_chance and learnt > accuracy + BY_HEART:
            yield Notice(
                f"the training part was learnt by heart ({learnt:.0%} right), but on the "
                f"validation part guessing would do as well ({accuracy:.0%} right). Likely causes: labels "
                "that do not belong to the samples, or far too few training samples."
            )
        elif self.never.any() and accuracy < 1:
            yield Notice(self._on_never())
        elif self.changed and learnt < UNDERFIT and (kept is None or kept < learnt + AHEAD):
            yield Notice(_on_underfit(learnt, kept))

    def state(self) -> dict[str, Tensor]:
        """What a training that goes on has to know of the epoch that is kept."""
        kept = torch.tensor(nan if self.kept is None else self.kept, dtype=torch.float64)
        return {"never": self.never, "kept": kept}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take it up again; checkpoints of earlier versions have nothing of it."""
        if state:
            self.never = state["never"].bool()
            self.kept = None if state["kept"].isnan() else float(state["kept"])

    def _on_never(self) -> str:
        names = [name for name, never in zip(self.classes, self.never.tolist(), strict=True) if never]
        more = " …" if len(names) > NAMED else ""
        advice = "" if self.balance == "sampling" else " (try --balance sampling)"
        return (
            "on the validation part, by the weights that are kept, no sample was ever taken for:"
            f" {', '.join(names[:NAMED])}{more}. Likely causes: too few training samples of them{advice},"
            " or too few epochs."
        )


def _on_underfit(learnt: float, kept: float | None) -> str:
    seen = "" if kept is None else f", and {kept:.0%} of the validation part"
    return (
        f"not even the training part was learnt: at the end {learnt:.0%} of it was right, as it was shown"
        f" with random changes{seen}. Where shapes are small, or sides and colours matter, the changes may"
        " hide what tells the classes apart: try --augment shift=0.04, or none. Else try more epochs, or a"
        " wider network (--width 2)."
    )


def _hides(augment: Augment) -> bool:
    """Whether random changes are strong enough to take away what tells classes apart."""
    return replace(augment, shift=0.0, gain=0.0, noise=0.0) != Augment()


def _guessing(classes: int, settings: TrainingSettings) -> float:
    """The loss of scores that know nothing: all classes are as likely."""
    if settings.loss == "mse":
        return (1 - (settings.label_smoothing or 0.0)) ** 2 * (classes - 1) / classes**2
    return log(classes)
