"""Plain words when a training looks wrong."""

from collections.abc import Iterator
from math import log

import torch
from torch import Tensor

from convscope.figures import number
from convscope.settings import TrainingSettings
from convscope.training.events import Epoch, Notice

LEARNT = 0.98  # of the loss of guessing: above, nothing was learnt
NAMED = 5  # classes in one notice
REGRESSION = {
    "mse": 1.0,
    "mae": 0.8,
}  # the loss of the mean, in standardised values (mae: of a normal distribution)
ENOUGH = 20  # validation samples to judge by
BY_HEART = 0.3  # of accuracy, that the training part may be ahead of a validation part that is guessed


class Watch:
    """Looks at each epoch and says what a teacher would say."""

    def __init__(self, classes: tuple[str, ...], settings: TrainingSettings) -> None:
        """Watch a training with these classes; without any it is a regression."""
        self.classes = classes
        self.guessing = _guessing(len(classes), settings) if classes else REGRESSION[settings.loss or "mse"]
        self.last: Epoch | None = None
        self.never: list[str] = []
        self.by_chance = 0.0  # accuracy on the validation part that guessing may reach with luck

    def predicted(self, scores: Tensor, labels: Tensor) -> None:
        """Note which classes of the validation part (sample,) its scores (sample, class) leave out."""
        there, said = (
            torch.bincount(some, minlength=len(self.classes)) for some in (labels, scores.argmax(1))
        )
        self.never = [
            name for name, left_out in zip(self.classes, (there > 0) & (said == 0), strict=True) if left_out
        ]
        share = there.max().item() / len(labels)  # right, by always saying the most frequent class
        luck = 2 * (share * (1 - share) / len(labels)) ** 0.5
        self.by_chance = share + luck if len(labels) >= ENOUGH else 0.0

    def after(self, epoch: Epoch) -> Iterator[Notice]:
        """Say what cannot wait until the end."""
        guessing = log(len(self.classes)) if self.classes else 1.0
        if epoch.number == 1 and epoch.val_loss is not None and epoch.val_loss > 10 * guessing:
            yield Notice(
                f"after the first epoch the validation loss is {number(epoch.val_loss, 2)}, where guessing "
                f"gives {number(guessing, 2)}: the steps are probably too large; try a smaller --lr."
            )
        self.last = epoch

    def at_the_end(self) -> Iterator[Notice]:
        """Say what only the whole training shows."""
        if (last := self.last) is None:
            return
        learnt = last.train_accuracy or 0.0
        accuracy = learnt if last.val_accuracy is None else last.val_accuracy
        by_luck = 1 / len(self.classes) + 0.1 if self.classes else 1.0
        knows = last.val_accuracy is not None and last.val_accuracy >= max(by_luck, self.by_chance)
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
        elif self.never and accuracy < 1:
            names = ", ".join(self.never[:NAMED]) + (" …" if len(self.never) > NAMED else "")
            yield Notice(
                f"on the validation part no sample was ever taken for: {names}. Likely causes: too "
                "few training samples of them (try --balance sampling), or too few epochs."
            )


def _guessing(classes: int, settings: TrainingSettings) -> float:
    """The loss of scores that know nothing: all classes are as likely."""
    if settings.loss == "mse":
        return (1 - (settings.label_smoothing or 0.0)) ** 2 * (classes - 1) / classes**2
    return log(classes)
