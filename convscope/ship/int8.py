"""Weights and values of 8 bits: weights of a quarter of the size, and, on most processors, faster.

Static quantisation by ONNX Runtime: the range of every value is measured on training samples.

Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from torch import Tensor

from convscope.data.dataset import Dataset
from convscope.errors import ShipError
from convscope.figures import number
from convscope.network.model import Model
from convscope.ship.form import ShippedAnswers
from convscope.ship.onnx_file import signed
from convscope.ship.parity import said_by, some
from convscope.ship.whole import quietly
from convscope.training import scores

MEASURED = 256  # training samples that tell the ranges
JUDGED = 10_000  # samples that tell what it costs
POINTS = 0.3  # of accuracy, in percent, that it may cost
SHARE = 0.01  # of the error, where amounts are told
OPERATIONS = ["Conv", "ConvTranspose", "Gemm", "MatMul", "MaxPool"]  # scaling and softmax stay exact


class QuantisationCost(NamedTuple):
    """What the 8 bits cost: accuracy, or the root of the mean squared error, before and after."""

    what: str
    before: float
    after: float

    def line(self) -> str:
        """As a sentence has it."""
        return f"{self.what} {number(self.before)} before, {number(self.after)} after"


def quantised(content: bytes, dataset: Dataset) -> bytes:
    """An ONNX file with 8 bits for what it multiplies.

    Args:
        content: of the file as it was.
        dataset: of the run; its training part tells the ranges.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    before = onnx.load_from_string(content)
    with TemporaryDirectory() as folder, quietly():
        whole, ready, small = (Path(folder) / f"{name}.onnx" for name in ("whole", "ready", "small"))
        whole.write_bytes(content)
        quant_pre_process(whole, ready, skip_symbolic_shape=True)  # torch has written the shapes
        quantize_static(
            ready,
            small,
            _Samples(before.graph.input[0].name, some(dataset, "train", MEASURED)[0]),  # pyright: ignore[reportArgumentType] - it is asked for `get_next` alone
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=OPERATIONS,
            per_channel=True,
            reduce_range=True,  # 7 bits a weight: sums of pairs overflow 16 bits on processors without VNNI
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        after = onnx.load(small)
    return signed(after, {each.key: each.value for each in before.metadata_props})


class _Samples:
    """Samples one after the other, as ONNX Runtime asks for them."""

    def __init__(self, name: str, inputs: Tensor) -> None:
        self.left = iter([{name: each.numpy()} for each in inputs.split(1)])

    def get_next(self) -> Mapping[str, np.ndarray] | None:
        """The next one, (1, channel, *space), by the name of the input; None at the end."""
        return next(self.left, None)


def cost(answers: ShippedAnswers, model: Model, dataset: Dataset, *, fixed: bool) -> QuantisationCost:
    """What the 8 bits cost on the test part (without one on validation or training).

    Args:
        answers: of the file.
        model: the run's.
        dataset: the run's.
        fixed: the file takes one sample at a time.

    Raises:
        ShipError: more than may be.
    """
    inputs, labels = some(dataset, dataset.judging, JUDGED)
    said = (scores.answers(model, inputs).numpy(), said_by(answers, inputs, fixed=fixed))
    if model.regression:
        before, after = (float(np.sqrt(np.mean((each - labels.numpy()) ** 2))) for each in said)
        found, lost = QuantisationCost("root mean squared error", before, after), after > (1 + SHARE) * before
    else:
        before, after = (100 * float(np.mean(each.argmax(1) == labels.numpy())) for each in said)
        found, lost = QuantisationCost("accuracy in %", before, after), after < before - POINTS
    if lost:
        raise ShipError(
            f"8 bits cost too much here: {found.line()}"
            f" on {len(labels):,} samples of the {dataset.judging} part.\n"
            f"  Nothing was written. Up to {POINTS} points (errors: {SHARE:.0%}) may go. Leave out --int8."
        )
    return found
