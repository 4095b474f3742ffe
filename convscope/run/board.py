"""A log in a run's folder that TensorBoard shows: tensorboard --logdir runs."""

from collections.abc import Iterator
from pathlib import Path

from convscope.errors import MissingLibrary
from convscope.training.events import Epoch, Event, Notice, TrainingStep

NAME = "tensorboard"  # the folder in that of the run: where it is, there is a log


def demand_library() -> None:
    """Refuse to begin where nobody could write the log.

    Raises:
        MissingLibrary: TensorBoard.
    """
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise MissingLibrary("a log for TensorBoard needs", "tensorboard", NAME) from error


class Board:
    """Writes the figures of a training as they come; in TensorBoard's own form, which is not sealed."""

    def __init__(self, folder: Path, step: int) -> None:
        """Begin, or go on after `step`; what was logged beyond it is done again, and not shown.

        Raises:
            MissingLibrary: TensorBoard.
        """
        demand_library()
        from torch.utils.tensorboard import SummaryWriter

        self._log = SummaryWriter(str(folder / NAME), purge_step=step + 1 if step else None)
        self._step = step

    def take(self, event: Event) -> None:
        """Log an event, at the step that training is at."""
        if isinstance(event, TrainingStep | Epoch):
            self._step = event.step
        if isinstance(event, Notice):
            self._log.add_text("notice", event.text, self._step)
        for name, value in _figures(event):
            self._log.add_scalar(name, value, self._step)
        if isinstance(event, Epoch):
            self._log.flush()

    def close(self) -> None:
        """End the log."""
        self._log.close()


def of(folder: Path, step: int) -> Board | None:
    """The log of a run that has one."""
    return Board(folder, step) if (folder / NAME).is_dir() else None


def _figures(event: Event) -> Iterator[tuple[str, float]]:
    """Name → figure, as far as there are some."""
    found: dict[str, float | None] = {}
    if isinstance(event, TrainingStep):
        found = {"step/loss": event.loss, "step/learning_rate": event.lr}
    elif isinstance(event, Epoch):
        found = {
            "loss/training": event.train_loss,
            "loss/validation": event.val_loss,
            "accuracy/training": event.train_accuracy,
            "accuracy/validation": event.val_accuracy,
            "accuracy/validation_balanced": event.val_balanced_accuracy,
            "epoch/learning_rate": event.lr,
            "epoch/seconds": event.seconds,
        }
    yield from ((name, value) for name, value in found.items() if value is not None)
