"""Weights as safetensors, and beside them the network as a short Python file that needs torch alone.

The code is the captured graph, an operation a line; so any network leaves in the same way.
"""

import keyword
import re
import runpy
import sys
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path

import torch
from safetensors.torch import save
from torch import fx

from convscope.errors import ShipError
from convscope.outputs import OutputForm, head
from convscope.ship.card import Card, as_json
from convscope.ship.form import ShippedAnswers, ShippedForm
from convscope.ship.whole import Captured
from convscope.torch_private import namespace

WRITTEN = "written by convscope"
OURS = "convscope"  # the one key of our metadata, which stand first: several come in any order
NUMBERS = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
    torch.bool: "BOOL",
}  # fmt: skip
TAKEN = {*sys.stdlib_module_names, "torch", "numpy"}  # names of modules that a file beside would hide
MODEL = "model."  # in front of every name, for `Whole` holds it
CHECKS = ("aten._assert", "aten.sym_constrain")  # of torch.export, which compute nothing
CODE = '''\
"""{title}

{written}. It needs torch alone:

    from {module} import load

    network = load("{weights}")
    {said} = network(x)  # x: {input}, {values}, {shape} each
"""

import json
import operator
from pathlib import Path

import torch
from torch import Tensor

aten = torch.ops.aten
CARD = json.loads({card})
DTYPES = {numbers}


def load(path: str | Path):
    """The network with the weights of a safetensors file: raw samples in, {said} out."""
    weights = read(path)

    def answer(x: Tensor) -> Tensor:
        with torch.no_grad():
            return forward(weights, x)

    return answer


def read(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file: 8 bytes say how long the header is, JSON says where each lies."""
    content = bytearray(Path(path).read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    about = json.loads(content[8:start])
    about.pop("__metadata__", None)
    return {{name: _tensor(content, start, each) for name, each in about.items()}}


def _tensor(content: bytearray, start: int, about: dict) -> Tensor:
    first, last = about["data_offsets"]
    numbers = torch.frombuffer(content[start + first : start + last], dtype=DTYPES[about["dtype"]])
    return numbers.reshape(about["shape"])


def forward(w: dict[str, Tensor], x: Tensor) -> Tensor:
    """What the network computes, an operation a line."""
{lines}
'''


def contents(captured: Captured, card: Card, name: str) -> Mapping[str, bytes]:
    """Weights and code.

    Raises:
        ShipError: an operation that is not torch's own, or a part that is no line of Python.
    """
    _demand_module(name)
    program = captured.program
    tensors = {**program.state_dict, **program.constants}
    weights = {each.removeprefix(MODEL): tensor.contiguous().clone() for each, tensor in tensors.items()}
    odd = next((tensor.dtype for tensor in weights.values() if tensor.dtype not in NUMBERS), None)
    if odd:
        raise ShipError(f"the network holds numbers of {odd}.\n  Try .pt2, which holds all that torch has.")
    code = CODE.format(
        title=f"The network of {_plain(card.fields['run'])}: {_plain(card.fields['network'])}.",
        written=WRITTEN.capitalize(),
        module=name,
        weights=f"{name}.safetensors",
        said=captured.said,
        input=card.fields["input"],
        values=card.fields["values"],
        shape=" × ".join(map(str, card.fields["shape"])),
        numbers="{" + ", ".join(f'"{short}": {dtype}' for dtype, short in NUMBERS.items()) + "}",
        card=ascii(as_json(card.fields)),
        lines="\n".join(f"    {line}" for line in _lines(captured)),
    )
    return {".safetensors": save(weights, {OURS: as_json(card.fields)}), ".py": code.encode()}


def _demand_module(name: str) -> None:
    """Refuse a name by which the Python file beside could not be imported, or would hide another module."""
    if not name.isidentifier() or keyword.iskeyword(name) or name in TAKEN:
        raise ShipError(
            f"{name}.safetensors: the Python file beside it is imported by this name.\n"
            "  Call it by letters, digits and _ alone, and not as a module of Python's: my_model.safetensors"
        )


def read(path: Path) -> ShippedAnswers:
    """How the two files answer."""
    load = runpy.run_path(str(path.with_suffix(".py")))["load"]
    network = load(path)
    return lambda x: network(torch.from_numpy(x)).numpy()


def _plain(text: str) -> str:
    """A name within a docstring."""
    return re.sub(r"[^\w .:()+-]", "_", text)


def _lines(captured: Captured) -> Iterator[str]:
    """The graph as Python."""
    signature, words = captured.program.graph_signature, {}
    stored = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    for node in captured.program.graph.nodes:
        match node.op:
            case "placeholder":
                name = stored.get(node.name, "")
                words[node] = f"w[{name.removeprefix(MODEL)!r}]" if name else "x"
            case "call_function":
                words[node] = f"{node.name}_" if keyword.iskeyword(node.name) else node.name
                if not str(node.target).startswith(CHECKS):
                    yield f"{words[node]} = {_called(node)}({', '.join(_arguments(node, words))})"
            case "output":
                yield f"return {words[node.args[0][0]]}"
            case _:
                raise ShipError(f"{node.name} is a graph, no line of Python.\n  Try .pt2, or .onnx.")


def _called(node: fx.Node) -> str:
    """What a node calls: `aten.conv2d`, or `operator.getitem`."""
    space = namespace(node.target)
    if space is None:
        assert callable(node.target), "neither a method nor a module is called in a captured graph"
        return f"operator.{node.target.__name__}"  # sizes and pieces
    if space != "aten":
        raise ShipError(
            f"{node.target} is not torch's own operation.\n  Try .pt2, where its library is there, too."
        )
    return str(node.target).removesuffix(".default")


def _arguments(node: fx.Node, words: Mapping[fx.Node, str]) -> Iterator[str]:
    yield from (_word(each, words) for each in node.args)
    yield from (f"{name}={_word(each, words)}" for name, each in node.kwargs.items())


def _word(value: object, words: Mapping[fx.Node, str]) -> str:
    match value:
        case fx.Node():
            return words[value]
        case list() | tuple():
            return f"[{', '.join(_word(each, words) for each in value)}]"
        case float() if not isfinite(value):
            return f'float("{value}")'
        case torch.device():
            return f'"{value}"'
    return repr(value)


FORM = ShippedForm(
    "safetensors with Python",
    {
        ".safetensors": OutputForm(
            "file of weights", (".safetensors",), lambda path: OURS.encode() in head(path)[:64]
        ),
        ".py": OutputForm(
            "network in Python", (".py",), lambda path: WRITTEN.capitalize().encode() in head(path)
        ),
    },
    contents,
    read,
)
