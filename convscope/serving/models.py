"""The models of a service: name → version → a run in memory. A new one takes its place at once, whole.

Requests that are under way keep the model they were for, so a reload drops none.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from convscope.data import reading
from convscope.data.samples import demand_scale
from convscope.errors import RunError, ShapeError
from convscope.run import Run, load
from convscope.shapes import show
from convscope.training import scores
from convscope.training.machine import present_device


class ServedModel:
    """A run that answers.

    Attributes:
        name: by which it is asked.
        version: "1", "2" …
        run: the run.
        shape: of a sample, (channel, *space).
        whole: whether its values are whole numbers, 0 … 255.
        look: the command that shows every number of it.
    """

    def __init__(self, name: str, version: str, run: Run) -> None:
        self.name, self.version, self.run = name, version, run
        facts = run.settings.facts
        self.shape, self.whole = (facts.channels, *facts.space), facts.values == "uint8"
        self.classes: tuple[str, ...] = () if facts.regression else facts.classes
        self.target = facts.classes[0] if facts.regression else ""
        self.kind = facts.kind
        self.look = f"convscope look {shlex.quote(_shown(run.path))}"
        self._spec = run.settings.spec
        self._model = run.model().to(present_device(run.settings.training.device))
        self.answers(
            torch.zeros(1, *self.shape, dtype=self.dtype)
        )  # the first time is slow; and does it run?

    @property
    def dtype(self) -> torch.dtype:
        """Of its samples."""
        return torch.uint8 if self.whole else torch.float32

    def answers(self, inputs: Tensor) -> Tensor:
        """(sample, channel, *space) → (sample, class) probabilities, or (sample,) values; float64."""
        return scores.answers(self._model, inputs)

    def of_file(self, content: bytes, name: str) -> tuple[Tensor, Sequence[str]]:
        """One sample, (1, channel, *space), from a file's bytes, read as in training; and remarks.

        Raises:
            DataError: nothing that is understood, damaged, or too large.
            ShapeError: no such sample.
        """
        found, _ = reading.received(content, name, self._spec)
        self.demand(tuple(found.inputs.shape[1:]))
        return found.inputs, found.remarks

    def of_values(self, inputs: Tensor) -> Sequence[str]:
        """Refuse values on another scale than training's; what is to be said of them otherwise.

        Raises:
            DataError: they are.
        """
        return demand_scale(inputs, self._spec)

    def demand(self, shape: tuple[int, ...]) -> None:
        """Refuse samples of another shape.

        Raises:
            ShapeError: it is another one.
        """
        if shape != self.shape:
            raise ShapeError(
                f"{self.name} takes samples of {show(self.shape)} (channel × space); these are {show(shape)}."
            )


class Models:
    """All models of a service.

    Args:
        words: [NAME=]RUN; where a name stands several times, these are its versions 1, 2 …
    """

    def __init__(self, words: Sequence[str | Path | Run]) -> None:
        self._asked = [_named(word) for word in words]
        self._models = self._loaded()

    @property
    def every(self) -> list[ServedModel]:
        """All versions of all models."""
        return [model for versions in self._models.values() for model in versions.values()]

    def get(self, name: str | None = None, version: str | None = None) -> ServedModel:
        """A model: the newest version, and the first model, where they are not named.

        Raises:
            LookupError: there is none.
        """
        name = name or next(iter(self._models))
        versions = self._models.get(name)
        if versions is None:
            raise LookupError(f"there is no model '{name}'; there is: {', '.join(self._models)}")
        found = versions.get(version or str(len(versions)))
        if found is None:
            there = ", ".join(versions)
            raise LookupError(f"{name} has no version '{version}'; it has: {there}")
        return found

    def versions(self, name: str) -> list[str]:
        """The versions of a model."""
        return list(self._models[name])

    def reload(self) -> None:
        """Read all runs again; where one cannot be read, all stay as they were.

        Raises:
            ConvscopeError: why.
        """
        self._models = self._loaded()

    def _loaded(self) -> Mapping[str, Mapping[str, ServedModel]]:
        found: dict[str, dict[str, ServedModel]] = {}
        for name, run in self._asked:
            versions = found.setdefault(name, {})
            version = str(len(versions) + 1)
            versions[version] = ServedModel(name, version, run if isinstance(run, Run) else load(run))
        return found


def _shown(path: Path) -> str:
    """As it is named from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _named(word: str | Path | Run) -> tuple[str, str | Path | Run]:
    """Under which name a run is served, which stays when it is read again: its own, unless one was given."""
    if isinstance(word, Run):
        return word.name, word
    name, equals, run = str(word).partition("=")
    if not equals or "/" in name or Path(str(word)).exists():
        return load(word).name, word
    if not name or not run or not name.isprintable():
        raise RunError(f"'{word}' names no run.\n  Write NAME=RUN, such as digits=runs/0001.")
    return name, run
