"""Train convolutional networks on your own data, and see every number they compute.

    import convscope

    run = convscope.train("mnist-sample", network="plain", epochs=2)
    run.evaluate()
    run.predict("digit.png")

The names below are imported when they are first used, so that `import convscope` takes no time: PyTorch
alone takes two seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convscope.data import Dataset, DataSettings
    from convscope.errors import ConvscopeError
    from convscope.recipe import train
    from convscope.run import Run, load, runs
    from convscope.training.settings import Augment, TrainingSettings

__version__ = "0.1.0"
__all__ = [
    "Augment",
    "ConvscopeError",
    "DataSettings",
    "Dataset",
    "Run",
    "TrainingSettings",
    "load",
    "runs",
    "train",
]

HOMES = {
    "train": "convscope.recipe",
    "load": "convscope.run",
    "runs": "convscope.run",
    "Run": "convscope.run",
    "Dataset": "convscope.data",
    "DataSettings": "convscope.data",
    "TrainingSettings": "convscope.training.settings",
    "Augment": "convscope.training.settings",
    "ConvscopeError": "convscope.errors",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in HOMES:
        raise AttributeError(f"module 'convscope' has no attribute '{name}'")
    value = getattr(import_module(HOMES[name]), name)
    globals()[name] = value  # next time Python finds it without coming here
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not, for completion."""
    return sorted({*globals(), *__all__})
