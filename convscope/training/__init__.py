"""Training as a stream of events: no disk, no print.

    settings, reasons = choose(model, dataset, TrainingSettings(epochs=2))
    for event in train(model, dataset, settings):
        ...                                        # Start, Step, Epoch, Checkpoint, Notice, Finished

`loop.py` is the file to read first.
"""

from convscope.settings import Augment, TrainingSettings
from convscope.training.choose import choose
from convscope.training.loop import train
from convscope.training.machine import machine
from convscope.training.scores import logits

__all__ = ["Augment", "TrainingSettings", "choose", "logits", "machine", "train"]
