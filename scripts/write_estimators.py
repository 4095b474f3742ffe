"""Write docs/estimators.md from the estimators and their parameters. A test fails where the two differ."""

import inspect
from pathlib import Path

import convscope
from convscope import estimators
from convscope.estimators.parameters import PARAMETERS

PAGE = Path(__file__).parents[1] / "docs" / "estimators.md"


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
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
