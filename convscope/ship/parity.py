"""Whether a file answers as the run does: asked about real samples, by the program that will run it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.data.dataset import Dataset
from convscope.errors import ShipError
from convscope.figures import number
from convscope.network.model import Model, Values
from convscope.run.settings import Facts
from convscope.ship.form import ShippedAnswers
from convscope.training import scores

if TYPE_CHECKING:
    from convscope.ship.int8 import QuantisationCost

LIMIT = 1e-5  # between two answers: of a probability, or of the target's standard deviation
ASKED = 64  # samples


class Questions(NamedTuple):
    """Samples that a file is asked about.

    Attributes:
        inputs: (sample, channel, *space), raw.
        what: what they are, for a sentence.
    """

    inputs: Tensor
    what: str


def questions(dataset: Dataset | None, facts: Facts) -> Questions:
    """Samples of the part that judges; random numbers where the data are not there any more."""
    if dataset:
        inputs, _ = some(dataset, dataset.judging, ASKED)
        return Questions(inputs, f"{len(inputs)} samples of the {dataset.judging} part")
    low, high = facts.limits or (-1.0, 1.0)
    shape = (ASKED, facts.channels, *facts.space)
    drawn = torch.empty(shape).uniform_(low, high, generator=torch.Generator().manual_seed(0))
    kept = drawn.to(torch.uint8) if facts.values == "uint8" else drawn
    return Questions(kept, f"{ASKED} random samples, for the run's data are not there any more")


def some(dataset: Dataset, part: str, most: int) -> tuple[Tensor, Tensor]:
    """Samples of a part, evenly spread, as a file takes them, and their labels."""
    rows = dataset.parts[part]
    chosen = rows[torch.linspace(0, len(rows) - 1, min(most, len(rows))).round().long()]
    inputs = dataset.inputs[chosen]
    return (inputs if inputs.dtype == torch.uint8 else inputs.float()), dataset.labels[chosen]


def difference(answers: ShippedAnswers, model: Model, inputs: Tensor, *, fixed: bool) -> float:
    """The largest difference between a file's answers and the network's own.

    Args:
        answers: of the file.
        model: the run's.
        inputs: raw samples.
        fixed: the file takes one sample at a time.

    Returns:
        Of probabilities as they are; of values in standard deviations of the target.
    """
    return apart(said_by(answers, inputs, fixed=fixed), scores.answers(model, inputs), model)


def apart(said: np.ndarray, wanted: Tensor, model: Model) -> float:
    """The largest difference between two sets of answers, as `difference` gives it."""
    scale = model.output.std.item() if isinstance(model.output, Values) else 1.0
    return float(np.abs(said - wanted.numpy()).max()) / scale


def said_by(answers: ShippedAnswers, inputs: Tensor, *, fixed: bool) -> np.ndarray:
    """What a file says of samples, float64."""
    batches = inputs.split(1 if fixed else ASKED)
    return np.concatenate([answers(batch.contiguous().numpy()) for batch in batches]).astype(np.float64)


class Proof(NamedTuple):
    """How files have answered.

    Attributes:
        asked: the samples that they were asked about.
        difference: the largest between their answers and the run's: of probabilities, or of values in
            standard deviations of the target.
        fixed: they take one sample at a time.
        card: what they say of themselves.
        cost: of 8 bits; None: the numbers are those of the run.
        any_size: decoded pictures go in.
    """

    asked: str
    difference: float
    fixed: bool
    card: dict[str, Any]
    cost: "QuantisationCost | None"
    any_size: bool = False

    def demand_same(self) -> None:
        """Refuse files that answer otherwise; of 8 bits the cost is looked at instead.

        Raises:
            ShipError: they do.
        """
        if not (self.cost or self.difference <= LIMIT):  # NaN is none either
            raise ShipError(
                f"the file would answer otherwise than the run, by up to {self.difference:.1e}"
                f" on {self.asked}; {LIMIT:g} is allowed.\n"
                "  Nothing was written. Another form may hold the network: .onnx, .pt2 or .safetensors."
            )


@dataclass(frozen=True)
class Exported:
    """What was written, and how it was proven.

    Attributes:
        paths: the files; the first is the one that was asked for.
        form: what it is.
        size: bytes of all of them.
        proof: how they answered.
    """

    paths: tuple[Path, ...]
    form: str
    size: int
    proof: Proof

    def lines(self) -> list[str]:
        """As a terminal shows it."""
        card, proof = self.proof.card, self.proof
        taken = "one sample at a time" if proof.fixed else "any number of samples at once"
        said = card.get("target") or f"probabilities of {len(card['classes'])} classes"
        shape = " × ".join(map(str, card["shape"]))
        bound = "" if proof.cost else f" (allowed: {LIMIT:g})"
        values = f"{card['values']}, {shape} each, raw: scaling is inside; {taken}"
        if proof.any_size:
            values = "picture, int32, height × width × channel, of any size; white, 255 or 65535"
        return [
            f"in:      {values}",
            f"out:     {said}",
            f"checked: on {proof.asked}; the largest difference is {proof.difference:.1e}{bound}",
            *([f"8 bits:  {proof.cost.line()}"] if proof.cost else []),
            *(f"written: {path.absolute()}" for path in self.paths),
            f"{self.form}, {number(self.size / 1024)} KiB",
        ]

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        proof = self.proof
        return {
            "written": [str(path.absolute()) for path in self.paths],
            "form": self.form,
            "bytes": self.size,
            "asked": proof.asked,
            "largest_difference": proof.difference,
            "one_sample_at_a_time": proof.fixed,
            "int8": proof.cost and proof.cost._asdict(),
            "card": proof.card,
        }
