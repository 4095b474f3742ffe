"""`convscope summary`, `explain` and `compare`, as typed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import correlate

from convscope import train
from convscope.cli import execute
from convscope.opening import open_model

WRONG = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5)
        self.fc = nn.Linear(1024, 10)
    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train("digits", network="plain", epochs=0.2, runs=tmp_path_factory.mktemp("world") / "runs")


def printed(capsys, *words, code=0):
    found = execute(list(words))
    out, err = capsys.readouterr()
    assert found == code, err
    return out


def test_a_layer_as_it_is_typed(capsys):
    text = printed(capsys, "summary", "nn.Conv1d(2, 5, 3, stride=2)", "--input", "2x5")
    assert text.startswith("nn.Conv1d(2, 5, 3, stride=2): random numbers, 2 × 5\nConv1d on input 1 × 2 × 5\n")
    assert "⌊(5 + 2·0 − 3)/2⌋ + 1 = 2" in text
    assert "5·(2·3 + 1) = 35" in text


def test_summary_as_json_and_markdown(capsys):
    found = json.loads(printed(capsys, "summary", "lenet5", "--input", "1x28x28", "--json"))
    assert found["totals"]["parameters"] == 61_706
    table = printed(capsys, "summary", "lenet5", "--input", "1x28x28", "--markdown")
    assert "| `conv1` |" in table


def test_depth_and_formulas(capsys):
    short = printed(capsys, "summary", "resnet", "--input", "3x32x32", "--depth", "1")
    assert "block1" not in short
    assert "MACs: " not in short.split("\n\n")[1]
    assert "parameters: 16·" in printed(capsys, "summary", "resnet", "--input", "3x32x32", "--formulas")


def test_a_model_that_fails_is_explained_and_the_command_fails(capsys, tmp_path):
    (tmp_path / "net.py").write_text(WRONG)
    for command in ("summary", "explain"):
        text = printed(capsys, command, "net.py:Net", "--input", "1x28x28", code=1)
        assert "self.fc = nn.Linear(9216, 10)" in text
    found = json.loads(printed(capsys, "summary", "net.py:Net", "--input", "1x28x28", "--json", code=1))
    assert found["diagnosis"]["fix"] == "self.fc = nn.Linear(9216, 10)"


def test_operations_are_listed(capsys):
    text = printed(capsys, "explain", "plain", "--input", "1x28x28")
    assert "conv2" in text
    assert "1 × 32 × 14 × 14" in text
    rows = json.loads(printed(capsys, "explain", "plain", "--input", "1x28x28", "--json"))
    assert {"name": "conv2", "op": "conv2d", "output": [1, 32, 14, 14], "explained": True} in rows


def test_one_number_is_scipys(capsys):
    words = (
        "explain",
        "nn.Conv2d(2, 3, 3, padding=1)",
        "--input",
        "2x6x7",
        "--op",
        "conv2d",
        "--at",
        "2,4,5",
    )
    found = json.loads(printed(capsys, *words, "--json"))
    opened = open_model("nn.Conv2d(2, 3, 3, padding=1)", ["2x6x7"])
    x = np.pad(opened.inputs[0][0].double().numpy(), [(0, 0), (1, 1), (1, 1)])
    weight = opened.model.weight[2].detach().double().numpy()
    expected = correlate(x, weight, mode="valid")[0][4, 5] + opened.model.bias[2].item()
    assert found["result"] == pytest.approx(expected, rel=1e-12)
    assert found["holds"]


def test_the_script_runs_and_agrees(capsys):
    script = printed(capsys, "explain", "plain", "--input", "1x28x28", "--op", "fc", "--at", "3", "--python")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    result, network, _ = map(float, done.stdout.split())
    assert result == pytest.approx(network, rel=1e-4)


def test_a_model_of_one_operation_needs_no_name_for_it(capsys):
    words = ("explain", "nn.Linear(4, 9)", "--input", "4", "--python")
    assert printed(capsys, *words) == printed(capsys, *words, "--op", "linear")


def test_without_a_place_the_largest_is_taken_and_said(capsys):
    words = ("explain", "nn.Linear(4, 9)", "--input", "4", "--op", "linear")
    assert "Without --at: the number of the output that is farthest from 0." in printed(capsys, *words)
    found = json.loads(printed(capsys, *words, "--json"))
    opened = open_model("nn.Linear(4, 9)", ["4"])
    assert found["at"] == [0, int(opened.model(*opened.inputs).abs().argmax())]


def test_a_gradient_is_autograds(capsys):
    words = (
        "explain",
        "lenet5",
        "--input",
        "1x28x28",
        "--op",
        "conv2",
        "--gradient",
        "weight",
        "--score",
        "4",
    )
    found = json.loads(printed(capsys, *words, "--at", "3,1,2,4", "--json"))
    opened = open_model("lenet5", ["1x28x28"])
    opened.model(*opened.inputs)[0, 4].backward()
    expected = opened.model.conv2.weight.grad[3, 1, 2, 4].item()
    assert found["result"] == pytest.approx(expected, rel=1e-4)
    assert found["about"] == "weight"
    largest = json.loads(printed(capsys, *words, "--json"))
    assert abs(largest["result"]) == pytest.approx(
        opened.model.conv2.weight.grad.abs().max().item(), rel=1e-4
    )


def test_the_score_is_the_largest_output_if_it_is_not_said(capsys):
    words = ("explain", "lenet5", "--input", "1x28x28", "--op", "fc3", "--gradient", "bias", "--json")
    opened = open_model("lenet5", ["1x28x28"])
    winner = int(opened.model(*opened.inputs).argmax())
    assert json.loads(printed(capsys, *words, "--at", str(winner)))["result"] == 1
    assert json.loads(printed(capsys, *words, "--at", str((winner + 1) % 10)))["result"] == 0


def test_a_run_is_explained_on_its_own_test_data(capsys, run):
    text = printed(capsys, "explain", str(run.path), "--op", "network.fc", "--at", "3")
    assert "part test, sample 0 (" in text.splitlines()[0]


def test_an_operation_of_a_run_may_be_called_as_its_network_calls_it(capsys, run):
    words = "explain", str(run.path), "--at", "3", "--op"
    assert printed(capsys, *words, "fc") == printed(capsys, *words, "network.fc")


def test_runs_are_compared_with_their_accuracy(capsys, run):
    run.report()
    text = printed(capsys, "compare", str(run.path), str(run.path))
    assert "test accuracy" in text
    assert "MACs per sample" in text


def test_examples_by_name(capsys):
    assert "12,443,648" in printed(capsys, "compare", "--example", "bottleneck")
    found = json.loads(printed(capsys, "compare", "--example", "stacked", "--json"))
    assert len(found["models"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["summary"], 2, "MODEL is missing."),
        (["summary", "plain"], 1, "say what 'plain' is run on: --input"),
        (["summary", "plian", "--input", "1x28x28"], 1, "did you mean 'plain'?"),
        (
            ["explain", "plain", "--input", "1x28x28", "--op", "conv9"],
            1,
            "no operation is called 'conv9'; did you",
        ),
        (
            ["explain", "plain", "--input", "1x28x28", "--op", "fc", "--at", "a"],
            2,
            "--at: expected whole numbers",
        ),
        (
            ["explain", "plain", "--input", "1x28x28", "--op", "fc", "--at", "12"],
            1,
            "there is no number at (0, 12)",
        ),
        (
            ["explain", "plain", "--input", "1x28x28", "--op", "fc", "--gradient", "wait"],
            1,
            "no argument of fc is called 'wait'; did you mean 'weight'?",
        ),
        *(
            (
                ["explain", "plain", "--input", "1x28x28", *asked],
                2,
                f"{asked[0]}: expected one operation, got",
            )
            for asked in (["--at", "3"], ["--python"], ["--gradient", "weight"])
        ),
        (["compare", "plain"], 2, "two models at least are compared."),
        (["compare", "plain", "--example", "stacked"], 2, "--example stacked brings its own models"),
        (["compare", "--example", "stack"], 2, 'Choose from: "stacked", "bottleneck".'),
    ],
)
def test_misuse_is_explained(words, code, message, capsys):
    assert execute(words) == code
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_help_does_not_wait_for_torch():
    code = "import sys; from convscope.cli import execute; execute(['explain', '--help'])"
    code += "; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.splitlines()[-1] == "False"


KERAS = """
import sys, keras
from convscope.cli import execute

layers = [keras.Input((12, 12, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3)]
keras.Sequential(layers).save("net.keras")
sys.exit(execute(["summary", "net.keras", "--json"]))
"""


def test_a_keras_model_counts_its_weights_and_sees_like_any_other(tmp_path):
    env = {**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", KERAS], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    told = json.loads(ran.stdout)
    assert told["totals"]["parameters"] == (9 + 1) * 4 + (10 * 10 * 4 + 1) * 3
    assert told["totals"]["unused"] == 0
    assert told["suspicions"] == []
