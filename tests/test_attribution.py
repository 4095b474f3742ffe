"""Attribution against Captum, and against what the papers promise."""

import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Occlusion, Saliency
from torch import nn

from convscope.attribution import attribute
from convscope.errors import ShapeError, TraceError, UnknownName

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOL = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
SPACE = {1: (17,), 2: (11, 9), 3: (7, 6, 8)}


class Net(nn.Module):
    """Two convolutions, a norm and a global pooling, for any number of spatial axes."""

    def __init__(self, axes: int):
        super().__init__()
        self.conv1 = CONV[axes](2, 5, 3, padding=1)
        self.norm = NORM[axes](5)
        self.conv2 = CONV[axes](5, 6, 3, stride=2)
        self.act = nn.Tanh()
        self.pool = POOL[axes](1)
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv1(x)))
        return self.fc(self.pool(self.act(self.conv2(x))).flatten(1))


def problem(axes):
    torch.manual_seed(axes)
    net = Net(axes)
    net(torch.randn(8, 2, *SPACE[axes]))  # statistics that are not 0 and 1
    return net.eval(), torch.randn(3, 2, *SPACE[axes]), torch.tensor([0, 3, 1])


def saliency(net, x, target):
    return Saliency(net).attribute(x.clone().requires_grad_(), target, abs=False)


def assert_same(ours, theirs):
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_the_gradient_is_captums_saliency(axes):
    net, x, target = problem(axes)
    assert_same(attribute(net, x, target, "gradient").values, saliency(net, x, target))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("batch", [4, 64])
def test_integrated_gradients_are_captums_with_the_same_gap(axes, batch):
    net, x, target = problem(axes)
    ours = attribute(net, x, target, "integrated-gradients", baseline=0.3, steps=20, batch=batch)
    theirs, gap = IntegratedGradients(net).attribute(
        x, torch.full_like(x, 0.3), target, n_steps=20, return_convergence_delta=True
    )
    assert_same(ours.values, theirs)
    assert (ours.gap - gap).abs().max() <= 1e-6 * ours.values.abs().sum()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_grad_cam_is_captums_on_the_same_layer(axes):
    net, x, target = problem(axes)
    for layer, module in (("conv2", net.conv2), ("conv1", net.conv1), ("act", net.act)):
        ours = attribute(net, x, target, "grad-cam", layer=layer, batch=2)
        theirs = LayerGradCam(net, module).attribute(x, target, relu_attributions=True).detach()
        assert ours.layer == layer
        assert_same(ours.map[:, None], theirs)
        mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[axes]
        assert_same(ours.values, LayerAttribution.interpolate(theirs, x.shape[2:], interpolate_mode=mode))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(("window", "stride"), [(3, 1), (3, 2), (4, 3), (2, 2)])
def test_occlusion_is_captums_also_where_the_stride_does_not_divide(axes, window, stride):
    net, x, target = problem(axes)
    ours = attribute(net, x, target, "occlusion", window=window, stride=stride, baseline=0.5)
    theirs = Occlusion(net).attribute(
        x,
        (2, *[window] * axes),
        (1, *[stride] * axes),
        baselines=0.5,
        target=target,
        perturbations_per_eval=16,
    )
    assert_same(ours.values, theirs)
    assert ours.settings == {"window": (window,) * axes, "stride": (stride,) * axes, "baseline": 0.5}


def test_grad_cam_takes_the_last_operation_that_still_has_a_where():
    net, x, target = problem(2)
    assert attribute(net, x, target, "grad-cam").layer == "act"


def test_grad_cam_leaves_out_what_the_score_does_not_depend_on():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3)

        def forward(self, x):
            used, unused = self.a(x), self.b(x)
            self.seen = unused.sum()
            return used.mean((2, 3))

    assert attribute(Two(), torch.randn(2, 1, 6, 6), 0, "grad-cam").layer == "a"


def test_grad_cam_with_frozen_weights():
    net, x, target = problem(2)
    expected = attribute(net, x, target, "grad-cam").values
    net.requires_grad_(requires_grad=False)
    assert torch.equal(attribute(net, x, target, "grad-cam").values, expected)


def test_of_a_linear_model_all_is_known():
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    weight = net[1].weight[1].detach().reshape(1, 1, 2, 3)
    assert torch.equal(attribute(net, x, 1, "gradient").values, weight)
    found = attribute(net, x, 1, "integrated-gradients")
    assert_same(found.values, weight * x)
    assert abs(float(found.gap)) <= 1e-6 * float((weight * x).abs().sum())
    assert_same(attribute(net, x, 1, "occlusion", window=1, stride=1).values, weight * x)


def test_the_gap_is_what_is_missing():
    net, x, target = problem(2)
    few, many = (attribute(net, x, target, steps=steps) for steps in (2, 200))
    assert many.gap.abs().max() < few.gap.abs().max()
    missing = few.values.flatten(1).double().sum(1) - (few.score - net(0 * x)[range(3), target]).detach()
    assert (few.gap - missing).abs().max() <= 1e-6 * few.values.abs().sum()


def test_the_target_may_be_a_function():
    net, x, _ = problem(2)
    ours = attribute(net, x, lambda output: output[:, 1] - output[:, 2], "gradient")
    both = [saliency(net, x, target) for target in (1, 2)]
    assert_same(ours.values, both[0] - both[1])
    assert ours.target is None


@pytest.mark.parametrize("method", ["gradient", "integrated-gradients", "grad-cam", "occlusion"])
def test_the_model_is_left_as_it_was(method):
    net, x, _ = problem(2)
    net.train()
    net.conv1.eval()
    net.fc.weight.grad = torch.ones_like(net.fc.weight)
    buffers = [each.clone() for each in net.buffers()]
    modes = [each.training for each in net.modules()]
    state = torch.get_rng_state()
    first, second = (attribute(net, x, 1, method).values for _ in range(2))
    assert torch.equal(first, second)
    assert [each.training for each in net.modules()] == modes
    assert all(torch.equal(now, before) for now, before in zip(net.buffers(), buffers, strict=True))
    assert torch.equal(net.fc.weight.grad, torch.ones_like(net.fc.weight))
    assert net.conv1.weight.grad is None
    assert not any(each._forward_hooks or each._backward_hooks for each in net.modules())
    assert torch.equal(torch.get_rng_state(), state)
    assert not x.requires_grad


def test_a_first_layer_that_works_in_place():
    net = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    x = torch.randn(2, 1, 6, 6)
    before = x.clone()
    for method in ("gradient", "integrated-gradients", "grad-cam", "occlusion"):
        attribute(net, x, 0, method)
        assert torch.equal(x, before)


def test_every_method_batches_its_variants():
    sizes = []

    class Counting(Net):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    net, x = Counting(2), torch.randn(2, 2, 11, 9)
    attribute(net, x, 0, "integrated-gradients", steps=50, batch=64)
    assert len(sizes) == 4  # 100 variants in two batches, the samples, the baseline
    sizes.clear()
    attribute(net, x, 0, "occlusion", window=3, stride=2, batch=64)
    assert len(sizes) == 2  # 5·4 windows of 2 samples in one batch, and the samples
    assert max(sizes) <= 64


def test_what_does_not_fit_is_said():
    net, x, _ = problem(2)
    with pytest.raises(UnknownName, match="did you mean 'gradient'"):
        attribute(net, x, 0, "gradien")
    with pytest.raises(ShapeError, match=r"got uint8 inputs .3, 2, 11, 9., expected floats with axes"):
        attribute(net, x.byte(), 0)
    with pytest.raises(ShapeError, match="there is no class 9: the model gives 4"):
        attribute(net, x, 9)
    with pytest.raises(ShapeError, match="expected a class number"):
        attribute(net, x, torch.tensor([0, 1]))
    with pytest.raises(ShapeError, match="1 ≤ stride ≤ window ≤ size"):
        attribute(net, x, 0, "occlusion", window=3, stride=4)
    with pytest.raises(ShapeError, match="Choose a layer before the last pooling"):
        attribute(net, x, 0, "grad-cam", layer="pool")
    with pytest.raises(UnknownName, match="no operation is called 'conv9'"):
        attribute(net, x, 0, "grad-cam", layer="conv9")
    with pytest.raises(ShapeError, match="Grad-CAM needs one"):
        attribute(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), torch.randn(1, 1, 2, 2), 0, "grad-cam")
    with pytest.raises(TraceError, match=r"`conv1` .*expects 2 channels, but got 3"):
        attribute(net, torch.randn(1, 3, 11, 9), 0)
