"""ONNX, for ONNX Runtime and whatever else reads it.

Source: https://onnx.ai/onnx/repo-docs/IR.html
"""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from convscope.errors import ShipError, not_installed, reason
from convscope.outputs import OutputForm, head
from convscope.ship.card import Card
from convscope.ship.form import ShippedAnswers, ShippedForm
from convscope.ship.whole import BATCH, Captured, quietly

if TYPE_CHECKING:
    import onnx
    import onnxruntime

INPUT = "input"
OPSET = 20  # of ONNX's operations; ONNX Runtime knows it since 1.17
QUIET = 3  # errors alone, in ONNX Runtime's counting
PRODUCER = "convscope"


def contents(captured: Captured, card: Card, _name: str) -> Mapping[str, bytes]:
    """The file, weights inside, with the card as its metadata and no word on where it was made.

    Raises:
        ShipError: a missing package, or an operation that ONNX has not.
    """
    _demand_packages()
    with quietly():
        try:
            made = torch.onnx.export(
                captured.program, (captured.example,), input_names=[INPUT], output_names=[captured.said],
                opset_version=OPSET, dynamo=True, verbose=False,
            )  # fmt: skip
        except Exception as error:
            raise ShipError(
                f"the network cannot be written as ONNX: {_why(error)}\n"
                "  Try .pt2, which holds every operation of torch's."
            ) from error
    assert made is not None, "nothing went wrong"
    model = made.model_proto
    _forget_places(model)
    for named in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for axis in named.type.tensor_type.shape.dim:
            if axis.dim_param:  # only the number of samples is open
                axis.dim_param = BATCH
    return {".onnx": signed(model, card.texts())}


def signed(model: "onnx.ModelProto", facts: Mapping[str, str]) -> bytes:
    """The file's content, with our name and these facts in it."""
    model.producer_name, model.producer_version = PRODUCER, facts["producer"].rpartition(" ")[2]
    del model.metadata_props[:]
    for name, text in facts.items():
        model.metadata_props.add(key=name, value=text)
    return model.SerializeToString()


def read(path: Path) -> ShippedAnswers:
    """How a file answers in ONNX Runtime on the processor."""
    session = opened(path)
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]  # pyright: ignore[reportReturnType]


def opened(path: Path) -> "onnxruntime.InferenceSession":
    """A file in ONNX Runtime."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others want the cores, too
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _why(error: BaseException) -> str:
    """What lies behind the exporter's own words, which have colours and advice for programmers."""
    while error.__cause__:
        error = error.__cause__
    return re.sub(r"\x1b\[\d*m", "", reason(error))


def _forget_places(model: "onnx.ModelProto") -> None:
    """Take out what the exporter notes of files and lines of the machine it ran on."""
    graph = model.graph
    del graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


def _demand_packages() -> None:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ShipError(not_installed("ONNX files are made and checked by", missing[0], "onnx"))


OURS = OutputForm("ONNX file", (".onnx",), lambda path: PRODUCER.encode() in head(path)[:64])
FORM = ShippedForm("ONNX", {".onnx": OURS}, contents, read)
