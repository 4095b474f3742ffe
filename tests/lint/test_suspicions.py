"""What runs but is wrong: each check finds its mistake, and good models give no suspicion."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope.lint import suspicions
from convscope.network import NETWORKS, build, takes
from convscope.tracing import trace

TARGETS = torch.tensor([0, 1, 2, 1])


def cross_entropy(output):
    return F.cross_entropy(output, TARGETS[: len(output)])


def found(model, inputs, score=None):
    torch.manual_seed(0)
    return {each.rule: each for each in suspicions(trace(model, inputs, score=score))}


def kinds(model, inputs, score=None):
    return list(found(model, inputs, score))


def x(*shape):
    torch.manual_seed(1)
    return torch.randn(*shape)


# What is known and true of networks that were published like this, with the reason.
DOCUMENTED = {
    ("fast", 2): {"dropped-border"},  # 28 → 14 → 7, and a pooling of 2
    ("vgg", 2): {"dropped-border"},  # 28 → 14 → 7, and a pooling of 2
    ("pooled", 1): {"dropped-border"},  # the tutorial's poolings of 3 with stride 3
    ("pooled", 2): {"dropped-border"},
    ("pooled", 3): {"dropped-border"},
    ("strided", 1): {"bias-before-batch-norm"},  # as the tutorial has it
    ("strided", 2): {"bias-before-batch-norm"},
    ("strided", 3): {"bias-before-batch-norm"},
}
SPACES = {1: (32,), 2: (28, 28), 3: (8, 8, 8)}
LARGER = {"pooled": 28, "inception": 28, "lenet5": 16, "basic": 16, "residual": 16}


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_networks_of_the_house_give_none_but_the_documented(name, axes):
    if not takes(name, axes):
        assert axes > 1
        return
    torch.manual_seed(0)
    space = (LARGER[name],) * 3 if axes == 3 and name in LARGER else SPACES[axes]
    network = build(name, 1, 3, space).eval()
    assert set(kinds(network, x(3, 1, *space), cross_entropy)) == DOCUMENTED.get((name, axes), set())


def test_an_encoder_of_transformers_gives_none():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    assert kinds(layer, x(2, 5, 8), lambda output: output.sum()) == []


@pytest.mark.parametrize("op", ["softmax", "sigmoid"])
def test_squashed_scores_before_cross_entropy(op):
    def model(given):
        return torch.sigmoid(given) if op == "sigmoid" else torch.softmax(given, 1)

    seen = found(model, x(4, 3), cross_entropy)["softmax-before-cross-entropy"]
    assert seen.what == f"{op} before cross_entropy, which wants plain scores."
    assert "does log_softmax itself" in seen.cause
    assert f"Leave out the {op}" in seen.advice


def test_log_softmax_before_cross_entropy_is_only_done_twice():
    seen = found(lambda given: F.log_softmax(given, 1), x(4, 3), cross_entropy)
    assert "the result is right" in seen["softmax-before-cross-entropy"].cause


def test_nll_loss_without_log_softmax():
    def loss(output):
        return F.nll_loss(output, TARGETS)

    assert kinds(lambda given: given * 2, x(4, 3), loss) == ["nll-without-log-softmax"]
    assert kinds(lambda given: F.log_softmax(given, 1), x(4, 3), loss) == []


def test_a_softmax_at_the_end_is_a_possibility_only():
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    seen = found(model, x(4, 4))["softmax-output"]
    assert "If it is trained with cross_entropy" in seen.what
    assert kinds(nn.Sequential(nn.Linear(4, 3)), x(4, 4)) == []


def test_softmax_over_the_samples():
    assert "softmax-over-samples" in kinds(nn.Sequential(nn.Linear(4, 3), nn.Softmax(0)), x(4, 4))


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]
        self.fc = nn.Linear(4, 3)

    def forward(self, given):
        for layer in self.layers:
            given = torch.relu(layer(given))
        return self.fc(given)


def test_layers_in_a_python_list_and_the_fix():
    seen = found(Listed(), x(4, 4))["unregistered-layers"]
    assert seen.what.startswith("Layers that run are not registered (2: Linear)")
    assert seen.cause.startswith("Their 40 parameters")  # 2·(4·4 + 4)
    mended = Listed()
    exec(seen.advice, {"nn": nn, "self": mended})
    assert kinds(mended, x(4, 4)) == []
    assert sum(each.numel() for each in mended.parameters()) == 40 + 15


class Cut(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.idle = nn.Linear(4, 4), nn.Linear(4, 3), nn.Linear(4, 4)

    def forward(self, given):
        return self.second(self.first(given).detach())


def test_gradients_that_do_not_arrive():
    seen = found(Cut(), x(4, 4), cross_entropy)
    assert seen["no-gradient"].where.path == "first.weight, first.bias"
    assert seen["unused-layer"].where.path == "idle"
    assert kinds(Cut(), x(4, 4)) == ["unused-layer"]  # without a score, nothing is known of gradients


def test_frozen_weights_are_meant():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3))
    model[0].requires_grad_(requires_grad=False)
    assert kinds(model, x(4, 4), cross_entropy) == []


def test_modes():
    norm = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2))
    drop = nn.Sequential(nn.Linear(4, 4), nn.Dropout())
    assert kinds(norm.train(), x(1, 1, 6, 6)) == ["batch-norm-of-one-sample", "training-mode"]
    assert kinds(norm.train(), x(4, 1, 6, 6)) == ["training-mode"]
    assert kinds(norm.eval(), x(1, 1, 6, 6)) == []
    assert kinds(drop.train(), x(4, 4)) == ["training-mode"]
    assert kinds(drop.train(), x(4, 4), cross_entropy) == []  # with a loss, training is meant
    assert kinds(drop.eval(), x(4, 4)) == []


class Forgetful(nn.Module):
    def forward(self, given):
        return F.dropout(given, 0.5)


def test_functional_dropout_that_was_not_told_the_mode():
    assert kinds(Forgetful().eval(), x(4, 4)) == ["dropout-in-evaluation"]


class Mixing(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width, self.fc = width, nn.Linear(width, 3)

    def forward(self, given):
        return self.fc(given.view(-1, self.width))


def test_a_view_that_mixes_the_samples():
    seen = found(Mixing(8), x(4, 1, 4, 4))["mixed-samples"]
    assert seen.what == "Samples get mixed: 4 samples went in, 8 rows came out."
    assert "(4, 1, 4, 4) has 16 numbers a sample" in seen.cause
    assert kinds(Mixing(16), x(4, 1, 4, 4)) == []


def test_a_missing_batch_axis_that_runs_to_the_end():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(9, 3))
    seen = found(model, x(1, 5, 5))["unbatched-input"]
    assert seen.what == "The batch axis is missing: (1, 5, 5) is one sample, but 4 rows came out."
    assert seen.fix == "input = input.unsqueeze(0)"
    assert kinds(nn.Conv2d(1, 4, 3), x(1, 5, 5)) == []


def test_steps_that_are_folded_into_the_batch_and_out_again_are_meant():
    def model(given):
        return (given.view(-1, 8) * 2).view(4, 5, 8)

    assert kinds(model, x(4, 5, 8)) == []


def test_dead_units():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    with torch.no_grad():
        model[0].bias[:4] = -100
    seen = found(model, x(16, 4))
    assert seen["dead-units"].what == "4 of 6 channels behind relu are 0 everywhere, in all 16 samples."
    assert "dead-units" not in found(model, x(4, 4))  # too few samples to say so
    with torch.no_grad():
        model[0].bias[:] = -100
    assert list(found(model, x(4, 4))) == ["dead-units", "constant-output"]


def test_relu_at_the_end():
    assert "relu-output" in kinds(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), x(4, 4))


def test_the_first_operation_that_makes_nan_is_named_with_its_inputs():
    def model(given):
        shifted = given.abs() - 0.5
        return torch.log(shifted).exp() + 1

    seen = found(model, torch.tensor([[0.25, 2.0]]))["non-finite-numbers"]
    assert seen.what == (
        "log is the first operation that gives NaN; its inputs are finite: (1, 2) from −0.25 to 1.5."
    )
    assert "clamp_min" in seen.advice


def test_nan_in_the_input():
    seen = found(nn.ReLU(), torch.tensor([[float("nan")]]))["non-finite-numbers"]
    assert seen.what == "The input `input` has NaN in it."


def test_masks_of_attention_are_infinite_on_purpose():
    def model(given):
        mask = torch.triu(torch.full((4, 4), float("-inf")), diagonal=1)
        return torch.softmax((given + mask).masked_fill(given.isnan(), float("-inf")), -1) @ given

    assert kinds(model, x(4, 4)) == []


def test_numbers_that_explode():
    model = nn.Sequential(*[nn.Linear(4, 4) for _ in range(3)])
    with torch.no_grad():
        for layer in model:
            layer.weight.mul_(1000)
    assert kinds(model, x(4, 4)) == ["exploding-activations"]


def test_a_border_that_no_window_reaches():
    seen = found(nn.Conv2d(1, 1, 3, stride=2), x(2, 1, 8, 7))["dropped-border"]
    assert seen.what.startswith("The last of 8 rows are never seen")
    assert kinds(nn.Conv2d(1, 1, 3, stride=2), x(2, 1, 7, 7)) == []
    assert kinds(nn.MaxPool2d(2), x(2, 1, 7, 7)) == ["dropped-border"]
    assert kinds(nn.MaxPool2d(2, ceil_mode=True), x(2, 1, 7, 7)) == []
    assert kinds(nn.Conv2d(1, 1, 1, stride=2), x(2, 1, 8, 8)) == []  # gaps that are meant


@pytest.mark.parametrize("size", range(5, 14))
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(3, 2, 0), (3, 2, 1), (2, 2, 0), (4, 3, 1), (3, 3, 1)]
)
def test_a_border_is_said_to_be_unseen_exactly_where_its_gradient_is_zero(size, kernel, stride, padding):
    layer = nn.Conv1d(1, 1, kernel, stride, padding)
    given = torch.randn(1, 1, size, requires_grad=True)
    layer(given).sum().backward()
    assert ("dropped-border" in kinds(layer, given.detach())) == (float(given.grad[0, 0, -1]) == 0)


def test_a_bias_that_batch_norm_takes_away():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
    seen = found(model, x(4, 1, 5, 5))["bias-before-batch-norm"]
    assert "2 idle parameters" in seen.cause


def test_two_activations():
    assert kinds(nn.Sequential(nn.ReLU(), nn.Sigmoid()), x(4, 4)) == ["two-activations"]


def test_all_is_text_for_json():
    (seen,) = suspicions(trace(nn.Sequential(nn.ReLU(), nn.ReLU()), x(4, 4)))
    assert {"rule", "what", "where", "cause", "advice"} <= set(seen.as_dict())
    assert "Why it matters" in str(seen)


# ---- the axis of the samples


class Reads(nn.Module):
    """A recurrent layer or attention, and a Linear on what `take` takes of it."""

    def __init__(self, layer, take):
        super().__init__()
        self.layer, self.take, self.fc = layer, take, nn.Linear(6, 2)

    def forward(self, x):
        given = (x, x, x) if isinstance(self.layer, nn.MultiheadAttention) else (x,)
        return self.fc(self.take(*self.layer(*given)))


def last(out, _):
    return out[:, -1]


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN, nn.MultiheadAttention])
def test_samples_that_are_taken_for_steps(layer, samples):
    model, given = Reads(layer(6, 6 if layer is not nn.MultiheadAttention else 2), last), x(samples, 9, 6)
    said = found(model.eval(), given)["batch-first"]
    assert f"{(samples, 9, 6)} is read as (step, sample, feature)" in said.what
    if samples > 1:  # the proof: another second sample changes the result of the first or of a later one
        other = given.clone()
        other[0] += 1
        assert not torch.equal(model(given)[1:], model(other)[1:])
    right = Reads(layer(6, 6 if layer is not nn.MultiheadAttention else 2, batch_first=True), last)
    assert "batch-first" not in kinds(right.eval(), given)


def test_steps_that_stand_first_on_purpose():
    assert kinds(Reads(nn.LSTM(6, 6), lambda out, _: out[-1]), x(9, 4, 6)) == []
    assert kinds(Reads(nn.LSTM(6, 6), lambda out, _: out), x(9, 4, 6)) == []


def test_a_state_as_the_result():
    said = found(Reads(nn.GRU(6, 6, batch_first=True), lambda _, state: state), x(4, 9, 6))
    assert said["state-as-output"].advice.endswith("h[-1]: (4, 2).")
    assert kinds(Reads(nn.GRU(6, 6, batch_first=True), lambda _, state: state[-1]), x(4, 9, 6)) == []


class Does(nn.Module):
    def __init__(self, does):
        super().__init__()
        self.does = does

    def forward(self, *x):
        return self.does(*x)


def test_a_view_where_a_permute_was_meant():
    given = x(2, 8, 9, 3)
    said = found(Does(lambda x: x.view(2, 3, 8, 9)), given)["view-for-permute"]
    assert said.advice.startswith("x.permute(0, 3, 1, 2)")
    assert given.permute(0, 3, 1, 2).shape == (2, 3, 8, 9)
    assert not torch.equal(given.permute(0, 3, 1, 2), given.view(2, 3, 8, 9))
    assert kinds(Does(lambda x: x.permute(0, 3, 1, 2)), given) == []


def test_a_squeeze_that_takes_the_batch_axis():
    assert "squeezed-batch-axis" in kinds(Does(lambda x: x.squeeze()), x(1, 4, 1, 1))
    assert kinds(Does(lambda x: x.squeeze()), x(2, 4, 1, 1)) == []
    assert kinds(Does(lambda x: x.squeeze(-1)), x(1, 4, 1, 1)) == []


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_loss_that_compares_every_pair():
    assert "broadcast-loss" in kinds(Does(F.mse_loss), (x(4, 1), x(4)))
    assert kinds(Does(F.mse_loss), (x(4), x(4))) == []


@pytest.mark.parametrize("gives", [lambda x: None, nn.ReLU])
def test_a_model_that_returns_no_tensor(gives):
    assert "no-output-tensor" in kinds(Does(lambda x: gives(x + 1)), x(2, 3))


def test_weights_on_meta():
    assert "meta-weights" in kinds(nn.Conv2d(3, 4, 3, device="meta"), x(2, 3, 8, 8))
    assert kinds(nn.Conv2d(3, 4, 3, device="meta"), torch.empty(2, 3, 8, 8, device="meta")) == []
