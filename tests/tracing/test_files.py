"""Traces in files: whatever a file says, it either is a trace or is refused in words."""

import json
import pickle
import random
import struct

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from convscope.errors import TraceError
from convscope.tracing import load_trace, replay, trace
from convscope.tracing.codec import decode, encode
from convscope.tracing.file import FORMAT
from convscope.tracing.names import function_at
from convscope.tracing.structure import Ref, Unkept


@pytest.fixture
def saved(tmp_path):
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Dropout(), nn.Flatten(), nn.Linear(8, 2)
    )
    path = tmp_path / "net.trace"
    trace(net, torch.randn(1, 1, 4, 4), score=0).save(path)
    return path


def changed(path, change):
    """The file again, with another record."""
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    told = json.loads(header["__metadata__"]["trace"])
    change(told)
    header["__metadata__"]["trace"] = json.dumps(told)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])
    return path


def test_a_loaded_trace_has_no_code_and_no_modules(saved):
    result = load_trace(saved)
    assert all(call.module is None for call in result.calls)
    assert b"pickle" not in saved.read_bytes()
    assert [replay(result, node).exact for node in result.nodes] == [True] * 5


def test_a_loaded_trace_has_its_views_and_strides(tmp_path):
    def model(x):
        return x.t()[1:, ::2], x[1].expand(3, 4), x.transpose(0, 1).contiguous().t()

    result = trace(model, torch.arange(12.0).view(3, 4))
    result.save(tmp_path / "views")
    again = load_trace(tmp_path / "views")
    for one, other in zip(result.values, again.values, strict=True):
        assert torch.equal(one.tensor, other.tensor)
        assert one.tensor.stride() == other.tensor.stride()


def test_every_type_of_number_comes_back(tmp_path):
    types = [
        *(torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128, torch.bool),
        *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.float8_e4m3fn),
    ]
    result = trace(lambda x: [x.to(dtype) for dtype in types], torch.tensor([[0.0, 1.0, 2.0]]))
    result.save(tmp_path / "types")
    again = load_trace(tmp_path / "types")
    assert [value.dtype for value in again.values[1:]] == types
    for one, other in zip(result.values, again.values, strict=True):
        assert torch.equal(one.tensor.to(torch.complex128), other.tensor.to(torch.complex128))


def test_a_trace_without_numbers_can_be_saved(tmp_path):
    trace(nn.Linear(2, 3), torch.ones(1, 2), keep=False).save(tmp_path / "shapes")
    again = load_trace(tmp_path / "shapes")
    assert again.values[-1].shape == (1, 3)
    assert replay(again, again.nodes[0]).reason.startswith("the numbers of value")


@pytest.mark.parametrize(
    "structure",
    [
        *(None, True, 3, "text", 2.5, float("inf"), 1 + 2j, (1, [2, {"a": (Ref(4),)}]), {1: 2, (3,): 4}),
        *(slice(1, None, 2), ..., torch.float16, torch.device("cpu"), torch.channels_last, torch.strided),
    ],
)
def test_arguments_come_back(structure):
    assert decode(json.loads(json.dumps(encode(structure)))) == structure


def test_what_a_file_does_not_keep_is_said(tmp_path):
    weird = object()
    assert decode(encode((1, weird))) == (1, Unkept("a object"))
    result = trace(lambda x: torch.tensor_split(x, 2), torch.ones(4))
    result.nodes[0].kwargs["extra"] = weird
    result.save(tmp_path / "weird")
    again = load_trace(tmp_path / "weird")
    expected = "'tensor_split' was called with a object, which a file does not keep."
    assert replay(again, again.nodes[0]).reason == expected


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(TraceError, match=r"there is no file .*nothing"):
        load_trace(tmp_path / "nothing")
    with pytest.raises(TraceError, match="nowhere"):
        trace(nn.ReLU(), torch.ones(1)).save(tmp_path / "nowhere" / "file")


def test_another_file_is_refused(tmp_path):
    save_file({"weight": torch.ones(2)}, tmp_path / "weights")
    with pytest.raises(TraceError, match=r"is no trace of convscope.\n  `trace.save"):
        load_trace(tmp_path / "weights")
    (tmp_path / "pickle").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for name in ("pickle", "empty", "folder"):
        with pytest.raises(TraceError, match="is damaged"):
            load_trace(tmp_path / name)


def test_a_failed_save_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(
        "convscope.tracing.file.save_file", lambda *_: (_ for _ in ()).throw(OSError("disk full"))
    )
    with pytest.raises(TraceError, match="cannot be written: disk full"):
        trace(nn.ReLU(), torch.ones(1)).save(saved)
    assert saved.read_bytes() == before
    assert [each.name for each in saved.parent.iterdir()] == [saved.name]


def test_every_cut_is_noticed(saved):
    content = saved.read_bytes()
    for length in range(0, len(content), 97):
        saved.write_bytes(content[:length])
        with pytest.raises(TraceError):
            load_trace(saved)


LIES = {
    "a value that is not there": lambda told: told["nodes"][0].update(inputs=[10**6]),
    "a negative value": lambda told: told["nodes"][0].update(outputs=[-1]),
    "a reference to nothing": lambda told: told["nodes"][0].update(args={"tuple": [{"ref": 99}]}),
    "a call that is not there": lambda told: told["nodes"][0].update(call=77),
    "nodes out of order": lambda told: told["nodes"].reverse(),
    "a call within itself": lambda told: told["calls"][1].__setitem__(3, 1),
    "another shape": lambda told: told["values"][0].__setitem__(2, [7]),
    "strides beyond the memory": lambda told: told["values"][0][7].__setitem__(2, [16, 16, 10**9, 1]),
    "a negative stride": lambda told: told["values"][0][7].__setitem__(2, [-1, 1, 1, 1]),
    "a tensor that is not there": lambda told: told["values"][0][7].__setitem__(0, "nothing"),
    "another type of number": lambda told: told["values"][0][7].__setitem__(3, "torch.int64"),
    "no type of number": lambda told: told["values"][0].__setitem__(3, "os.system"),
    "no such role": lambda told: told["values"][0].__setitem__(0, "spy"),
    "something unknown": lambda told: told["nodes"][0].update(args={"eval": "1"}),
    "two things at once": lambda told: told["nodes"][0].update(args={"ref": 1, "tuple": []}),
    "no nodes": lambda told: told.pop("nodes"),
    "numbers for nodes": lambda told: told.update(nodes=3),
    "text for a number": lambda told: told["numbers"].__setitem__(1, "many"),
    "no list": lambda told: told["calls"].__setitem__(0, None),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused(saved, lie):
    changed(saved, LIES[lie])
    with pytest.raises(TraceError, match="is damaged"):
        load_trace(saved)


def test_brackets_without_end_are_refused(tmp_path):
    text = '{"output": ' + "[" * 100_000 + "]" * 100_000 + "}"
    save_file({"t0": torch.ones(1)}, tmp_path / "deep", {"format": FORMAT, "trace": text})
    with pytest.raises(TraceError, match="is damaged"):
        load_trace(tmp_path / "deep")


def test_random_damage_is_a_trace_or_refused(saved):
    content, generator = saved.read_bytes(), random.Random(3)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(generator.randint(1, 4)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        saved.write_bytes(bytes(damaged))
        try:
            result = load_trace(saved)
        except TraceError:
            continue
        for node in result.nodes:
            assert isinstance(replay(result, node).exact, bool)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "os.system",
            "torch.load",
            "torch.save",
            "torch.from_file",
            "torch._VF.from_file",
            "torch.hub.load",
        ),
        *(
            "torch.ops.aten.from_file.default",
            "torch.ops.aten.from_file.out",
            "torch.compile",
            "torch.package",
        ),
        *("builtins.eval", "torch.ops.loaded.x.default", "", "torch", "torch.Tensor.__class__.__set__"),
        *("torch.nn.functional.__builtins__", "torch.nn.functional.importlib", "torch.set_default_device"),
    ],
)
def test_a_file_can_name_no_code(saved, address):
    assert function_at(address) is None
    changed(saved, lambda told: told["nodes"][0].update(function=address))
    assert "torch does not keep that function" in replay(load_trace(saved), load_trace(saved).nodes[0]).reason


def test_the_format_is_named(saved):
    content = saved.read_bytes()
    saved.write_bytes(content.replace(FORMAT.encode(), b"convscope trace 9"))
    with pytest.raises(TraceError, match="is no trace of convscope"):
        load_trace(saved)
