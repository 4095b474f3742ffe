"""Every error that teaches: the failing model, what is said, and that the pasted fix runs."""

import inspect
import textwrap

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope.errors import TraceError
from convscope.lint import diagnose
from convscope.tracing import trace


def x(*shape):
    torch.manual_seed(0)
    return torch.randn(*shape)


def diagnosed(model, inputs, keywords=None):
    return diagnose(trace(model, inputs, keywords))


def paste(model, found, inputs):
    """Do what the diagnosis says, by hand and without its own code: the lines go where it says, and run."""
    names = {"nn": nn, "torch": torch, "F": F, "self": model, "model": model}
    layers, lines = [], found.fix.splitlines()
    if "instead of line" in found.place:
        *layers, line = lines
        source = inspect.getsource(type(model).forward)
        assert source.count(found.where.text) == 1
        source = textwrap.dedent(source.replace(found.where.text, line)).replace(
            "super()", "super(type(self), self)"
        )
        made = {}
        exec(source, type(model).forward.__globals__, made)
        model.forward = made["forward"].__get__(model)
    elif "before the model is called" in found.place:
        *layers, line = lines
        named = dict(zip(inspect.signature(model.forward).parameters, inputs, strict=False))
        names |= named
        exec(line, names)
        inputs = [names[name] for name in named]
    else:
        layers = lines
    for each in layers:
        exec(each, names)
    return model(*inputs)


def mended(model, *inputs):
    """The diagnosis of a model whose fix was tried there, and runs when pasted here."""
    found = diagnosed(model, inputs)
    assert found.tried is True
    paste(model, found, list(inputs))
    return found


class Net(nn.Module):
    """A first network, with a wrong number in one place."""

    def __init__(self, **layers):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5)
        self.fc = nn.Linear(2304, 10)
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = x.flatten(1)
        return self.fc(x)


class One(nn.Module):
    """One layer, in a forward of its own."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        x = x + 0
        return self.layer(x)


# ---- sizes


def test_the_first_linear_layer():
    found = mended(Net(fc=nn.Linear(1024, 10)), x(2, 1, 28, 28))
    assert found.what.endswith("expects 1,024 numbers a row, but got 2,304.")
    assert "is 16·12·12 = 2,304 wide, from (2, 16, 12, 12)" in found.cause
    assert "(2, 1, 28, 28) → conv1 → (2, 16, 24, 24) → max_pool2d → (2, 16, 12, 12)" in found.cause
    assert found.fix == "self.fc = nn.Linear(2304, 10)"
    assert found.axis == "axis 1 (the last) of (2, 2304): got 2,304, expected 1,024"
    assert found.place == "at the end of Net.__init__"
    assert (found.where.path, found.where.op) == ("fc", "linear")
    assert found.where.file == __file__
    assert found.where.text == "return self.fc(x)"
    assert found.said == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x2304 and 1024x10)"


def test_a_linear_layer_without_bias_in_a_sequential():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(7, 3, bias=False))
    assert mended(model, x(2, 1, 6, 6)).fix == "model[2] = nn.Linear(64, 3, bias=False)"


def test_a_forgotten_flatten():
    found = mended(One(nn.Linear(64, 3)), x(2, 4, 4, 4))
    assert found.fix == "return self.layer(x.flatten(1))"


def test_a_forgotten_flatten_and_a_wrong_size():
    found = diagnosed(One(nn.Linear(60, 3)), x(2, 4, 4, 4))
    assert found.fix.splitlines() == ["self.layer = nn.Linear(64, 3)", "return self.layer(x.flatten(1))"]
    assert found.tried
    assert paste(One(nn.Linear(60, 3)), found, [x(2, 4, 4, 4)]).shape == (2, 3)


class Attention(nn.Module):
    def forward(self, q, k):
        scores = q @ k
        return scores.softmax(-1)


def test_attention_without_its_transposition():
    found = mended(Attention(), x(2, 4, 5, 8), x(2, 4, 5, 8))
    assert found.fix == "scores = q @ k.transpose(-2, -1)"
    assert "(2, 4, 5, 8) times (2, 4, 5, 8)" in found.what


def test_attention_with_other_heads():
    found = diagnosed(Attention(), (x(2, 4, 5, 8), x(2, 3, 8, 5)))
    assert found.axis == "(2, 4) against (2, 3)"
    assert "(sample, head, step, feature)" in found.advice


# ---- channels


@pytest.mark.parametrize(
    ("layer", "shape", "fix"),
    [
        (nn.Conv2d(1, 4, 3, padding=1), (2, 3, 8, 8), "nn.Conv2d(3, 4, kernel_size=3, padding=1)"),
        (
            nn.Conv1d(2, 4, 3, dilation=2, bias=False),
            (2, 3, 8),
            "nn.Conv1d(3, 4, kernel_size=3, dilation=2, bias=False)",
        ),
        (nn.Conv3d(2, 4, (1, 3, 3)), (2, 3, 4, 5, 5), "nn.Conv3d(3, 4, kernel_size=(1, 3, 3))"),
        (nn.Conv2d(4, 8, 3, groups=4), (2, 6, 8, 8), "nn.Conv2d(6, 8, kernel_size=3, groups=2)"),
        (nn.Conv2d(4, 8, 3, groups=2), (2, 6, 8, 8), "nn.Conv2d(6, 8, kernel_size=3, groups=2)"),
        (
            nn.ConvTranspose2d(4, 2, 2, stride=2),
            (2, 3, 4, 4),
            "nn.ConvTranspose2d(3, 2, kernel_size=2, stride=2)",
        ),
        (nn.BatchNorm2d(8), (2, 6, 4, 4), "nn.BatchNorm2d(6)"),
        (nn.BatchNorm1d(8, affine=False), (2, 6), "nn.BatchNorm1d(6, affine=False)"),
        (nn.GroupNorm(4, 8), (2, 6, 4, 4), "nn.GroupNorm(3, 6)"),
        (nn.GroupNorm(2, 8), (2, 6, 4, 4), "nn.GroupNorm(2, 6)"),
        (nn.LayerNorm(8), (2, 5, 6), "nn.LayerNorm(6)"),
        (nn.LayerNorm([4, 4]), (2, 3, 5, 5), "nn.LayerNorm([5, 5])"),
    ],
)
def test_a_wrong_number_of_channels(layer, shape, fix):
    found = mended(One(layer), x(*shape))
    assert found.fix == f"self.layer = {fix}"
    assert found.cause
    assert "expected" in found.axis


def test_groups_that_do_not_divide_the_kernels():
    def model(x):
        return F.conv2d(x, torch.ones(3, 2, 3, 3), groups=2)

    found = diagnosed(model, x(1, 4, 8, 8))
    assert "has 3 kernels for 2 groups: 3/2 is not whole" in found.what
    assert found.advice == "Take a number of groups that divides 3: 1, 3."


def test_batch_norm_of_one_value():
    found = diagnosed(One(nn.BatchNorm1d(4)), x(1, 4))
    assert "one value a channel, (1, 4)" in found.what
    assert (found.fix, found.tried) == ("model.eval()", True)
    assert "at least 2 samples" in found.advice


# ---- axes


def test_a_missing_batch_axis_that_fails_later():
    found = mended(Net(), x(1, 28, 28))
    assert found.what.startswith("The batch axis is missing: the model got (1, 28, 28)")
    assert "`conv1` took (1, 28, 28) for one sample of 1 channel" in found.cause
    assert found.fix == "x = x.unsqueeze(0)"
    assert found.axis == "axis 0 (sample): missing in (1, 28, 28), expected (1, 1, 28, 28)"


def test_a_missing_batch_axis_and_a_wrong_size():
    found = diagnosed(Net(fc=nn.Linear(1024, 10)), x(1, 28, 28))
    assert found.fix.splitlines() == ["self.fc = nn.Linear(2304, 10)", "x = x.unsqueeze(0)"]
    assert found.tried


def test_a_missing_channel_axis():
    found = mended(Net(), x(4, 28, 28))
    assert found.fix == "x = x.unsqueeze(1)"
    assert paste(Net(), found, [x(4, 28, 28)]).shape == (4, 10)


def test_both_are_missing():
    found = mended(Net(), x(28, 28))
    assert found.fix == "x = x.unsqueeze(0).unsqueeze(0)"
    assert found.axis == "2 axes, expected 4"


def test_channels_that_stand_last():
    found = mended(Net(conv1=nn.Conv2d(3, 16, 5)), x(2, 28, 28, 3))
    assert found.fix == "x = x.permute(0, 3, 1, 2)"
    assert "the channels stand last" in found.what


def test_one_picture_with_channels_last():
    found = diagnosed(Net(conv1=nn.Conv2d(3, 16, 5)), x(28, 28, 3))
    assert found.fix == "x = x.permute(2, 0, 1).unsqueeze(0)"
    assert paste(Net(conv1=nn.Conv2d(3, 16, 5)), found, [x(28, 28, 3)]).shape == (1, 10)


def test_batch_norm_for_another_number_of_axes():
    found = diagnosed(One(nn.BatchNorm2d(4)), x(4, 8, 8))
    assert "needs 4 axes (sample, channel, height, width); it got 3" in found.what
    found = diagnosed(One(nn.Conv1d(4, 4, 3)), x(2, 4, 8, 8))
    assert "nn.Conv2d" in found.advice


# ---- windows


def test_a_kernel_larger_than_what_is_left():
    found = mended(One(nn.Conv2d(1, 4, 5)), x(2, 1, 4, 9))
    assert "spans 5, but only 4 are left" in found.what
    assert "⌊(4 + 2·0 − 1·(5 − 1) − 1)/1⌋ + 1 = 0" in found.cause
    assert found.axis == "axis 2 (height) of (2, 1, 4, 9): got 4, expected at least 5"
    assert found.fix == "self.layer = nn.Conv2d(1, 4, kernel_size=5, padding=2)"


def test_a_dilated_kernel():
    found = diagnosed(One(nn.Conv1d(1, 4, 3, dilation=4, padding=1)), x(2, 1, 6))
    assert (
        "spans 9 (its 3 taps are 4 apart), but only 8 are left with 1 of padding on either side" in found.what
    )


def test_one_pooling_too_many():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.MaxPool2d(2))
    found = mended(model, x(2, 1, 5, 5))
    assert found.fix == "model[2] = nn.Identity()"
    assert "larger samples than 5 × 5" in found.advice


# ---- sums and concatenations


class Block(nn.Module):
    def __init__(self, inside, outside, stride=1, padding=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, padding)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, padding)

    def forward(self, x):
        out = self.conv2(torch.relu(self.conv1(x)))
        return torch.relu(out + x)


def test_a_residual_sum_with_more_channels():
    found = mended(Block(4, 8), x(2, 4, 6, 6))
    assert found.axis == "axis 1 (channel): 8 and 4"
    assert found.fix.splitlines() == [
        "self.project = nn.Conv2d(4, 8, kernel_size=1, bias=False)",
        "return torch.relu(out + self.project(x))",
    ]


def test_a_residual_sum_behind_a_stride():
    found = mended(Block(4, 8, stride=2), x(2, 4, 7, 7))
    assert "self.project = nn.Conv2d(4, 8, kernel_size=1, stride=2, bias=False)" in found.fix


def test_a_residual_sum_that_lost_its_borders():
    found = mended(Block(4, 4, padding=0), x(2, 4, 8, 8))
    assert set(found.fix.splitlines()) == {
        "self.conv1 = nn.Conv2d(4, 4, kernel_size=3, padding=1)",
        "self.conv2 = nn.Conv2d(4, 4, kernel_size=3, padding=1)",
    }


class Shortcut(Block):
    def __init__(self, inside, outside):
        super().__init__(inside, outside)
        self.shortcut = nn.Identity()

    def forward(self, x):
        out = self.conv2(self.conv1(x))
        out += self.shortcut(x)
        return out


def test_a_shortcut_that_is_an_identity():
    assert mended(Shortcut(4, 8), x(2, 4, 6, 6)).fix == (
        "self.shortcut = nn.Conv2d(4, 8, kernel_size=1, bias=False)"
    )


class Join(nn.Module):
    def forward(self, a, b):
        return torch.cat([a, b], dim=1)


def test_a_concatenation_of_other_sizes():
    found = diagnosed(Join(), (x(2, 3, 8, 8), x(2, 3, 7, 8)))
    assert found.axis == "axis 2 (height): 8 and 7"
    assert "along axis 1 (channel)" in found.what
    assert "padding=kernel//2" in found.advice


def test_a_concatenation_along_the_wrong_axis():
    class Wrong(nn.Module):
        def forward(self, a, b):
            return torch.cat([a, b], dim=0)

    found = mended(Wrong(), x(2, 3, 8), x(2, 4, 8))
    assert found.fix == "return torch.cat([a, b], dim=1)"


def test_a_concatenation_of_other_numbers_of_axes():
    assert "different numbers of axes" in diagnosed(Join(), (x(2, 3), x(2, 3, 1))).what


# ---- kinds of numbers, devices, things that are no tensors


@pytest.mark.parametrize(
    ("dtype", "fix"),
    [(torch.uint8, "x = x.float() / 255"), (torch.float64, "x = x.float()"), (torch.int64, "x = x.float()")],
)
def test_another_kind_of_numbers(dtype, fix):
    found = mended(Net(), torch.ones(2, 1, 28, 28, dtype=dtype))
    assert found.fix == fix
    assert str(dtype).removeprefix("torch.") in found.what
    assert "its weights (`conv1.weight`) are float32" in found.cause


def test_another_kind_of_numbers_in_an_lstm():
    assert mended(nn.LSTM(3, 4), x(5, 2, 3).double()).fix == "input = input.float()"


def test_entries_of_an_embedding():
    assert mended(One(nn.Embedding(10, 4)), torch.tensor([1, 12])).fix == "self.layer = nn.Embedding(13, 4)"
    assert mended(One(nn.Embedding(10, 4)), torch.tensor([1.0, 2.0])).fix == "return self.layer(x.long())"


class Constant(nn.Module):
    def forward(self, x):
        noise = torch.zeros(x.shape, device="meta")
        return x + noise


def test_devices():
    found = diagnosed(Join(), (x(2, 3), x(2, 3).to("meta")))
    assert "cpu and meta" in found.what
    assert 'model.to("cpu")' in found.advice
    found = diagnosed(Constant(), x(2, 3))
    assert 'noise.to("cpu")' in found.fix
    assert "torch.zeros(…, device=x.device)" in found.advice


class Recurrent(nn.Module):
    def __init__(self, **layers):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(3, 8, batch_first=True), nn.Linear(8, 2)
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        x = self.lstm(x)
        return self.fc(x)


def test_the_tuple_of_an_lstm():
    found = mended(Recurrent(), x(2, 5, 3))
    assert found.fix == "return self.fc(x[0])"
    assert "`x, state = self.lstm(x)`" in found.advice


def test_a_forward_that_returns_nothing():
    class Nothing(nn.Module):
        def forward(self, x):
            x + 1

    found = diagnosed(nn.Sequential(Nothing(), nn.ReLU(), nn.Linear(3, 2)), x(2, 3))
    assert "got None" in found.what
    assert "`return`" in found.advice


@pytest.mark.parametrize(("given", "kind"), [("photo.png", "a str"), ([1.0, 2.0], "a list")])
def test_something_that_is_no_tensor(given, kind):
    found = diagnosed(Net(), (given,))
    assert found.what.endswith(f"needs a tensor, but got {kind}.")
    assert "torch.as_tensor" in found.advice


# ---- targets and views


class Loss(nn.Module):
    def forward(self, scores, target):
        return F.cross_entropy(scores, target)


def test_targets_counted_from_one():
    found = mended(Loss(), x(3, 3), torch.tensor([1, 2, 3]))
    assert found.what == "Targets go from 1 to 3, but the classes with scores are 0 to 2."
    assert found.fix == "target = target - 1"


def test_targets_beyond_the_classes():
    found = diagnosed(Loss(), (x(3, 3), torch.tensor([0, 2, 5])))
    assert (found.fix, found.advice) == ("", "Give the last layer 6 outputs, or number the classes from 0.")
    assert "Negative numbers are no classes" in diagnosed(Loss(), (x(2, 3), torch.tensor([0, -1]))).advice


def test_targets_of_another_kind_or_shape():
    assert mended(Loss(), x(2, 3), torch.tensor([0.0, 1.0])).fix == "target = target.long()"
    assert mended(Loss(), x(2, 3), torch.tensor([[0], [1]])).fix == "target = target.squeeze(1)"
    found = diagnosed(Loss(), (x(4, 3), torch.tensor([0, 1])))
    assert found.axis == "axis 0 (sample): got 4, expected 2"


def test_binary_targets_of_another_shape():
    class Binary(nn.Module):
        def forward(self, scores, target):
            return F.binary_cross_entropy_with_logits(scores, target)

    assert mended(Binary(), x(4, 1), torch.ones(4)).fix == "target = target.unsqueeze(1)"


class View(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width, self.fc = width, nn.Linear(width, 10)

    def forward(self, x, target):
        x = x.view(-1, self.width)
        return F.cross_entropy(self.fc(x), target)


def test_a_view_that_mixes_the_batch():
    found = diagnosed(View(32), (x(4, 1, 8, 8), torch.tensor([0, 1, 2, 3])))
    assert found.what.startswith(
        "The samples got mixed: `view` (x = x.view(-1, self.width)) made 8 rows out of 4"
    )
    assert found.axis == "axis 0 (sample): got 8, expected 4"
    assert "(4, 1, 8, 8) are 1·8·8 = 64 numbers a sample, but (8, 32) has 32 a row" in found.cause


def test_steps_folded_into_the_batch_are_not_blamed():
    class Folded(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(9, 2)

        def forward(self, x):
            x = x.view(-1, 8)
            return self.fc(x)

    assert mended(Folded(), x(4, 5, 8)).fix == "self.fc = nn.Linear(8, 2)"


def test_a_view_that_does_not_come_out():
    found = diagnosed(View(60), (x(4, 1, 8, 8), torch.tensor([0, 1, 2, 3])))
    assert "256/60 = 4.267" in found.cause
    assert found.fix == "x = x.flatten(1)"
    assert found.tried


def test_heads_that_do_not_divide_the_features():
    found = diagnosed(lambda x: x.view(2, 5, 3, 5), x(2, 5, 16))
    assert "the 16 features must be heads × size, not 3·5 = 15" in found.advice


# ---- recurrent layers


def test_features_of_an_lstm():
    assert mended(One(nn.LSTM(4, 8, num_layers=2, bidirectional=True)), x(5, 2, 3)).fix == (
        "self.layer = nn.LSTM(3, 8, num_layers=2, bidirectional=True)"
    )
    assert mended(One(nn.GRUCell(4, 8)), x(2, 3)).fix == "self.layer = nn.GRUCell(3, 8)"


def test_features_before_steps():
    found = mended(One(nn.GRU(3, 8, batch_first=True)), x(2, 3, 5))
    assert found.fix == "return self.layer(x.transpose(1, 2))"
    assert "the features stand before the steps" in found.what


def test_a_state_for_another_batch():
    class State(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(3, 8)

        def forward(self, x):
            return self.rnn(x, torch.zeros(1, x.size(0), 8))

    found = mended(State(), x(2, 5, 3))
    assert found.fix == "self.rnn = nn.RNN(3, 8, batch_first=True)"


# ---- memory and Python


def test_memory():
    class Large(nn.Module):
        def forward(self, x):
            return x.expand(10**7, 10**7).clone()

    found = diagnosed(Large(), x(1, 1))
    assert "it asked for 363.8 TiB" in found.what
    assert "Its result alone, (10000000, 10000000) of float32, takes 363.8 TiB" in found.cause
    assert found.advice


class Two(nn.Module):
    def forward(self, x, mask, scale=1.0):
        return x * mask * scale


def test_arguments_that_are_missing():
    found = diagnosed(Two(), x(2, 3))
    assert (
        found.what
        == "The model was called with other arguments than its forward takes: forward(x, mask, scale=1.0)."
    )
    assert found.cause == "It needs 2 (x, mask), and was given 1: a tensor."
    assert "trace(model, (x, mask))" in found.advice
    assert "trace(model, {'x': x, 'mask': mask})" in found.advice
    assert trace(Two(), {"x": x(2, 3), "mask": x(2, 3)}).failure is None
    assert trace(Two(), (x(2, 3), x(2, 3))).failure is None


def test_an_attribute_that_is_not_there():
    class Typo(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 1, 1)

        def forward(self, x):
            return self.convv1(x)

    found = diagnosed(Typo(), x(1, 1, 2, 2))
    assert "AttributeError in the code of the model" in found.what
    assert found.advice == "`convv1` is not set in __init__ of Typo. Did you mean `conv1`?"
    assert found.where.text == "return self.convv1(x)"
    assert found.where.line == inspect.getsourcelines(Typo.forward)[1] + 1


def test_a_forward_that_is_not_there():
    assert "has no forward" in diagnosed(type("Empty", (nn.Module,), {})(), x(1)).what


def test_an_error_that_is_not_known_is_not_explained():
    found = diagnosed(torch.linalg.cholesky, -torch.eye(2))
    assert found.cause == "It was given (2, 2) float32."
    assert (found.fix, found.advice, found.tried) == ("", "", None)
    assert found.said.startswith("_LinAlgError: linalg.cholesky")


def test_an_error_that_was_caught_is_not_the_failure():
    class Catching(nn.Module):
        def forward(self, x):
            try:
                x = torch.cat([x, x[0]])
            except (RuntimeError, TypeError):
                x = x * 2
            return x @ x

    assert diagnosed(Catching(), x(2, 3)).where.op == "matmul"


def test_a_model_that_runs_has_nothing_to_diagnose():
    with pytest.raises(TraceError, match="nothing to diagnose"):
        diagnose(trace(nn.ReLU(), x(2)))


# ---- the trial


def test_the_model_is_afterwards_as_it_was():
    model = Block(4, 8).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layers, forward = dict(model.named_modules()), Block.forward
    given, state = x(2, 4, 6, 6), torch.get_rng_state()
    kept = given.clone()
    assert diagnosed(model, given).tried
    assert dict(model.named_modules()) == layers
    assert Block.forward is forward
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert torch.equal(given, kept)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_fix_that_is_not_enough_is_marked():
    model = nn.Sequential(nn.Conv2d(3, 4, 5))
    found = diagnosed(model, x(2, 1, 4, 4))  # channels and kernel are both wrong
    assert found.fix == "model[0] = nn.Conv2d(1, 4, kernel_size=5)"
    assert found.tried is False
    assert "this alone is not enough" in str(found)


def test_all_is_text_for_json():
    found = diagnosed(Net(fc=nn.Linear(1, 1)), x(2, 1, 28, 28))
    as_dict = found.as_dict()
    assert as_dict["where"]["line"] == found.where.line
    named = {"what", "where", "cause", "axis", "fix", "place", "advice", "said", "tried"}
    assert set(as_dict) == named | {"rule", "severity"}
    assert "(tried: the model comes past this point):\n      self.fc = nn.Linear(2304, 1)" in str(found)


# ---- what beginners write, one mistake each


class Does(nn.Module):
    """A layer, and what is done with it."""

    def __init__(self, layer=None):
        super().__init__()
        self.layer = layer


class Turned(Does):
    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        return x.view(x.size(0), -1)


class Squeezed(Does):
    def forward(self, x):
        return self.layer(x.squeeze())


class Folded(Does):
    def forward(self, x):
        return self.layer(x.flatten())


class ToNumpy(Does):
    def forward(self, x):
        return torch.tensor(self.layer(x).numpy())


class Binary(Does):
    def forward(self, x, target):
        return F.binary_cross_entropy(x, target)


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.fc = nn.MultiheadAttention(6, 2, batch_first=True), nn.Linear(6, 2)

    def forward(self, x):
        return self.fc(self.attention(x, x, x))


@pytest.mark.parametrize(
    ("model", "inputs", "said", "fix"),
    [
        (Turned(), (x(2, 3, 4, 5),), "where it lies", "return x.reshape(x.size(0), -1)"),
        (Squeezed(nn.BatchNorm1d(4)).eval(), (x(1, 4, 1, 1),), "gone", "return self.layer(x.flatten(1))"),
        (Folded(nn.Linear(12, 2)), (x(2, 3, 4),), "gone", "return self.layer(x.flatten(1))"),
        (
            ToNumpy(nn.Linear(3, 2)),
            (x(2, 3),),
            "NumPy knows no gradients",
            "return torch.tensor(self.layer(x).detach().numpy())",
        ),
        (
            Binary(),
            (x(3) * 9, torch.tensor([0.0, 1.0, 1.0])),
            "needs numbers from 0 to 1, but its input goes from",
            "return F.binary_cross_entropy_with_logits(x, target)",
        ),
        (Attending(), (x(2, 5, 6),), "needs a tensor", "return self.fc(self.attention(x, x, x)[0])"),
        (One(nn.BatchNorm1d(4)), (x(2, 4, 5, 5),), "needs 3 axes", "self.layer = nn.BatchNorm2d(4)"),
        (
            One(nn.Linear(4, 2)),
            (x(2, 4, 5, 5),),
            "Axis 1 (channel) has 4",
            "return self.layer(x.mean((2, 3)))",
        ),
        (One(nn.Softmax(dim=2)), (x(2, 4),), "axes 0 to 1 only", "self.layer = nn.Softmax(dim=-1)"),
        (
            One(nn.MaxPool2d(2, padding=2)),
            (x(2, 1, 8, 8),),
            "2 of padding for a window of 2",
            "self.layer = nn.MaxPool2d(kernel_size=2, stride=2, padding=1)",
        ),
        (
            One(nn.Conv2d(3, 4, (3, 5, 5))),
            (x(2, 3, 8, 8),),
            "has 3 sizes, 3 × 5 × 5",
            "self.layer = nn.Conv2d(3, 4, kernel_size=5)",
        ),
    ],
)
def test_a_mistake_and_the_line_that_mends_it(model, inputs, said, fix):
    found = mended(model, *inputs)
    assert said in found.what
    assert found.fix == fix


def test_attention_of_another_width():
    class Alone(Attending):
        def forward(self, x):
            return self.attention(x, x, x)[0]

    fix = "self.attention = nn.MultiheadAttention(8, 2, batch_first=True)"
    assert mended(Alone(), x(2, 5, 8)).fix == fix


class Written(Does):
    """A forward that is a function, to write many mistakes in a line each."""

    def __init__(self, does, layer=None):
        super().__init__(layer)
        self.does = does
        self.weight = nn.Parameter(torch.zeros(2, 3))
        self.parts = nn.ModuleDict({"head": nn.Linear(3, 2)})
        self.steps = nn.ModuleList([nn.Linear(3, 2)])

    def forward(self, *x):
        return self.does(self, *x)


@pytest.mark.parametrize(
    ("does", "inputs", "said", "advice"),
    [
        (lambda m, x: m.weight.add_(1), (x(2, 3),), "changes `weight` (2, 3) in place", "register_buffer"),
        (lambda m, x: x if x > 0 else -x, (x(2, 3),), "a question for each number", "torch.where"),
        (lambda m, x: torch.cat(x, x), (x(2, 3),), "as one tuple or list", "torch.cat((a, b), dim=1)"),
        (lambda m, x: m.parts["heed"](x), (x(2, 3),), "asks for 'heed'", "Did you mean 'head'?"),
        (lambda m, x: m.steps(x), (x(2, 3),), "is an nn.ModuleList", "for layer in self.steps: x = layer(x)"),
        (lambda m, x: m(x + 1), (x(2, 3),), "calls itself without end", "not the module itself"),
        (lambda m, x: m.weight + steps, (x(2, 3),), "NameError", "Did you mean `self.steps`?"),  # noqa: F821
        (lambda m, x: [a for a, b in [m.parts["head"](x)[0:1]]], (x(2, 3),), "2 names", "gives one tensor"),
        (
            lambda m, x: x[:, 3],
            (x(2, 3),),
            "asks for entry 3 of axis 1, which has 3: 0 to 2",
            "-1 is the last",
        ),
        (lambda m, x: x.permute(0, 2, 1), (x(2, 3, 4, 5),), "names 3 places", "permute(0, 2, 3, 1)"),
        (
            lambda m, x: torch.einsum("bi,oi->bo", x, m.weight.T),
            (x(2, 3),),
            "the letter i stands for 3 and for 2",
            "of one size",
        ),
        (lambda m, x: torch.einsum("bi->b", x), (x(2, 3, 4),), "`bi` has 2 letters", "one letter an axis"),
        (lambda m, x: F.interpolate(x, size=(8, 8, 8)), (x(1, 1, 4, 4),), "needs 2 sizes", "height × width"),
        (lambda m, x: F.pad(x, (4, 4), "reflect"), (x(1, 1, 4),), "mirrors 4 numbers", "smaller padding"),
    ],
)
def test_a_mistake_in_words(does, inputs, said, advice):
    found = diagnosed(Written(does), inputs)
    assert said in found.what
    assert advice in found.advice


@pytest.mark.parametrize(
    ("loss", "target", "said", "fix"),
    [
        (
            F.cross_entropy,
            torch.tensor([[0, 1, 0], [1, 0, 0]]),
            "the number of the right class",
            ".argmax(1)",
        ),
        (F.nll_loss, torch.tensor([[0.0, 1, 0], [1, 0, 0]]), "the number of the right class", ".argmax(1)"),
        (F.binary_cross_entropy_with_logits, torch.ones(2, 3).long(), "are int64", ".float()"),
    ],
)
def test_targets_in_another_form(loss, target, said, fix):
    class Loses(nn.Module):
        def forward(self, x, target):
            return loss(x, target)

    found = mended(Loses(), x(2, 3), target)
    assert said in found.what
    assert found.fix == f"target = target{fix}"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ((1, 4, 8), "axis 0 (layer) of the state: got (1, 4, 8), expected (2, 4, 8)"),
        ((2, 4, 7), "axis 2 (feature) of the state: got (2, 4, 7), expected (2, 4, 8)"),
        ((2, 3, 8), "axis 1 (sample) of the state: got (2, 3, 8), expected (2, 4, 8)"),
    ],
)
def test_a_state_of_another_size(state, said):
    model = Written(lambda m, x: m.layer(x, (torch.zeros(state),) * 2), nn.LSTM(3, 8, 2, batch_first=True))
    found = diagnosed(model, x(4, 5, 3))
    assert found.axis == said
    assert found.fix == ""


def test_an_lstm_with_half_a_state():
    model = Written(lambda m, x: m.layer(x, torch.zeros(1, 4, 8)), nn.LSTM(3, 8, batch_first=True))
    found = diagnosed(model, x(4, 5, 3))
    assert "is a pair (h, c); it was given one tensor, (1, 4, 8)" in found.what


@pytest.mark.parametrize(
    ("model", "inputs", "rule", "fix"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(64, 3)),
            (x(2, 1, 6, 6),),
            "linear-width",
            "model[1] = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))",
        ),
        (
            nn.Sequential(nn.Linear(4, 5), nn.BatchNorm2d(5)),
            (x(2, 4),),
            "number-of-axes",
            "model[1] = nn.BatchNorm1d(5)",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)).eval(),
            (x(1, 6, 6),),
            "missing-batch-axis",
            "input = input.unsqueeze(0)",
        ),
        (
            One(nn.ConvTranspose2d(2, 1, 3, output_padding=1)),
            (x(2, 2, 5, 5),),
            "output-padding",
            "self.layer = nn.ConvTranspose2d(2, 1, kernel_size=3, stride=2, output_padding=1)",
        ),
        (Loss(), (x(2, 3, 4, 4), torch.tensor([0, 2])), "scores-with-space-left", ".flatten(2).mean(2)"),
        (
            Loss(),
            (x(2, 3, 4, 4), torch.zeros(2, 1, 4, 4).long()),
            "target-column",
            "target = target.squeeze(1)",
        ),
    ],
)
def test_what_one_line_mends_is_found_by_its_rule(model, inputs, rule, fix):
    found = mended(model, *inputs)
    assert found.rule == rule
    assert found.fix.endswith(fix)


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_loss_of_two_sizes_and_half_a_state_of_a_cell():
    def mean_square(output, target):
        return F.mse_loss(output, target)

    found = diagnosed(mean_square, (x(2, 1, 17), x(2, 1, 16)))
    assert (found.rule, found.axis) == ("loss-shapes", "(2, 1, 17) against (2, 1, 16)")
    cell = Written(lambda m, x: m.layer(x, torch.zeros(4, 5)), nn.LSTMCell(3, 5))
    assert diagnosed(cell, (x(4, 3),)).rule == "lstm-state-pair"
    flat = Written(lambda m, x: m.layer(x, torch.zeros(4, 5)), nn.GRU(3, 5, batch_first=True))
    assert diagnosed(flat, (x(4, 7, 3),)).rule == "recurrent-state-size"
