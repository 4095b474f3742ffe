"""Train convolutional networks on your own data, and see every number they compute.

    import convscope

    run = convscope.train("mnist-sample", network="plain", epochs=2)
    run.evaluate()
    run.predict("digit.png")

    seen = convscope.trace(model, inputs)                  # every operation, with its values
    convscope.explain(seen, "conv2", at=(3, 7, 7))         # one number, taken apart
    convscope.summarise(model, inputs)                     # shapes, formulas, MACs, receptive fields

The names below are imported when they are first used, so that `import convscope` takes no time: PyTorch
alone takes two seconds.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convscope.attribution import attribute
    from convscope.data import Dataset, DataSettings
    from convscope.errors import ConvscopeError
    from convscope.estimators import ConvClassifier, ConvFeatures, ConvRegressor
    from convscope.explaining import Explanation, explain, explain_gradient
    from convscope.extracting import Features, features
    from convscope.lint import diagnose, suspicions
    from convscope.predicting import PredictedFile, predict
    from convscope.recipe import train
    from convscope.recording import Recorder
    from convscope.repeating import repeat
    from convscope.repeating.repeated import Repeated
    from convscope.resuming import resume
    from convscope.run import Run, load, runs
    from convscope.settings import Augment, TrainingSettings
    from convscope.ship import Exported, export
    from convscope.summary import Summary, summarise
    from convscope.summary.compare import Comparison
    from convscope.tracing import Trace, load_trace, replay, trace

__version__ = "0.1.0"
__all__ = [
    "Augment",
    "Comparison",
    "ConvClassifier",
    "ConvFeatures",
    "ConvRegressor",
    "ConvscopeError",
    "DataSettings",
    "Dataset",
    "Explanation",
    "Exported",
    "Features",
    "PredictedFile",
    "Recorder",
    "Repeated",
    "Run",
    "Summary",
    "Trace",
    "TrainingSettings",
    "attribute",
    "diagnose",
    "explain",
    "explain_gradient",
    "export",
    "features",
    "load",
    "load_trace",
    "predict",
    "repeat",
    "replay",
    "resume",
    "runs",
    "summarise",
    "suspicions",
    "trace",
    "train",
]

HOMES = {
    "train": "convscope.recipe",
    "resume": "convscope.resuming",
    "Recorder": "convscope.recording",
    "repeat": "convscope.repeating",
    "Repeated": "convscope.repeating.repeated",
    "load": "convscope.run",
    "runs": "convscope.run",
    "Run": "convscope.run",
    "Dataset": "convscope.data",
    "DataSettings": "convscope.data",
    "TrainingSettings": "convscope.settings",
    "Augment": "convscope.settings",
    "ConvscopeError": "convscope.errors",
    "Trace": "convscope.tracing",
    "trace": "convscope.tracing",
    "load_trace": "convscope.tracing",
    "replay": "convscope.tracing",
    "explain": "convscope.explaining",
    "explain_gradient": "convscope.explaining",
    "Explanation": "convscope.explaining",
    "diagnose": "convscope.lint",
    "suspicions": "convscope.lint",
    "Summary": "convscope.summary",
    "summarise": "convscope.summary",
    "Comparison": "convscope.summary.compare",
    "attribute": "convscope.attribution",
    "predict": "convscope.predicting",
    "PredictedFile": "convscope.predicting",
    "features": "convscope.extracting",
    "Features": "convscope.extracting",
    "ConvClassifier": "convscope.estimators",
    "ConvRegressor": "convscope.estimators",
    "ConvFeatures": "convscope.estimators",
    "export": "convscope.ship",
    "Exported": "convscope.ship",
}


if not TYPE_CHECKING:  # a checker would take any name for one that is found here
    if find_spec("sklearn") is None:  # so that `from convscope import *` takes what is there
        __all__ = [name for name in __all__ if HOMES[name] != "convscope.estimators"]

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
