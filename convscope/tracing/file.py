"""A trace in a file: one safetensors file, its structure as JSON in the header; no pickle, so no code."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from convscope import system
from convscope.arguments import demand_path
from convscope.errors import DataError, TraceError
from convscope.outputs import Output, OutputForm
from convscope.torch_private import data_address
from convscope.tracing.codec import DTYPES, decode, encode
from convscope.tracing.graph import Call, Failure, Node, Source, Trace, Value
from convscope.tracing.structure import tensors_of

FORMAT = "convscope trace 1"
ROLES = ("input", "parameter", "buffer", "constant", "activation")


def save(trace: Trace, path: Path, *, force: bool = False) -> None:
    """Write a trace; the file appears whole or not at all.

    Raises:
        TraceError: the folder cannot be written to, or there is a file that is no trace; see `outputs`.
    """
    try:
        Output(path, TRACE, force=force).demand()
    except DataError as error:
        raise TraceError(str(error)) from error
    shelf = _Shelf()
    text = json.dumps(_trace_record(trace, shelf), allow_nan=False)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(shelf.tensors, partial, {"format": FORMAT, "trace": text})
        system.rename(partial, path)
    except (OSError, SafetensorError) as error:
        raise TraceError(f"{path} cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def load_trace(path: str | Path) -> Trace:
    """Read a trace that `Trace.save` wrote.

    Raises:
        TraceError: there is no such file, or it is none of ours, or damaged.
    """
    demand_path("path", path, "the path of a file that Trace.save wrote")
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise TraceError(f"{path} is no trace of convscope.\n  `trace.save(path)` writes one.")
            shelf = _Shelf({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - no dict
        trace = _trace(json.loads(metadata["trace"]), shelf)
        _check(trace)
    except FileNotFoundError as error:
        raise TraceError(f"there is no file {path}.") from error
    except (OSError, SafetensorError, *DAMAGE) as error:
        raise TraceError(f"{path} is damaged: {error}\n  Trace again, and save.") from error
    return trace


# What reading raises where the file does not say what `save` writes.
DAMAGE = (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError, OverflowError)


def _is_trace(path: Path) -> bool:
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("format") == FORMAT
    except SafetensorError:
        return False


TRACE = OutputForm("trace", (), _is_trace)


class _Shelf:
    """Tensors by name; what shares its memory (a view that is all of another tensor) is stored once."""

    def __init__(self, tensors: dict[str, Tensor] | None = None) -> None:
        self.tensors = tensors or {}
        self._names: dict[tuple[int, int, int, torch.dtype], str] = {}

    def put(self, tensor: Tensor | None) -> list[Any] | None:
        """Store the memory from a tensor's first number to its last, so that its strides stay."""
        if tensor is None or tensor.layout != torch.strided:
            return None
        plain = tensor.resolve_conj().resolve_neg()
        steps = zip(plain.shape, plain.stride(), strict=True)
        span = 1 + sum((size - 1) * stride for size, stride in steps) if plain.numel() else 0
        memory = data_address(plain)
        key = (memory, int(plain.storage_offset()), int(span), plain.dtype)
        name = self._names.setdefault(key, f"t{len(self.tensors)}")
        if name not in self.tensors or not span:
            flat = plain.as_strided((span,), (1,))
            real = torch.view_as_real(flat) if flat.is_complex() else flat
            self.tensors[name] = real.flatten().to("cpu", copy=True)
        return [name, list(plain.shape), list(plain.stride()), str(plain.dtype)]

    def get(self, record: list[Any] | None) -> Tensor | None:
        """The way back; torch checks that the strides stay within the memory."""
        if record is None:
            return None
        name, shape, strides, dtype = record
        flat = self.tensors[name]
        if DTYPES[dtype].is_complex:
            flat = torch.view_as_complex(flat.view(-1, 2))
        if flat.dtype != DTYPES[dtype]:
            raise ValueError(f"tensor {name} is {flat.dtype}, not {dtype}")
        return flat.as_strided(shape, strides)


def _trace_record(trace: Trace, shelf: _Shelf) -> dict[str, Any]:
    failure = trace.failure
    return {
        "model": trace.model,
        "calls": [
            [each.path, each.kind, each.number, each.parent, each.training, each.inputs, each.outputs]
            for each in trace.calls
        ],
        "values": [_value_record(each, shelf) for each in trace.values],
        "nodes": [_node_record(each, shelf) for each in trace.nodes],
        "given": encode(trace.given),
        "output": encode(trace.output),
        "numbers": [trace.seconds, trace.kernels, trace.score, trace.dropped, trace.memory],
        "failure": failure
        and [
            failure.kind,
            failure.message,
            failure.node and _node_record(failure.node, shelf),
            failure.call,
            failure.source,
        ],
    }


def _value_record(value: Value, shelf: _Shelf) -> list[Any]:
    kind = [value.role, value.name, value.shape, str(value.dtype), value.device]
    return [*kind, value.producer, value.position, shelf.put(value.tensor), shelf.put(value.gradient)]


# What JSON takes as it is.
PLAIN = (
    *("index", "op", "function", "call", "inputs", "outputs", "changed"),
    *("name", "seconds", "kernels", "followed", "seen"),
)


def _node_record(node: Node, shelf: _Shelf) -> dict[str, Any]:
    return {name: getattr(node, name) for name in PLAIN} | {
        "args": encode(node.args),
        "kwargs": encode(node.kwargs),
        "result": encode(node.result),
        "source": node.source,
        "random_state": shelf.put(node.random_state),
        "autocast": encode(node.autocast),
    }


def _trace(record: dict[str, Any], shelf: _Shelf) -> Trace:
    seconds, kernels, score, dropped, memory = record["numbers"]
    return Trace(
        str(record["model"]),
        [_call(index, each) for index, each in enumerate(record["calls"])],
        [_node(each, shelf) for each in record["nodes"]],
        [_value(index, each, shelf) for index, each in enumerate(record["values"])],
        decode(record["output"]),
        record["failure"] and _failure(record["failure"], shelf),
        float(seconds),
        int(kernels),
        _optional(score),
        int(dropped),
        int(memory),
        decode(record["given"]),
    )


def _call(index: int, record: list[Any]) -> Call:
    path, kind, number, parent, training, inputs, outputs = record
    ends = tuple(map(int, inputs)), tuple(map(int, outputs))
    return Call(index, str(path), str(kind), int(number), _optional(parent), bool(training), *ends)


def _value(index: int, record: list[Any], shelf: _Shelf) -> Value:
    role, name, shape, dtype, device, producer, position, tensor, gradient = record
    sizes, made_by = tuple(map(int, shape)), _optional(producer)
    value = Value(index, role, str(name), sizes, DTYPES[dtype], str(device), made_by, int(position))
    value.tensor, value.gradient = shelf.get(tensor), shelf.get(gradient)
    kept = [each.shape for each in (value.tensor, value.gradient) if each is not None]
    if role not in ROLES or any(shape != value.shape for shape in kept):
        raise ValueError(f"value {index} is not what it says")
    return value


def _node(record: dict[str, Any], shelf: _Shelf) -> Node:
    return Node(
        int(record["index"]),
        str(record["op"]),
        str(record["function"]),
        int(record["call"]),
        tuple(decode(record["args"])),
        dict(decode(record["kwargs"])),
        decode(record["result"]),
        tuple(map(int, record["inputs"])),
        tuple(map(int, record["outputs"])),
        tuple((int(before), int(after)) for before, after in record["changed"]),
        str(record["name"]),
        _source(record["source"]),
        float(record["seconds"]),
        tuple(map(str, record["kernels"])),
        shelf.get(record["random_state"]),
        tuple(map(int, record["followed"])),
        decode(record["autocast"]),
        bool(record["seen"]),
    )


def _failure(record: list[Any], shelf: _Shelf) -> Failure:
    kind, message, node, call, source = record
    return Failure(str(kind), str(message), node and _node(node, shelf), int(call), _source(source))


def _source(record: list[Any] | None) -> Source | None:
    if record is None:
        return None
    file, line, function, text = record
    return Source(str(file), int(line), str(function), str(text))


def _optional(index: int | None) -> int | None:
    return None if index is None else int(index)


def _check(trace: Trace) -> None:
    """Every index points at something that is there."""
    broken = [trace.failure.node] if trace.failure and trace.failure.node else []
    values = [trace.score, *tensors_of((trace.output, trace.given))]
    nodes = [value.producer for value in trace.values]
    calls: list[int | None] = [trace.failure.call] if trace.failure else []
    for call in trace.calls:
        values += (*call.inputs, *call.outputs)
        calls.append(call.parent)
    for node in (*trace.nodes, *broken):
        values += (
            *node.inputs,
            *node.outputs,
            *node.followed,
            *itertools.chain(*node.changed),
        )
        values += tensors_of((node.args, node.kwargs, node.result))
        calls.append(node.call)
    for indices, there in ((values, trace.values), (nodes, trace.nodes), (calls, trace.calls)):
        if any(index is not None and not 0 <= index < len(there) for index in indices):
            raise ValueError("it refers to something that it does not contain")
    if any(node.index != place for place, node in enumerate(trace.nodes)):
        raise ValueError("its operations are not in order")
    if any(call.parent is not None and call.parent >= call.index for call in trace.calls):
        raise ValueError("its calls are not in order")
