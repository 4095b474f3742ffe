"""What a person asks of a training: settings by name, sorted to where they belong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from torch import nn

from convscope.data import DataSettings, DataSource
from convscope.errors import SettingsError, UnknownName, got
from convscope.settings import TrainingSettings

NetworkSource = str | nn.Module | Callable[..., nn.Module] | None


@dataclass(frozen=True)
class Plan:
    """What a person asks for; all but `source` may be left open."""

    source: DataSource
    network: NetworkSource = None  # a name of the table, file.py:Class, or what was handed over in Python
    width: float | None = None
    depth: int | None = None
    data: DataSettings = field(default_factory=DataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    runs: str | Path = "runs"
    strict: bool = False  # stop at the first broken file
    tensorboard: bool = False  # write a log for TensorBoard, too


def plan(source: DataSource, **given: Any) -> Plan:  # noqa: ANN401
    """Sort settings by name to where they belong; `seed` goes to both the split and the training.

    >>> plan("mnist", epochs=2, seed=3).training.epochs
    2.0
    """
    kinds = {"data": DataSettings, "training": TrainingSettings}
    homes = {home: {field.name for field in fields(kind)} for home, kind in kinds.items()}
    own = {"network", "width", "depth", "runs", "strict", "tensorboard"}
    for name in given:
        if name in ("folds", "seeds"):
            raise SettingsError(name, f"several trainings are convscope.repeat(data, {name}=…).")
        if not any(name in home for home in (*homes.values(), own)):
            raise UnknownName("setting", name, sorted(own.union(*homes.values())))
    _demand_types(given)
    pick = {home: {name: given[name] for name in known & given.keys()} for home, known in homes.items()}
    rest = {name: value for name, value in given.items() if name in own}
    return Plan(
        source, data=DataSettings(**pick["data"]), training=TrainingSettings(**pick["training"]), **rest
    )


def _demand_types(given: Mapping[str, Any]) -> None:
    """What is no field of the settings, which say so themselves.

    Raises:
        SettingsError: something of another type.
    """
    wanted = {
        "runs": (str | Path, "a path"),
        "strict": (bool, "True or False"),
        "tensorboard": (bool, "True or False"),
        "width": (int | float | None, "a number"),
        "depth": (int | None, "a whole number"),
    }
    for name, (kind, words) in wanted.items():
        value = given.get(name)
        mistaken = isinstance(value, bool) and kind is not bool
        if name in given and (not isinstance(value, kind) or mistaken or "\0" in str(value)):
            raise SettingsError(name, f"expected {words}; got {got(value)}.")
    if isinstance(given.get("network"), str) and not given["network"]:
        raise SettingsError("network", "its name is empty.\n  The networks: convscope networks.")
