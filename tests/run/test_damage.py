"""One bit, one file: refused, and named."""

import json
import random
import struct
from pathlib import Path

import pytest

from convscope.errors import RunError
from convscope.run import files, load, manifest
from convscope.run.weights import pack, unpack

FINISHED = [
    "settings.toml",
    "manifest.json",
    "best.safetensors",
    "last.safetensors",
    "history.csv",
    "steps.csv",
]
INTERRUPTED = [*FINISHED[:3], "checkpoint.json", "checkpoint-6.safetensors", "history.csv", "notices.csv"]


def assert_every_flip_is_refused(path: Path, length: int) -> None:
    sound, positions = path.read_bytes(), random.Random(path.name)
    for _ in range(25):
        damaged, position = bytearray(sound), positions.randrange(length)
        damaged[position] ^= 1 << positions.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(RunError) as refused:
            load(path.parent)
        what, *todo = str(refused.value).splitlines()
        assert path.name in what, f"byte {position}: {what}"
        assert todo
    path.write_bytes(sound)
    load(path.parent)


@pytest.mark.parametrize("name", FINISHED)
def test_a_flipped_bit_in_a_finished_run(finished, name):
    path = finished.path / name
    assert_every_flip_is_refused(path, path.stat().st_size)


@pytest.mark.parametrize("name", INTERRUPTED)
def test_a_flipped_bit_in_an_interrupted_run(interrupted, name):
    path = interrupted.path / name
    marks = json.loads((interrupted.path / "checkpoint.json").read_text())["tables"]
    assert_every_flip_is_refused(path, marks[name][0] if name in marks else path.stat().st_size)


@pytest.mark.parametrize("name", FINISHED)
def test_a_missing_file(finished, name):
    (finished.path / name).unlink()
    with pytest.raises(RunError, match=f"{name} is missing"):
        load(finished.path)


@pytest.mark.parametrize("length", [0, 1, 100])
@pytest.mark.parametrize("name", ["best.safetensors", "manifest.json", "settings.toml"])
def test_a_file_cut_short(finished, name, length):
    (finished.path / name).write_bytes((finished.path / name).read_bytes()[:length])
    with pytest.raises(RunError, match=name):
        load(finished.path)


def test_lines_added_to_a_finished_history(finished):
    with (finished.path / "history.csv").open("a") as file:
        file.write("3,9,0,1,0,1,1,0.1,1,1,1,yes\n")
    with pytest.raises(RunError, match=r"history\.csv is damaged, or was changed"):
        load(finished.path)


def forge(folder: Path, name: str, content: bytes) -> None:
    """Put content into a run as one would who also writes the manifest anew."""
    (folder / name).write_bytes(content)
    forged = manifest.Manifest.read(folder)
    forged.versions[name] = [files.digest(content)]
    forged.write()


def header(text: str, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text.encode()


HOSTILE = {
    "empty": b"",
    "pickle": b"\x80\x04cposix\nsystem\n(S'touch pwned'\ntR.",
    "zip, as torch.save writes": b"PK\x03\x04" + bytes(100),
    "header of exabytes": header("{}", 2**62),
    "header longer than the file": header("{}", 100),
    "not JSON": header("{[}"),
    "deeply nested": header("[" * 50_000),
    "negative offsets": header('{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}'),
    "offsets that overlap": header(
        '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}'
    )
    + bytes(12),
    "offsets beyond the end": header('{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}') + bytes(4),
    "shape of exabytes": header('{"w":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}}')
    + bytes(4),
    "shape that overflows": header(
        '{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'
    ),
    "unknown type": header('{"w":{"dtype":"PICKLE","shape":[1],"data_offsets":[0,4]}}') + bytes(4),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_weights_file_even_with_the_right_hash(finished, what):
    forge(finished.path, "best.safetensors", HOSTILE[what])
    with pytest.raises(RunError, match=r"best\.safetensors"):
        load(finished.path).model()
    assert not Path("pwned").exists()


def test_a_pickle_is_named_as_what_it_is(finished):
    forge(finished.path, "best.safetensors", HOSTILE["pickle"])
    with pytest.raises(RunError, match=r"(?s)not a sound safetensors.*looks like a pickle .* can run code"):
        load(finished.path).model()


def test_weights_of_another_network(finished, training):
    tensors = unpack((finished.path / "best.safetensors").read_bytes(), "best")
    name = next(name for name in tensors if name.endswith("weight"))
    changed = {key: value for key, value in tensors.items() if not key.endswith("bias")}
    changed[name], changed["extra"] = tensors[name].flatten(), tensors[name]
    forge(finished.path, "best.safetensors", pack(changed))
    with pytest.raises(RunError) as refused:
        load(finished.path).model()
    message = str(refused.value)
    assert "do not fit the network" in message
    assert "extra is not in the network" in message
    assert "bias is missing" in message
    assert f"{name} is {tensors[name].numel()}, the network wants " in message


def test_whole_numbers_for_weights(finished):
    tensors = unpack((finished.path / "best.safetensors").read_bytes(), "best")
    forge(finished.path, "best.safetensors", pack({name: value.long() for name, value in tensors.items()}))
    with pytest.raises(RunError, match=r"holds torch\.int64, the network wants torch\.float32"):
        load(finished.path).model()


def test_settings_of_a_newer_version(finished):
    text = (finished.path / "settings.toml").read_text().replace("format = 1", "format = 2")
    forge(finished.path, "settings.toml", text.encode())
    with pytest.raises(RunError, match=r"which this version .* cannot read.\n  Update: pip install"):
        load(finished.path)


def test_settings_that_make_no_sense(finished):
    text = (finished.path / "settings.toml").read_text().replace("lr = 0.1", "lr = -1\nspeed = 9")
    forge(finished.path, "settings.toml", text.encode())
    with pytest.raises(RunError) as refused:
        load(finished.path)
    assert "training.lr: Input should be greater than 0" in str(refused.value)
    assert "training.speed: there is no such setting" in str(refused.value)


def test_a_checkpoint_that_points_elsewhere(interrupted):
    record = json.loads((interrupted.path / "checkpoint.json").read_text())
    record["file"] = "../../secret"
    forge(interrupted.path, "checkpoint.json", json.dumps(record).encode())
    with pytest.raises(RunError, match="is not the name of a checkpoint"):
        load(interrupted.path)


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "{}", "[]", "null", '{"format": 9, "files": {}, "facts": {}}']
)
def test_a_hostile_manifest(finished, content):
    (finished.path / "manifest.json").write_text(content)
    with pytest.raises(RunError, match=r"manifest\.json"):
        load(finished.path)
