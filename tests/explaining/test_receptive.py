"""Receptive fields against published numbers, and against what autograd says that a unit depends on."""

import pytest
import torch
from torch import nn

from convscope.explaining.receptive import box_on_input, receptive_fields
from convscope.network import build
from convscope.tracing import trace


def vgg16_blocks():
    """Convolutions and poolings of VGG-16; a narrow one sees as much as a wide one."""
    layers, channels = [], 3
    for convolutions in (2, 2, 3, 3, 3):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, 4, 3, padding=1), nn.ReLU()]
            channels = 4
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers)


def alexnet_blocks():
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(4, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)),
        nn.MaxPool2d(3, 2),
    )


@pytest.mark.parametrize(
    ("network", "size", "jump"), [(vgg16_blocks(), 212, 32), (alexnet_blocks(), 195, 32)]
)
def test_published_sizes(network, size, jump):
    """The table of Araujo, Norris, Sim 2019 (distill.pub): VGG-16 212 and AlexNet 195, stride 32."""
    seen = trace(network, torch.zeros(1, 3, 224, 224), keep=False)
    last = receptive_fields(seen)[seen.nodes[-1].index]
    assert last.size == (size, size)
    assert last.jump == (jump, jump)
    assert last.exact


def support(network, x, node_output):
    """The box of the input's numbers with a gradient, all weights positive so that nothing cancels."""
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(node_output(network(x)), x)
    places = slope.nonzero()
    return [[int(low), int(high) + 1] for low, high in zip(places.amin(0), places.amax(0), strict=True)]


CHAINS = [
    (nn.Sequential(nn.Conv1d(2, 3, 5, stride=2, padding=3), nn.AvgPool1d(3, 2, 1)), (1, 2, 41)),
    (
        nn.Sequential(nn.Conv2d(2, 4, 3, dilation=2), nn.Conv2d(4, 4, 3, stride=2, padding=1, groups=2)),
        (1, 2, 23, 19),
    ),
    (nn.Sequential(nn.Conv3d(1, 2, 3, padding=1), nn.AvgPool3d(2), nn.Conv3d(2, 2, 2)), (1, 1, 12, 10, 14)),
    (nn.Sequential(nn.Conv2d(1, 2, 3, 2), nn.ConvTranspose2d(2, 1, 3, 2, 1)), (1, 1, 15, 15)),
    (nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(2 * 36, 4)), (1, 1, 6, 6)),
]


@pytest.mark.parametrize(("network", "shape"), CHAINS)
def test_boxes_are_exact_on_chains(network, shape):
    """With positive weights the support of the gradient is the whole field: the box must be its hull."""
    torch.manual_seed(0)
    for weights in network.parameters():
        weights.data.abs_().add_(0.1)
    x = torch.rand(shape)
    seen = trace(network, x)
    output = seen.values[seen.nodes[-1].outputs[0]].shape
    for at in [
        tuple(size // 2 for size in output),
        tuple(0 for _ in output),
        tuple(size - 1 for size in output),
    ]:
        box = box_on_input(seen, seen.nodes[-1], at)
        assert box.tolist() == support(network, x, lambda y, at=at: y[at]), at


@pytest.mark.parametrize("name", ["plain", "inception", "residual", "resnet", "compact", "vgg", "fast"])
def test_boxes_hold_the_support_of_the_gradient(name):
    """Branches, skips, concatenations: what is outside of the box has no gradient."""
    torch.manual_seed(0)
    network = build(name, channels=1, classes=10, space=(28, 28)).eval()
    x = torch.rand(1, 1, 28, 28)
    seen = trace(network, x)
    modules = dict(network.named_modules())
    for node in [node for node in seen.nodes if node.op in ("conv2d", "max_pool2d")]:
        at = tuple(size // 2 for size in seen.values[node.outputs[0]].shape)
        box = box_on_input(seen, node, at)
        for place in slope_at(network, modules[seen.call(node).path], x, at).nonzero().tolist():
            inside = all(low <= i < high for i, (low, high) in zip(place, box.tolist(), strict=True))
            assert inside, (node.name, place, box.tolist())


def slope_at(network, module, x, at):
    """d(one number that a module gives)/d(input), caught by a hook."""
    x = x.clone().requires_grad_()
    caught = []
    with module.register_forward_hook(lambda _, __, output: caught.append(output[at])):
        network(x)
    return torch.autograd.grad(caught[0], x)[0]


@pytest.mark.parametrize("name", ["plain", "inception", "residual", "lstm"])
def test_one_operation_is_as_all_of_them(name):
    shape = (1, 4, 12) if name == "lstm" else (1, 1, 28, 28)
    seen = trace(build(name, shape[1], 10, shape[2:]).eval(), torch.zeros(shape))
    fields = receptive_fields(seen)
    for node in seen.nodes:
        assert receptive_fields(seen, nodes=[node]).get(node.index) == fields.get(node.index)


@pytest.mark.parametrize("shape", [(1, 16, 14), (1, 16, 14, 15), (1, 4, 5, 6, 7)])
def test_a_mean_of_each_channel_sees_all_of_the_space(shape):
    seen = trace(lambda x: x.mean(tuple(range(2, len(shape)))), torch.randn(shape))
    assert receptive_fields(seen)[0].size == shape[2:]


def test_channels_that_stand_last():
    seen = trace(lambda x: torch.conv2d(x.movedim(-1, 1), torch.ones(2, 3, 5, 4)), torch.randn(1, 9, 9, 3))
    assert receptive_fields(seen)[seen["conv2d"].index].size == (5, 4)
