"""Runs: one folder for each training, the only code that writes or reads it.

    writer = create("runs", settings, dataset)    # a folder with settings.toml
    writer.write(event)                           # history, weights, checkpoints, as training goes on
    run = load("latest")                          # every bit checked
    run.evaluate(), run.predict(x), run.report()
    runs("runs")                                  # a table, best first

| file | what it is |
| --- | --- |
| settings.toml | everything the run was trained with |
| history.csv, steps.csv, notices.csv | a line an epoch, a step, a warning |
| seen.bin | a hash of each sample of training and validation |
| best.safetensors, last.safetensors | the weights |
| training.safetensors | what beside the last weights a finished run needs to be trained on; may be removed |
| checkpoint.json, checkpoint-<step>.safetensors | where training goes on; gone when it is finished |
| network.py | a copy of the person's own network, where it is one |
| network.keras | a copy of the model that Keras has saved, where it is one |
| evaluation.json, predictions.csv, plots/, report.html | what the network can do; made anew at any time |
| tensorboard/ | on request: the figures for TensorBoard, which nobody seals |
| manifest.json | the SHA-256 of all these but the plots |

Nothing is a pickle; nothing that is read is executed, but network.py of a person who trusts it (trust.py).
`runs` needs no torch, so the names that do are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from convscope.run.listing import RunSummary, runs

if TYPE_CHECKING:
    from convscope.run.evaluation.predictions import Predictions, ValuePredictions
    from convscope.run.run import Run, load
    from convscope.run.settings import NetworkPart, RunSettings
    from convscope.run.writer import Writer, create

__all__ = [
    "NetworkPart",
    "Predictions",
    "Run",
    "RunSettings",
    "RunSummary",
    "ValuePredictions",
    "Writer",
    "create",
    "load",
    "runs",
]

HOMES = {
    "create": "writer",
    "Writer": "writer",
    "load": "run",
    "Run": "run",
    "RunSettings": "settings",
    "NetworkPart": "settings",
    "Predictions": "evaluation.predictions",
    "ValuePredictions": "evaluation.predictions",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used (PEP 562)."""
    if name not in HOMES:
        raise AttributeError(f"module 'convscope.run' has no attribute '{name}'")
    value = getattr(import_module(f"convscope.run.{HOMES[name]}"), name)
    globals()[name] = value
    return value
