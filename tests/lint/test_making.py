"""A person's file that fails before there is a network: the mistake is named, and the pasted fix runs."""

import json
import re

import pytest
import torch

from convscope import network
from convscope.cli import execute
from convscope.errors import BrokenModel
from convscope.lint import explained
from convscope.opening import open_model

build = explained()(network.build)
HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"
FC = "self.fc = nn.Linear(8, 10)"
CONV = f"self.conv = nn.Conv2d(3, 8, 3)\n{FC}"
FORWARD = "return self.fc(self.conv(x).mean((2, 3)))"


def net(init=CONV, first="super().__init__()"):
    body = "\n".join(f"        {line}" for line in ([first] if first else []) + init.splitlines())
    return (
        f"{HEAD}class Net(nn.Module):\n    def __init__(self):\n{body}\n\n"
        f"    def forward(self, x):\n        {FORWARD}\n"
    )


def layer(made):
    return net(f"self.conv = {made}\n{FC}")


def behind(made):
    return layer(f"nn.Sequential(nn.Conv2d(3, 8, 3), {made})")


BLOCK = (
    "class Block(nn.Module):\n    def __init__(self, a, b):\n        super().__init__()\n"
    "        self.c = nn.Conv2d(a, b, 3)\n\n    def forward(self, x):\n        return self.c(x)\n\n\n"
)
MENDED = {
    "no super": (net(first=""), "Net.__init__ does not call super().__init__().", "super().__init__()"),
    "late super": (
        net(f'"""Doc."""\n{CONV}\nsuper().__init__()', first=""),
        "Net.__init__ makes a layer before it calls super().__init__().",
        "super().__init__()",
    ),
    "super without brackets behind": (
        net(first="super().__init__"),
        "the brackets are missing",
        "super().__init__()",
    ),
    "super without brackets": (
        net(first="super.__init__()"),
        "does not call its __init__",
        "super().__init__()",
    ),
    "super misspelt": (net(first="super()._init_()"), "does not call its __init__", "super().__init__()"),
    "super of another": (
        net(first="super(nn.Linear, self).__init__()"),
        "does not call",
        "super().__init__()",
    ),
    "_init_": (net().replace("__init__(self", "_init_(self"), "written `_init_`", "def __init__(self):"),
    "__int__": (net().replace("__init__(self", "__int__(self"), "written `__int__`", "def __init__(self):"),
    "_init_ of a part": (
        layer("Block(3, 8)").replace(HEAD, HEAD + BLOCK.replace("__init__(self", "_init_(self")),
        "Block has no __init__: it is written `_init_`.",
        "def __init__(self, a, b):",
    ),
    "no self": (net().replace("__init__(self)", "__init__()"), "does not take `self`", "def __init__(self):"),
    "no self in forward": (
        net().replace("(self, x)", "(x)"),
        "Net.forward does not take `self`",
        "def forward(self, x):",
    ),
    "groups": (
        layer("nn.Conv2d(3, 8, 3, groups=2)"),
        "nn.Conv2d cannot split 3 in_channels into 2 groups.",
        "self.conv = nn.Conv2d(3, 8, 3, groups=1)",
    ),
    "groups by place": (layer("nn.Conv2d(3, 8, 3, 1, 0, 1, 2)"), "into 2 groups", "1, 0, 1, 1)"),
    "depthwise": (
        layer("nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 24, 3, groups=16), nn.Conv2d(24, 8, 1))"),
        "cannot split 24 out_channels into 16 groups",
        "groups=8",
    ),
    "same": (
        layer('nn.Conv2d(3, 8, 5, stride=2, padding="same")'),
        "padding='same' and stride=2",
        "padding=2)",
    ),
    "same, dilated, over lines": (
        layer(
            "nn.Conv2d(\n            3,\n            8,\n            (3, 5),\n            2,\n"
            '            dilation=2,\n            padding="same",\n        )'
        ),
        "padding='same'",
        "padding=(2, 4),",
    ),
    "padding word": (layer('nn.Conv2d(3, 8, 5, padding="sme")'), "the word 'sme'", "padding='same'"),
    "group norm": (
        behind("nn.GroupNorm(3, 8)"),
        "cannot split 8 channels into 3 groups",
        "nn.GroupNorm(2, 8)",
    ),
    "group norm exchanged": (
        behind("nn.GroupNorm(8, 4), nn.Conv2d(8, 8, 1)").replace(
            "(3, 8, 3)", "(3, 8, 3), nn.Conv2d(8, 8, 1)"
        ),
        "8 groups",
        "nn.GroupNorm(4, 8)",
    ),
    "list": (
        layer("nn.Sequential([nn.Conv2d(3, 8, 3), nn.ReLU()])"),
        "is a list, not a layer",
        "Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())",
    ),
    "list by name": (
        net(f"layers = [nn.Conv2d(3, 8, 3)]\nself.conv = nn.Sequential(layers)\n{FC}"),
        "a list",
        "(*layers)",
    ),
    "generator": (
        layer("nn.Sequential(nn.Conv2d(3, c, 3) for c in (8,))"),
        "a generator",
        "(*(nn.Conv2d(3, c, 3) for c in (8,)))",
    ),
    "class": (behind("nn.ReLU"), "is the class `nn.ReLU`", "nn.ReLU())"),
    "class in a list": (
        net(
            f"layers = [nn.Conv2d(3, 8, 3)]\nlayers.append(nn.ReLU)\nself.conv = nn.Sequential(*layers)\n{FC}"
        ),
        "is the class `nn.ReLU`",
        "layers.append(nn.ReLU())",
    ),
    "function": (behind("F.relu"), "is the function `F.relu`", "nn.ReLU())"),
    "too few": (
        layer("nn.Conv2d(3, 8)"),
        "nn.Conv2d is missing kernel_size.",
        "nn.Conv2d(3, 8, kernel_size=3)",
    ),
    "norm without channels": (
        behind("nn.BatchNorm2d()"),
        "missing num_features",
        "nn.BatchNorm2d(num_features=8)",
    ),
    "keyword": (layer("nn.Conv2d(3, 8, kernal_size=3)"), "no argument called kernal_size", "kernel_size=3"),
    "keras' keyword": (layer("nn.Conv2d(3, 8, 3, strides=2)"), "called strides", "stride=2"),
    "twice": (layer("nn.Conv2d(3, 8, 3, kernel_size=5)"), "given kernel_size twice", "nn.Conv2d(3, 8, 3)"),
    "fraction": (
        net("self.conv = nn.Conv2d(3, 8, 3)\nself.fc = nn.Linear(16 / 2, 10)"),
        "is 8.0, which is no whole",
        "16 // 2",
    ),
    "fraction by name": (net(f"w = 16 / 2\nself.conv = nn.Conv2d(3, w, 3)\n{FC}"), "is 8.0", "int(w)"),
    "text": (layer("nn.Conv2d(3, '8', 3)"), "is '8', which is no whole number", "nn.Conv2d(3, 8, 3)"),
    "negative": (layer("nn.Conv2d(3, -8, 3)"), "is -8: a size is 1 at least", "nn.Conv2d(3, 8, 3)"),
    "dropout": (behind("nn.Dropout(50)"), "between 0 and 1, and got 50", "nn.Dropout(0.5)"),
    "heads": (
        behind("nn.Identity()") + "\n\nBAD = nn.MultiheadAttention(10, 3)\n",
        "10 features among 3 heads",
        "(10, 2)",
    ),
    "conv2d": (layer("nn.conv2d(3, 8, 3)"), "`nn` has no conv2d", "nn.Conv2d(3, 8, 3)"),
    "Maxpool2d": (behind("nn.Maxpool2d(2)"), "`nn` has no Maxpool2d", "nn.MaxPool2d(2)"),
    "Dense": (
        net("self.conv = nn.Conv2d(3, 8, 3)\nself.fc = nn.Dense(8, 10)"),
        "no Dense",
        "nn.Linear(8, 10)",
    ),
    "torch.Conv2d": (layer("torch.Conv2d(3, 8, 3)"), "`torch` has no Conv2d", "nn.Conv2d(3, 8, 3)"),
    "F.ReLU": (behind("F.ReLU()"), "`F` has no ReLU", "nn.ReLU())"),
    "nn.module": (net().replace("nn.Module", "nn.module"), "no module", "class Net(nn.Module):"),
    "nn as a class": (
        net().replace("(nn.Module)", "(nn)"),
        "cannot be built on `nn`",
        "class Net(nn.Module):",
    ),
    "no parent": (
        net("pass").replace("(nn.Module)", "").replace(FORWARD, "return x"),
        "is not built on nn.Module",
        "class Net(nn.Module):",
    ),
    "nn not imported": (
        net().replace("from torch import nn\n", ""),
        "`nn` is not imported",
        "from torch import nn",
    ),
    "F not imported": (
        behind("nn.ReLU() if F else 0").replace("import torch.nn.functional as F\n", ""),
        "`F` is not imported",
        "import torch.nn.functional as F",
    ),
    "bare": (layer("Conv2d(3, 8, 3)"), "`Conv2d` is not known", "nn.Conv2d(3, 8, 3)"),
    "self forgotten": (
        net("self.conv = nn.Conv2d(3, 8, 3)\nself.fc = nn.Linear(conv.out_channels, 10)"),
        "`conv` is not known",
        "self.conv.out_channels",
    ),
    "self misspelt": (
        net("self.conv = nn.Conv2d(3, 8, 3)\nself.fc = nn.Linear(self.cnv.out_channels, 10)"),
        "has no cnv",
        "self.conv.out_channels",
    ),
    "asked": (
        net().replace("(self)", "(self, hidden, channels)"),
        "asks for hidden",
        "def __init__(self, channels, hidden=64):",
    ),
    "nothing returned": (
        HEAD + "def Net():\n    made = nn.Sequential(nn.Conv2d(3, 8, 3))\n    made.append(nn.ReLU())\n",
        "returns nothing",
        "return made",
    ),
    "nothing returned, one line": (
        HEAD + "def Net():\n    nn.Sequential(nn.Conv2d(3, 8, 3))\n",
        "returns nothing",
        "return nn.Seq",
    ),
    "list returned": (
        HEAD + "def Net():\n    return [nn.Conv2d(3, 8, 3)]\n",
        "makes a list",
        "nn.Sequential(*[nn",
    ),
    "colon": (net().replace("(self, x):", "(self, x)"), "expected ':'", "def forward(self, x):"),
    "colon and comment": (
        net().replace("(nn.Module):", "(nn.Module)  # mine"),
        "expected ':'",
        "class Net(nn.Module):",
    ),
    "bracket": (layer("nn.Conv2d(3, 8, 3"), "'(' was never closed", "nn.Conv2d(3, 8, 3)"),
    "bracket below": (
        layer("nn.Sequential(\n            nn.Conv2d(3, 8, 3),").replace(
            f"        {FC}\n\n", f"\n        # end\n        {FC}\n\n"
        ),
        "never closed",
        ")",
    ),
    "bracket too many": (layer("nn.Conv2d(3, 8, 3))"), "unmatched ')'", "nn.Conv2d(3, 8, 3)"),
    "comma": (layer("nn.Conv2d(3, 8 3)"), "forgot a comma", "nn.Conv2d(3, 8, 3)"),
    "equals": (net().replace("self.conv =", "self.conv"), "invalid syntax", "self.conv = nn.Conv2d(3, 8, 3)"),
    "string": (layer('nn.Conv2d(3, 8, 3, padding="same)'), "unterminated string", 'padding="same")'),
    "indentation": (net().replace("        self.fc =", "       self.fc ="), "unindent", "        self.fc"),
    "indentation, too far": (
        net().replace("        self.fc =", "         self.fc ="),
        "unexpected indent",
        "        self.fc",
    ),
    "foward": (net().replace("forward", "foward"), "it is written `foward`", "def forward(self, x):"),
    "call": (net().replace("forward", "call"), "it is written `call`", "def forward(self, x):"),
    "forward in a method": (
        net()
        .replace("    def forward", "        def forward")
        .replace("        return", "            return"),
        "part of another method",
        "    def forward",
    ),
    "forward in the file": (
        net().replace("    def forward", "def forward").replace("        return", "    return"),
        "part of the file",
        "    def forward",
    ),
    "torhc": ("import torhc\n" + net(), "no module `torhc`", "import torch"),
    "functionnal": (
        net().replace(".functional", ".functionnal"),
        "no module `torch.nn.functionnal`",
        "import torch.nn.functional as F",
    ),
    "Conv2D": (
        "from torch.nn import Conv2D\n" + net(),
        "`torch.nn` has no Conv2D",
        "from torch.nn import Conv2d",
    ),
}


def pasted(text, found):
    """What a person does with the fix, by its words alone."""
    rows, new = text.splitlines(), found.fix.splitlines()
    for place in reversed(found.place.split(" and ")):
        lines = [int(each) for each in re.findall(r"\d+", place)]
        first = lines[0] - 1 if lines else len(rows)
        put = [] if place.startswith("without") else new
        end = first if place.startswith(("in front", "at the end")) else lines[-1]
        old = next((row for row in rows[first:] if row.strip()), "    " if not lines else "")
        indent = "" if put and put[0].startswith(" ") else old[: len(old) - len(old.lstrip())]
        if not lines:
            indent = rows[-1][: len(rows[-1]) - len(rows[-1].lstrip())]
        rows[first:end] = [indent + row for row in put]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("case", MENDED)
def test_the_mistake_is_named_and_the_pasted_fix_gives_a_network_that_runs(case, tmp_path):
    text, what, fix = MENDED[case]
    path = tmp_path / "net.py"
    path.write_text(text)
    with pytest.raises(BrokenModel) as caught:
        open_model(f"{path}:Net", ["3x32x32"])
    found = caught.value.finding
    assert what in found.what
    assert fix in found.fix
    assert found.tried is True
    assert found.where.file == str(path)
    assert found.where.text == text.splitlines()[found.where.line - 1].strip()
    path.write_text(pasted(text, found))
    opened = open_model(f"{path}:Net", ["3x32x32"])
    assert isinstance(opened.model(*opened.inputs), torch.Tensor)


@pytest.mark.parametrize(
    ("text", "what", "advice"),
    [
        (
            layer("nn.Linear(10)"),
            "nn.Linear is missing out_features.",
            "Linear(in_features, out_features, bias=True)",
        ),
        (layer("Block(3)").replace(HEAD, HEAD + BLOCK), "Block is missing b.", "It takes: Block(a, b)"),
        (layer("nn.ReLU(1, 2)"), "nn.ReLU is given 2 arguments, and takes 1 at most.", "ReLU(inplace=False)"),
        (
            layer("nn.Conv2d(3, 8, 3, activation='relu')"),
            "no argument called activation",
            "put nn.ReLU() behind",
        ),
        (behind("nn.BatchNorm2d"), "is the class `nn.BatchNorm2d`", "BatchNorm2d(num_features, eps"),
        (
            net(f"n = 3\nself.conv = nn.Conv2d(3, n - 5, 3)\n{FC}"),
            "out_channels of nn.Conv2d is -2",
            "computed from",
        ),
        (layer("nn.Linear((8, 3), 10)"), "in_features of nn.Linear is (8, 3): one number", "nn.Flatten()"),
        ("import sys\nsys.exit(3)\n" + net(), "ends the program while it is imported", "__main__"),
        (
            "import sys\n" + net(f"sys.exit(3)\n{FC}"),
            "Net ends the program while it is made.",
            "raise an error",
        ),
        (net().partition("    def forward")[0], "Net has no forward.", "Write `def forward(self, x):`"),
        (net("1 / 0"), "Net cannot be made: division by zero.", ""),
    ],
)
def test_where_no_line_can_be_known_the_words_say_what_to_do(text, what, advice, tmp_path):
    (tmp_path / "net.py").write_text(text)
    with pytest.raises(BrokenModel) as caught:
        build(f"{tmp_path / 'net.py'}:Net", 3, 10, (32, 32))
    found = caught.value.finding
    assert what in found.what
    assert advice in found.advice
    assert (found.fix, found.tried) == ("", None)


def test_a_fix_that_is_not_enough_says_so_and_what_comes_later_does_not_count(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(net("self.conv = nn.conv2d(3, 8, 3)\nself.fc = nn.Linear(8, 10, 1, 2, 3, 4)"))
    with pytest.raises(BrokenModel) as caught:
        build(f"{path}:Net", 3, 10, (32, 32))
    assert caught.value.finding.tried is True  # it fails again, two lines further down
    path.write_text(net(f"self.conv = nn.Conv2d(3, 8, kernel=3, colour=1)\n{FC}"))
    with pytest.raises(BrokenModel) as caught:
        build(f"{path}:Net", 3, 10, (32, 32))
    assert caught.value.finding.tried is False
    assert "this alone is not enough" in str(caught.value)


@pytest.mark.parametrize("command", [["summary"], ["explain"], ["compare", "plain"], ["look", "--no-open"]])
def test_each_command_says_the_same_and_ends(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(net(first=""))
    assert execute([*command, "net.py:Net", "--input", "3x32x32"]) == 1
    out, err = capsys.readouterr()
    assert err == (
        "Error: Net.__init__ does not call super().__init__().\n"
        "  Where: `Net`, net.py:8: `self.conv = nn.Conv2d(3, 8, 3)`\n"
        "  Why: nn.Module keeps its layers in lists that"
        " its own __init__ makes; before it there are none.\n"
        "  Fix, in front of line 8 (tried: the model comes past this point):\n"
        "      super().__init__()\n"
        "  The message was: AttributeError: cannot assign module before Module.__init__() call\n"
        "  Rule: missing-super-init · convscope rule missing-super-init\n"
    )
    assert out == ""


def test_as_json_it_is_the_same_diagnosis(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(net(first=""))
    assert execute(["summary", "net.py:Net", "--input", "3x32x32", "--json"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)["diagnosis"]
    assert (found["fix"], found["place"], found["tried"]) == (
        "super().__init__()",
        "in front of line 8",
        True,
    )
    assert found["where"]["line"] == 8
    assert err.startswith("Error: ")  # the sentence for whoever watches; standard output is JSON alone


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("nn.Conv2d(3, 8)", "nn.Conv2d(3, 8, kernel_size=3)"),
        ("nn.Linear(128 / 2, 10)", "nn.Linear(128 // 2, 10)"),
        ("nn.Sequential([nn.ReLU()])", "nn.Sequential(nn.ReLU())"),
        (
            "nn.Sequential(nn.Conv2d(3, 16, 3, groups=2), nn.ReLU())",
            "nn.Sequential(nn.Conv2d(3, 16, 3, groups=1), nn.ReLU())",
        ),
        ("nn.GroupNorm(3, 8)", "nn.GroupNorm(2, 8)"),
    ],
)
def test_a_typed_layer_is_mended_as_well(typed, fix):
    with pytest.raises(BrokenModel) as caught:
        open_model(typed, ["3x8x8"])
    assert (caught.value.finding.fix, caught.value.finding.tried) == (fix, True)
    assert open_model(fix, ["3x8x8"]).model is not None


@pytest.mark.parametrize("size", ["float('inf')", "float('nan')", "1e400"])
def test_a_size_without_end_gets_a_sentence(tmp_path, monkeypatch, capsys, size):
    monkeypatch.chdir(tmp_path)
    text = f"from torch import nn\n\n\ndef net():\n    return nn.Sequential(nn.Conv2d(3, {size}, 3))\n"
    (tmp_path / "net.py").write_text(text)
    assert execute(["summary", "net.py:net", "--input", "3x8x8"]) == 1
    said = capsys.readouterr().err
    assert "which is no whole number" in said
    assert "did not expect" not in said
