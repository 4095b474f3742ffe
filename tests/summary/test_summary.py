"""Summaries against torchinfo and fvcore where those are right, and against counting where they are not."""

import json
import re
import warnings
from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope.network import NETWORKS, build, takes
from convscope.summary import summarise
from convscope.tracing import trace


def chain(*, bias=True):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=bias), nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=4, dilation=2, bias=bias), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8 * 5 * 5, 30, bias=bias), nn.Tanh(), nn.Linear(30, 4, bias=bias),
    )  # fmt: skip


class Functional(nn.Module):
    """Everything that counters with module hooks do not see."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 2, 3, 3))
        self.head = nn.Linear(6, 6)
        self.spare = nn.Linear(5, 5)

    def forward(self, x):
        x = F.relu(F.conv2d(x, self.weight, padding=1))
        x = x.mean((2, 3))
        return F.linear(self.head(x), self.head.weight) + x


def test_a_plain_chain_is_as_torchinfo_has_it():
    import torchinfo

    model, x = chain(bias=False), torch.randn(5, 3, 28, 28)  # torchinfo counts biases among the products
    theirs = torchinfo.summary(model, input_data=x, verbose=0)
    ours = summarise(model, x)
    assert ours.totals.parameters == theirs.total_params
    assert ours.totals.macs == theirs.total_mult_adds
    layers = [layer for layer in theirs.summary_list if layer.depth == 1]
    assert [row.output[0] for row in ours.rows] == [tuple(layer.output_size) for layer in layers]
    assert [row.parameters for row in ours.rows] == [max(0, layer.num_params) for layer in layers]
    assert [row.macs for row in ours.rows] == [layer.macs for layer in layers]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fvcore uses torch.jit
@pytest.mark.parametrize("model", [chain(), Functional()], ids=["chain", "functional"])
def test_macs_are_fvcores_for_convolutions_and_products(model):
    from fvcore.nn import FlopCountAnalysis

    x = torch.randn(2, next(model.parameters()).shape[1], 28, 28)
    counted = FlopCountAnalysis(model, (x,)).unsupported_ops_warnings(enabled=False)
    counted = counted.uncalled_modules_warnings(enabled=False)
    theirs = sum(counted.by_operator()[op] for op in ("conv", "linear", "matmul"))
    assert summarise(model, x).totals.macs == theirs


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "inception-time"])
def test_every_parameter_is_counted_once_and_every_row_adds_up(name):
    space = (28, 28) if takes(name, 2) else (60,)
    model = build(name, 1, 10, space).eval()
    found = summarise(model, torch.randn(2, 1, *space))
    total = sum(each.numel() for each in model.parameters())
    assert found.totals.parameters == total == sum(row.parameters for row in found.rows)
    assert found.totals.macs == sum(row.macs or 0 for row in found.rows)
    assert found.totals.unused == 0
    assert found.diagnosis is None
    assert found.totals.seconds > 0


def test_a_transposed_convolution_is_counted_by_its_taps():
    """Brute force: every input number meets every tap; torchinfo counts each output position instead."""
    model, x = nn.ConvTranspose2d(3, 8, 4, stride=2), torch.randn(1, 3, 8, 8)
    taps = sum(1 for _ in product(range(8), range(8), range(4), range(4), range(3), range(8)))
    assert taps == 24_576
    assert summarise(model, x).totals.macs == taps


def test_an_lstm_is_counted_by_its_gates():
    model, x = nn.LSTM(5, 7, batch_first=True), torch.randn(1, 12, 5)
    macs = 0
    for _step, _gate, _unit in product(range(12), range(4), range(7)):
        macs += 5 + 7  # one number of the step's input and one of the last state each, times a weight
    (row,) = summarise(model, x).rows
    assert macs == 4_032
    assert row.macs == macs
    assert row.parameters == sum(each.numel() for each in model.parameters())


def test_functional_operations_are_rows_of_their_own():
    found = summarise(Functional(), torch.randn(1, 2, 9, 9))
    assert [row.kind for row in found.rows] == [
        "F.conv2d",
        "F.relu",
        "Tensor.mean",
        "Linear",
        "F.linear",
        "Tensor.add",
    ]
    assert [row.parameters for row in found.rows] == [108, 0, 0, 42, 0, 0]
    assert found.rows[4].shared
    assert found.totals.unused == 30  # spare


def test_a_shared_module_costs_twice_and_is_held_once():
    layer = nn.Linear(4, 4)
    found = summarise(nn.Sequential(layer, nn.ReLU(), layer), torch.randn(1, 4))
    assert [row.parameters for row in found.rows] == [20, 0, 0]
    assert [row.macs for row in found.rows] == [16, 0, 16]
    assert "shared" in str(found)
    assert found.totals.parameters == 20


def test_tied_weights_are_held_once():
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    assert summarise(model, torch.randn(1, 4)).totals.parameters == 16


def test_frozen_parameters_are_said():
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    model[0].requires_grad_(requires_grad=False)
    found = summarise(model, torch.randn(1, 4))
    assert found.totals.frozen == 15
    assert "23, 15 of them frozen" in str(found)
    assert [each.requires_grad for each in model.parameters()] == [False, False, True, True]


def test_memory_is_what_is_made_anew():
    class Net(nn.Module):
        def forward(self, x):  # float32: 4 bytes each
            x = x * 2  # 2·6 new
            x = x.view(3, 4).t()  # two views
            x = x.add_(1).contiguous()  # in place; a copy of 12
            return torch.cat([x, x])  # 24 new

    found = summarise(Net(), torch.randn(2, 6))
    assert [row.memory for row in found.rows] == [48, 0, 0, 0, 48, 96]
    assert found.totals.results == 192
    assert [row.macs for row in found.rows][1:3] == [0, 0]


def test_nothing_of_the_model_changes():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = summarise(model, torch.randn(4, 1, 8, 8))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert found.totals.seconds is None  # a plain forward would have moved the running statistics
    assert model.training
    assert all(each.grad is None for each in model.parameters())


def test_samples_and_memory_of_weights():
    model, x = chain(), torch.randn(4, 3, 28, 28)
    one, four = summarise(model, x[:1]), summarise(model, x)
    assert four.totals.macs == 4 * one.totals.macs
    assert f"for 4 samples, {one.totals.macs:,} for one" in str(four)
    assert one.totals.weights == 4 * one.totals.parameters
    assert summarise(model, x, samples=2).samples == 2


def test_modules_that_compute_nothing_stand_where_they_ran():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.shortcut, self.last = nn.ReLU(), nn.Identity(), nn.Tanh()

        def forward(self, x):
            return self.last(self.first(x) + self.shortcut(x))

    found = summarise(Net(), torch.randn(1, 2))
    assert [row.name for row in found.rows] == ["first", "shortcut", "add", "last"]


def test_inputs_by_name_and_outputs_that_are_dicts():
    class Net(nn.Module):
        def forward(self, left, *, right):
            return {"sum": left + right, "both": (left, right)}

    found = summarise(Net(), {"left": torch.ones(1, 2)}, {"right": torch.ones(1, 2)})
    assert found.inputs == (("left", (1, 2)), ("right", (1, 2)))
    assert [row.kind for row in found.rows] == ["Tensor.add"]


def test_a_plain_function_and_a_trace():
    found = summarise(lambda x: x @ x.T, torch.randn(3, 5))
    assert found.totals.macs == 3 * 3 * 5
    seen = trace(chain(), torch.randn(1, 3, 28, 28), keep=False)
    assert summarise(seen).totals.macs == summarise(chain(), torch.randn(1, 3, 28, 28)).totals.macs


def test_a_parameter_that_is_cast_first_belongs_to_who_uses_it():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3, 4))

        def forward(self, x):
            return F.linear(x, self.weight.to(x.dtype).contiguous())

    (row,) = summarise(Net(), torch.randn(1, 4)).rows
    assert (row.kind, row.parameters) == ("F.linear", 12)


# ---- models that fail


class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.never = nn.Conv2d(1, 16, 5), nn.Linear(1024, 10), nn.Linear(3, 3)

    def forward(self, x):
        return self.never(self.fc(F.max_pool2d(self.conv(x), 2).flatten(1)))


def test_a_model_that_fails_is_shown_up_to_there_and_explained():
    found = summarise(Wrong(), torch.randn(2, 1, 28, 28))
    assert [(row.name, row.failed) for row in found.rows] == [
        ("conv", False), ("max_pool2d", False), ("flatten", False), ("fc", True),
    ]  # fmt: skip
    assert found.rows[-1].output == ()
    assert found.totals.macs == 2 * 24 * 24 * 5 * 5 * 16
    assert found.diagnosis.fix == "self.fc = nn.Linear(2304, 10)"
    for text in (str(found), found.markdown(), found._repr_html_()):
        assert "self.fc = nn.Linear(2304, 10)" in text
        assert "✗ fc" in text
    assert json.loads(json.dumps(found.as_dict()))["diagnosis"]["fix"] == "self.fc = nn.Linear(2304, 10)"


def test_an_error_of_the_persons_own_code_marks_its_module():
    class Inner(nn.Module):
        def forward(self, x):
            return {}["nothing"]

    found = summarise(nn.Sequential(nn.ReLU(), Inner(), nn.Tanh()), torch.randn(1, 2))
    assert [(row.name, row.failed) for row in found.rows] == [("0", False), ("1", True)]
    assert "KeyError" in str(found)


def test_what_runs_but_looks_wrong_is_said():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.forgotten = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.used(x)

    found = summarise(Net(), torch.randn(2, 4))
    for text in (str(found), found.markdown(), found._repr_html_(), json.dumps(found.as_dict())):
        assert "1 layer with weights never ran: `forgotten`." in text
    assert "20 of them not used in this forward" in str(found)


# ---- how it looks


def column(text, title):
    """The figures of one column of the table, as a person would read them."""
    lines = text.split("\n\n")[1].splitlines()
    end = lines[0].index(title) + len(title)
    cells = [re.findall(r"(?:^|\s\s)(\S+)$", line[:end]) for line in lines[1:]]
    return [int(cell[0].replace(",", "")) for cell in cells if cell and cell[0][0].isdigit()]


@pytest.mark.parametrize("name", ["plain", "resnet", "vgg", "inception"])
@pytest.mark.parametrize("depth", [1, 2, None])
def test_the_columns_add_up_to_the_totals_at_every_depth(name, depth):
    model = build(name, 3, 10, (32, 32)).eval()
    found = summarise(model, torch.randn(1, 3, 32, 32))
    text = found.text(140, depth, explain=False)
    assert sum(column(text, "parameters")) == found.totals.parameters
    assert sum(column(text, "MACs")) == found.totals.macs


def test_blocks_that_repeat_are_folded():
    blocks = [nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(5)]
    found = summarise(nn.Sequential(*blocks), torch.randn(1, 4))
    lines = found.text(explain=False).splitlines()
    assert [line.split("  ")[0] for line in lines[3:7]] == ["0", "", "", "1 … 4"]
    assert "4 × Sequential(each as 0)" in lines[6]
    assert len(found.as_dict()["rows"]) == 5


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_keeps_to_the_width_where_figures_let_it(width):
    model = build("resnet", 3, 10, (32, 32)).eval()
    text = summarise(model, torch.randn(1, 3, 32, 32)).text(width, explain=False)
    assert max(map(len, text.splitlines())) <= width


def test_formulas_are_shown_where_there_are_few_operations():
    found = summarise(chain(), torch.randn(1, 3, 28, 28))
    assert "    size: height ⌊(28 + 2·1 − 3)/2⌋ + 1 = 14" in str(found)
    assert "size:" not in found.text(explain=False)
    assert "--formulas" in found.text(explain=False)


def test_json_markdown_and_html_hold_everything():
    found = summarise(chain(), torch.randn(1, 3, 28, 28))
    loaded = json.loads(json.dumps(found.as_dict()))
    assert [row["kind"] for row in loaded["rows"]] == [row.kind for row in found.rows]
    assert loaded["totals"]["macs"] == found.totals.macs
    table = [line for line in found.markdown().splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(found.rows)
    assert {line.count("|") for line in table} == {10}
    assert found._repr_html_().count("<tr>") == 1 + len(found.rows)


def test_receptive_fields_are_the_published_ones():
    """LeNet-5's second pooling sees 16 positions; distill.pub/2019/computing-receptive-fields."""
    found = summarise(build("lenet5", 1, 10, (28, 28)).eval(), torch.randn(1, 1, 28, 28))
    assert found.field == (16, 16)


def test_no_warning_comes_out():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summarise(build("bilstm", 1, 3, (50,)).eval(), torch.randn(1, 1, 50))
