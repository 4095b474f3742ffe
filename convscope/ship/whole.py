"""The whole network, from raw values to what it says, captured as one graph without Python."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from convscope.errors import ShipError, reason
from convscope.network.model import Model
from convscope.run.settings import Facts

BATCH = "batch"  # what the number of samples is called


class Whole(nn.Module):
    """Raw values → probabilities, (sample, class), or values in the target's unit, (sample,); float32."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → (sample, class) or (sample,)."""
        said = self.model(x)
        return said[:, 0] if self.model.regression else said.softmax(1)


class Captured(NamedTuple):
    """A network as a graph.

    Attributes:
        program: of torch.export; one input `x`, one output.
        example: two samples, or one where the number of samples is fixed.
        fixed: only one sample at a time goes in, for the network's own code depends on how many there are.
        said: what comes out: "probabilities" or "values".
    """

    program: ExportedProgram
    example: Tensor
    fixed: bool
    said: str


def capture(model: Model, facts: Facts) -> Captured:
    """Follow a network once, symbolically, for any number of samples.

    Raises:
        ShipError: its own code decides by values what it computes, so it is no graph.
    """
    whole = Whole(model).eval().requires_grad_(False)
    dtype = torch.uint8 if facts.values == "uint8" else torch.float32
    example = torch.zeros(2, facts.channels, *facts.space, dtype=dtype)
    said = "values" if facts.regression else "probabilities"
    with quietly(), torch.no_grad():
        try:
            program = torch.export.export(whole, (example,), dynamic_shapes=({0: Dim(BATCH)},))
            return Captured(program, example, False, said)
        except Exception:  # noqa: BLE001 - whatever torch raises of a stranger's code; the next try decides
            example = example[:1]
        try:
            return Captured(torch.export.export(whole, (example,)), example, True, said)
        except Exception as error:
            raise ShipError(
                f"the network is no fixed graph: {reason(error)}\n"
                "  Its forward decides by values what is computed (if, while, .item()).\n"
                "  Write that with torch.where or masks, and train again."
            ) from error


@contextmanager
def quietly() -> Iterator[None]:
    """Without torch's own talk while it exports."""
    before = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)  # loggers of torch have levels of their own
        try:
            yield
        finally:
            logging.disable(before)
