"""The Open Inference Protocol, version 2: JSON, with tensors beside it as bytes where that is asked for.

Source: https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
and https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.errors import DataError
from convscope.serving.models import ServedModel
from convscope.shapes import show

INPUT = "input"
PLATFORM = "convscope_pytorch"
LENGTH = "inference-header-content-length"
EXTENSIONS = ("binary_tensor_data", "model_repository")
AXES = 16  # of a tensor, at most
TYPES = {"UINT8": np.dtype("u1"), "FP32": np.dtype("<f4"), "FP64": np.dtype("<f8")}


@dataclass(frozen=True)
class Asked:
    """A request for inference.

    Attributes:
        inputs: (sample, channel, *space).
        identity: that the answer carries, too; None: none.
        outputs: name → whether it is wanted as bytes.
    """

    inputs: Tensor
    identity: str | None
    outputs: Mapping[str, bool]


def metadata(model: ServedModel, versions: Sequence[str]) -> dict[str, Any]:
    """What a model takes and says."""
    return {
        "name": model.name,
        "versions": list(versions),
        "platform": PLATFORM,
        "inputs": [{"name": INPUT, "datatype": _datatype(model), "shape": [-1, *model.shape]}],
        "outputs": [
            {"name": name, "datatype": datatype, "shape": [-1, *shape]}
            for name, (datatype, shape) in _outputs(model).items()
        ],
        "parameters": {"classes": list(model.classes)} if model.classes else {"target": model.target},
    }


def parsed(body: bytes, header: str | None, model: ServedModel) -> Asked:
    """A request, checked.

    Args:
        body: of the request.
        header: bytes of it that are JSON, as its header says; None: all.
        model: that it is for.

    Raises:
        DataError: it is none, with what was expected.
    """
    end = _end(header, len(body))
    document = as_object(body[:end])
    given = _table(document, "inputs")
    if len(given) != 1 or given[0].get("name") != INPUT:
        names = ", ".join(str(each.get("name")) for each in given) or "none"
        raise DataError(f"inputs: expected one, '{INPUT}'; got {names[:100]}.")
    identity = document.get("id")
    if not isinstance(identity, str | None):
        raise DataError("id: expected a text.")
    values = _values(given[0], memoryview(body)[end:], model)
    return Asked(values, identity, _wanted(document, model))


def answered(asked: Asked, model: ServedModel, said: Tensor) -> tuple[bytes, int | None]:
    """The body of an answer, and how many bytes of it are JSON where tensors come behind it."""
    outputs, pieces = [], []
    for name, binary in asked.outputs.items():
        datatype, shape = _outputs(model)[name]
        entry: dict[str, Any] = {"name": name, "datatype": datatype, "shape": [len(said), *shape]}
        values = _said(name, model, said)
        if binary:
            pieces.append(_packed(values, datatype))
            entry["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            entry["data"] = values if isinstance(values, list) else values.reshape(-1).tolist()
        outputs.append(entry)
    document: dict[str, Any] = {"model_name": model.name, "model_version": model.version, "outputs": outputs}
    if asked.identity is not None:
        document["id"] = asked.identity
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return b"".join([text, *pieces]), len(text) if pieces else None


def as_object(content: bytes) -> dict[str, Any]:
    """The JSON of a request: an object, in which every number is one.

    Raises:
        DataError: it is none.
    """

    def no_number(word: str) -> float:
        raise ValueError(f"{word} is no number")

    try:
        given = json.loads(content, parse_constant=no_number)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is one, too
        raise DataError(f"the request is no JSON: {str(error)[:200]}.") from error
    if not isinstance(given, dict):
        raise DataError("the request is no JSON object.")
    return given


def _datatype(model: ServedModel) -> str:
    return "UINT8" if model.whole else "FP32"


def _outputs(model: ServedModel) -> Mapping[str, tuple[str, tuple[int, ...]]]:
    """Name → datatype, and the shape of a sample's."""
    if not model.classes:
        return {"values": ("FP64", ())}
    return {"probabilities": ("FP32", (len(model.classes),)), "class": ("BYTES", ())}


def _end(header: str | None, size: int) -> int:
    """Where the JSON ends."""
    if header is None:
        return size
    if not (header.isascii() and header.isdigit() and len(header) < 19) or int(header) > size:
        raise DataError(f"Inference-Header-Content-Length: expected 0 … {size}; got '{header[:30]}'.")
    return int(header)


def _table(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects."""
    found = document.get(key)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise DataError(f"{key}: expected a list of objects.")
    return found


def _parameters(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    found = entry.get("parameters", {})
    if not isinstance(found, dict):
        raise DataError("parameters: expected an object.")
    return found


def _values(entry: Mapping[str, Any], rest: memoryview, model: ServedModel) -> Tensor:
    """The samples, (sample, channel, *space)."""
    datatype, shape = entry.get("datatype"), _shape(entry.get("shape"), model)
    if datatype != _datatype(model):
        raise DataError(f"datatype: expected {_datatype(model)}; got {str(datatype)[:30]}.")
    size = _parameters(entry).get("binary_data_size")
    values = _listed(entry, shape, model) if size is None else _packed_values(rest, size, shape, model)
    if size is None and len(rest):
        raise DataError(f"{len(rest)} bytes come behind the JSON, which names none of them.")
    found = torch.from_numpy(values.reshape(shape))
    if not model.whole and not bool(torch.isfinite(found).all()):
        raise DataError("data: expected finite numbers; some are NaN or infinite.")
    return found


def _shape(given: Any, model: ServedModel) -> tuple[int, ...]:  # noqa: ANN401 - whatever JSON can be
    whole = isinstance(given, list) and len(given) <= AXES and all(type(size) is int for size in given)
    wanted = f"[samples, {', '.join(map(str, model.shape))}]"
    if not whole or tuple(given[1:]) != model.shape or not 0 < given[0] < 2**31:
        raise DataError(f"shape: expected {wanted}, at least one sample; got {str(given)[:100]}.")
    return tuple(given)


def _listed(entry: Mapping[str, Any], shape: tuple[int, ...], model: ServedModel) -> np.ndarray:
    """Numbers of the JSON, nested or flat."""
    try:
        found = np.asarray(entry["data"])
    except KeyError:
        raise DataError("data: expected numbers, or binary_data_size among the parameters.") from None
    except (ValueError, OverflowError) as error:
        raise DataError(f"data: expected numbers in rows of one length: {str(error)[:100]}.") from error
    if found.dtype.kind not in ("iu" if model.whole else "iuf"):
        what = "whole numbers, 0 … 255" if model.whole else "numbers"
        raise DataError(f"data: expected {what}.")
    if found.size != prod(shape):
        raise DataError(f"data: expected {show(shape)} = {prod(shape):,} numbers; got {found.size:,}.")
    if found.ndim > 1 and found.shape != shape:
        raise DataError(f"data: expected them flat, or as {show(shape)}; got {show(found.shape)}.")
    if model.whole and (found.min() < 0 or found.max() > 255):
        raise DataError(f"data: expected 0 … 255; got {found.min()} … {found.max()}.")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return found.astype(TYPES[_datatype(model)])


def _packed_values(rest: memoryview, size: Any, shape: tuple[int, ...], model: ServedModel) -> np.ndarray:  # noqa: ANN401
    """Numbers that came as bytes, little-endian."""
    kind = TYPES[_datatype(model)]
    if type(size) is not int or size != prod(shape) * kind.itemsize or size != len(rest):
        wanted = prod(shape) * kind.itemsize
        raise DataError(
            f"binary_data_size: expected {wanted:,} for {show(shape)}, and as many bytes behind the JSON;"
            f" got {str(size)[:30]} and {len(rest):,}."
        )
    return np.frombuffer(rest, kind).copy()  # torch wants memory that may be written


def _wanted(document: Mapping[str, Any], model: ServedModel) -> Mapping[str, bool]:
    """Name → whether as bytes; all of them where none is named."""
    every, binary = _outputs(model), _flag(document, "binary_data_output", False)
    if "outputs" not in document:
        return dict.fromkeys(every, binary)
    wanted = {}
    for entry in _table(document, "outputs"):
        name = entry.get("name")
        if not isinstance(name, str) or name not in every:
            raise DataError(f"outputs: there is no '{str(name)[:50]}'; there is: {', '.join(every)}.")
        if "classification" in _parameters(entry):
            raise DataError("outputs: classification is not known; ask for probabilities.")
        wanted[name] = _flag(entry, "binary_data", binary)
    return wanted


def _flag(entry: Mapping[str, Any], name: str, otherwise: bool) -> bool:
    found = _parameters(entry).get(name, otherwise)
    if not isinstance(found, bool):
        raise DataError(f"{name}: expected true or false.")
    return found


def _said(name: str, model: ServedModel, said: Tensor) -> np.ndarray | list[str]:
    if name == "class":
        places: list[int] = said.argmax(1).tolist()
        return [model.classes[place] for place in places]
    return said.numpy().astype(TYPES[_outputs(model)[name][0]])


def _packed(values: np.ndarray | list[str], datatype: str) -> bytes:
    """As the protocol has them: of texts the length comes first, in four bytes."""
    if isinstance(values, np.ndarray):
        return np.ascontiguousarray(values, TYPES[datatype]).tobytes()
    return b"".join(_texts(values))


def _texts(values: Sequence[str]) -> Iterator[bytes]:
    for text in values:
        content = text.encode("utf-8", "replace")
        yield len(content).to_bytes(4, "little") + content
