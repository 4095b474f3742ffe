"""Names with escapes, line breaks, overrides and bytes, through every command: nothing obeys them.

What reaches a terminal is visible, on lines that we made; JSON has the names to the letter.
"""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import convscope
from convscope.cli import execute
from convscope.run.evaluation.metrics import evaluate
from convscope.text import cut, printable

EVIL = "\x1b[31m\n  Error: fake\r\t\x07\u202e\u200b\x9b2J"
BYTES = f"{EVIL}\udce9"  # with a byte that is no UTF-8
CLASS = f"=cat{EVIL}"
NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, space):
        super().__init__()
        self.parts = nn.ModuleDict({"a\\x1b[31m\\nb": nn.Flatten()})
        self.fc = nn.Linear(channels * space[0] * space[1], classes)

    def forward(self, x):
        for part in self.parts.values():
            x = part(x)
        return torch.softmax(self.fc(x), 1)
"""
TYPED = [
    ["check", "{data}"],
    ["check", "{data}", "--all"],
    ["check", "{table}"],
    ["check", "{data}/{evil}"],
    ["train", "{data}", "--network", "{net}:Net", "--epochs", "0.5", "--threads", "1", "--runs", "runs"],
    ["train", "{table}", "--target", "nosuch"],
    ["train", "{data}", "--strict"],
    ["train", "{data}", "--network", "{broken}:Net"],
    ["train", "{data}", "--network", "{net}:{evil}"],
    ["train", "{data}", "--label", "{evil}"],
    ["train", "--resume", "{run}"],
    ["runs", "--runs", "{root}/runs"],
    ["runs", "--runs", "{evil}"],
    ["evaluate", "{run}"],
    ["evaluate", "{run}", "--data", "{data}"],
    ["evaluate", "{evil}"],
    ["predict", "{run}", "{data}"],
    ["predict", "{run}", "{evil}"],
    ["predict", "{run}", "{data}", "-o", "{evil}/p.csv"],
    ["summary", "{run}"],
    ["summary", "{net}:Net", "--input", "1x8x8"],
    ["summary", "{evil}"],
    ["explain", "{run}"],
    ["explain", "{run}", "--op", "fc"],
    ["explain", "{run}", "--op", "{evil}"],
    ["compare", "{run}", "{run}"],
    ["look", "{evil}"],
    ["look", "{run}", "--save", "{evil}.html"],
    ["rule", "{evil}"],
    ["trust", "{evil}"],
    ["trust", "{run}"],
    ["filter", "box-blur", "{picture}"],
    ["filter", "{evil}", "{picture}"],
    ["{evil}"],
    ["networks", "--{evil}"],
    ["data", "{evil}"],
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of pictures, a table, a network and a run, all with such names."""
    root = tmp_path_factory.mktemp("place")
    before = Path.cwd()
    os.chdir(root)
    data = root / f"data{EVIL.replace('/', '')}"
    for name in (CLASS, "dog"):
        (data / name).mkdir(parents=True)
        for place in range(12):
            grey = np.random.default_rng(place).integers(0, 255, (8, 8), dtype=np.uint8)
            Image.fromarray(grey).save(data / name / f"{place}{EVIL}.png")
        (data / name / f"broken{BYTES}.png").write_bytes(b"\x89PNG")
    net, broken = root / f"net{EVIL}.py", root / f"broken{EVIL}.py"
    net.write_text(NET)
    broken.write_text("class Net:\n    oops(")
    table = root / f"table{EVIL}.csv"
    columns = [f"date,temperature{EVIL.replace(chr(10), '')},wind".encode()]
    columns += [f"2024-01-{1 + place % 28:02d},{place},{place % 7}".encode() for place in range(28)]
    table.write_bytes(b"\n".join(columns))
    run = convscope.train(data, network=f"{net}:Net", epochs=0.5, threads=1, runs=root / "runs").path
    run = run.rename(run.with_name(f"run{EVIL}"))
    names = {
        "root": root, "data": data, "net": net, "broken": broken, "table": table, "run": run, "evil": BYTES,
        "picture": next((data / "dog").iterdir()),
    }  # fmt: skip
    yield {name: str(path) for name, path in names.items()}
    os.chdir(before)


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_nothing_that_a_terminal_obeys_is_printed(typed, place, capfd):
    code = execute([word.format(**place) for word in typed])
    printed = capfd.readouterr()
    assert code in (0, 1, 2)
    for line in (printed.out + printed.err).split("\n"):
        assert line.isprintable(), line
        assert not line.lstrip().startswith("Error: fake"), printed
        assert line != line.rstrip() + "[31m"
    assert "did not expect" not in printed.err


def test_json_has_the_names_to_the_letter(place, capfd):
    for typed in (["predict", "{run}", "{data}", "--json"], ["evaluate", "{run}", "--json"]):
        assert execute([word.format(**place) for word in typed]) == 0
        out = capfd.readouterr().out
        assert all(letter.isprintable() or letter == "\n" for letter in out)
        assert EVIL in str_of(json.loads(out))


def str_of(value):
    """All texts of a JSON value, in one."""
    match value:
        case dict():
            return "".join(key + str_of(each) for key, each in value.items())
        case list():
            return "".join(map(str_of, value))
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(
    "name",
    [
        "plain name.png", "猫", "قطة", "می\u200cخواهم", "e\u0301te\u0301", "\U0001f469\u200d\U0001f4bb",
        "\u2764\ufe0f\u200d\U0001f525", "हिन्दी", "क्\u200dष", "Bild\u202f2\u00a0x", "全角\u3000空白", "ß–“”…",
    ],
)  # fmt: skip
def test_names_of_any_language_are_shown_as_they_are(name):
    assert printable(name) == name


@pytest.mark.parametrize(
    "letter",
    ["\x1b", "\n", "\r", "\t", "\x07", "\x7f", "\x9b", "\x85", "\u202e", "\u2066", "\u200b", "\u2028",
     "\ufeff", "\u200d", "\u200c", "\udce9", "\u00ad"],
)  # fmt: skip
def test_what_nobody_sees_is_an_escape(letter):
    shown = printable(f"a{letter}b")
    assert shown.isprintable()
    assert re.fullmatch(r"a\\(n|r|t|x..|u....)b", shown)


def test_a_long_name_is_cut_in_the_middle():
    assert len(cut("a" * 500 + ".png")) == 60
    assert cut("a" * 500 + ".png").endswith("aaa.png")


def test_tables_of_classes_cut_long_names_and_stay_aligned():
    names = ("a" * 300, "b\x1b[1m\nb")
    scores = torch.eye(2)
    lines = evaluate([0, 1], scores, names, ["x", "y"], [0, 1])._class_lines()
    assert len({len(line) for line in lines}) == 1
    assert all(line.isprintable() and len(line) < 110 for line in lines)
