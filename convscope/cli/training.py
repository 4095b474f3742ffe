"""`convscope train`: what was typed becomes a plan, and the terminal shows the stream of events it gives."""

from convscope.cli.options import (
    DataOptions,
    NetworkOptions,
    RunOptions,
    TrainingOptions,
    UsageError,
    data_settings,
    training_settings,
)
from convscope.cli.show import console, write_json


def train(
    source: str | None = None,
    /,
    *,
    data: DataOptions = DataOptions(),
    network: NetworkOptions = NetworkOptions(),
    training: TrainingOptions = TrainingOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Train a network on data, and report how good it is.

    What you do not say is chosen from the data, and the choice is printed. Ctrl-C ends cleanly: what was learned so
    far is saved.

    Args:
        source: A name that convscope data lists, or the path of a file or folder, such as one with a folder of
            pictures for each class.
    """
    return 0
