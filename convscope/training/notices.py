"""Plain words when a training looks wrong."""

from collections.abc import Iterator
from math import log

import torch
from torch import Tensor

from convscope.training.events import Epoch, Notice

LEARNT = 0.98  # of the loss of guessing: above, nothing was learnt
NAMED = 5  # classes in one notice


class Watch:
    """Looks at each epoch and says what a teacher would say."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self.last: Epoch | None = None
        self.never: list[str] = []

    def predicted(self, scores: Tensor) -> None:
        """Note which classes the validation part's predictions (sample, class) leave out."""
        said = torch.bincount(scores.argmax(1), minlength=len(self.classes))
        self.never = [name for name, count in zip(self.classes, said.tolist(), strict=True) if not count]

    def after(self, epoch: Epoch) -> Iterator[Notice]:
        """Say what cannot wait until the end."""
        guessing = log(len(self.classes))
        if epoch.number == 1 and epoch.val_loss is not None and epoch.val_loss > 10 * guessing:
            yield Notice(
                f"after the first epoch the validation loss is {epoch.val_loss:.1f}, where guessing gives "
                f"{guessing:.1f}: the steps are probably too large; try a smaller --lr."
            )
        self.last = epoch

    def at_the_end(self) -> Iterator[Notice]:
        """Say what only the whole training shows."""
        if self.last is None:
            return
        count = len(self.classes)
        accuracy = self.last.val_accuracy if self.last.val_accuracy is not None else self.last.train_accuracy
        if self.last.train_loss > LEARNT * log(count) and self.last.train_accuracy < 1 / count + 0.1:
            yield Notice(
                f"the loss ends at {self.last.train_loss:.2f}, where guessing gives {log(count):.2f}: "
                "nothing but noise was learnt. Likely causes: labels that do not belong to the samples, a "
                "learning rate far too high or too low, or too few epochs."
            )
        elif self.never and accuracy < 1:
            names = ", ".join(self.never[:NAMED]) + (" …" if len(self.never) > NAMED else "")
            yield Notice(
                f"on the validation part no sample was ever taken for: {names}. Likely causes: too "
                "few training samples of it (try --class-weights), or too few epochs."
            )
