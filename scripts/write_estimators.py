"""Write docs/estimators.md from the estimators and their parameters. A test fails where the two differ."""

import inspect
from pathlib import Path

import convscope
from convscope import estimators
from convscope.estimators.parameters import PARAMETERS

PAGE = Path(__file__).parents[1] / "docs" / "estimators.md"
SKORCH = {  # its name → ours
    "module=Net, module__hidden=8": "network=Net, or partial(Net, hidden=8); called with channels, classes …",
    "max_epochs, batch_size, lr": "epochs, batch, lr",
    "optimizer, optimizer__weight_decay": "optimizer, weight_decay",
    "iterator_train__shuffle": "always, by random_state",
    "criterion": "loss; a network gives scores, without softmax",
    "train_split": "val",
    "EarlyStopping(patience)": "patience",
    "Checkpoint(monitor=…)": "best_by; the best epoch's weights are always kept",
    "LRScheduler": "schedule",
    "GradientNormClipping": "clip",
    "verbose": "progress",
    "module_, history": "model_, history_",
    "save_params, load_params": "save, load: a run folder, weights and all",
    "predict_proba": "the same, calibrated on the samples held back",
    "warm_start, partial_fit": "convscope.resume(saved, epochs=…, data=(X, y))",
}


def page() -> str:
    """The whole page."""
    title, _, rest = inspect.cleandoc(estimators.__doc__ or "").partition("\n")
    example, _, words = rest.strip("\n").partition("\n\n")
    lines = [
        "# Estimators for scikit-learn\n",
        f"{title} Written here by `scripts/write_estimators.py`.\n",
        f"```python\n{inspect.cleandoc(example)}\n```\n",
        f"{words}\n",
        "| parameter | default | what it does |",
        "| --- | --- | --- |",
        "| network | `None` | As `convscope.train` takes it; None: the fast default for such samples. |",
        *(f"| {name} | `{each.default!r}` | {each.help} |" for name, each in PARAMETERS.items()),
    ]
    for kind in (convscope.ConvClassifier, convscope.ConvRegressor, convscope.ConvFeatures):
        told = inspect.cleandoc(kind.__doc__ or "").partition("\n\nParameters, and their defaults:")[0]
        lines += [f"\n## {kind.__name__}\n", f"```text\n{told}\n```"]
    lines += ["\n## For those who know skorch\n", "| skorch | here |", "| --- | --- |"]
    lines += [f"| {theirs} | {ours} |" for theirs, ours in SKORCH.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
