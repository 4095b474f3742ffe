"""Networks with knobs: published parameter counts, and what width and depth do."""

import pytest
import torch

from convscope.errors import NetworkError, ShapeError, UnknownName
from convscope.network import NETWORKS, build, default
from convscope.network.layers import chain, layers, space_after


def parameters(name, channels, classes, space, **scale):
    with torch.device("meta"):  # shapes without numbers
        network = NETWORKS[name](channels, classes, space, **scale)
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(
    ("depth", "space", "classes", "published"),
    [
        (18, (64, 64), 1000, 11_689_512),  # torchvision's models, by their documentation
        (34, (64, 64), 1000, 21_797_672),
        (50, (64, 64), 1000, 25_557_032),
        (20, (32, 32), 10, 272_474),  # He et al. table 6: 0.27 million, with shortcuts of kind B
    ],
)
def test_resnet_has_the_published_number_of_parameters(depth, space, classes, published):
    assert parameters("resnet", 3, classes, space, depth=depth) == published


@pytest.mark.parametrize(
    (
        "depth",
        "convolutions",
    ),  # torchvision's vgg*_bn less its three linear layers and the convolutions' biases
    [(11, 9_220_480), (13, 9_404_992), (16, 14_714_688), (19, 20_024_384)],
)
def test_vgg_has_the_published_convolutions(depth, convolutions):
    norms_and_biases = {11: 2752, 13: 2944, 16: 4224, 19: 5504}[depth]
    fc = 512 * 10 + 10
    expected = convolutions - norms_and_biases + 2 * norms_and_biases + fc
    assert parameters("vgg", 3, 10, (32, 32), depth=depth) == expected


def test_width_multiplies_the_channels():
    narrow, wide = build("resnet", 1, 10, (28, 28), width=0.5), build("resnet", 1, 10, (28, 28), width=2)
    assert (narrow.fc.in_features, wide.fc.in_features) == (32, 128)
    assert build("lenet5", 1, 10, (28, 28), width=1.5).conv1.out_channels == 9
    assert build("vgg", 1, 10, (28, 28), width=0.001).fc.in_features == 1


def test_large_pictures_get_a_stem_that_reduces_to_a_quarter():
    assert space_after(build("resnet", 3, 10, (63, 63)).stem, (63, 63)) == (63, 63)
    assert space_after(build("resnet", 3, 10, (64, 96)).stem, (64, 96)) == (16, 24)


def test_one_kernel_size_serves_every_number_of_axes():
    for axes in (1, 2, 3):
        assert build("plain", 1, 10, (16,) * axes).conv1.weight.shape == (16, 1, *(5,) * axes)


def test_sizes_behind_a_chain_are_the_real_ones():
    layer = layers((1, 1))
    network = chain(a=layer.Conv(1, 2, (3, 5), stride=(2, 1), padding=(1, 0)), b=layer.MaxPool(3, stride=2))
    assert space_after(network, (21, 30)) == tuple(network(torch.zeros(1, 1, 21, 30)).shape[2:])


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"name": "plain", "width": 2},
            NetworkError,
            "network 'plain' has no width: it has no such knob.\n  Networks with a width: ",
        ),
        ({"name": "lenet5", "depth": 5}, NetworkError, "network 'lenet5' has no depth: it has width.\n"),
        (
            {"name": "resnet", "depth": 19},
            NetworkError,
            "network 'resnet' has no depth 19.\n  The depths it has: 8, 14, 20, 18, 34, 50.",
        ),
        ({"name": "vgg", "width": 0}, NetworkError, "width multiplies the channels, so it must be above 0"),
        ({"name": "vgg", "width": float("nan")}, NetworkError, "width multiplies the channels"),
        ({"name": "resnt"}, UnknownName, "no network is called 'resnt'; did you mean 'resnet'?"),
        ({"name": "plain", "space": ()}, ShapeError, "a sample needs 1, 2 or 3 spatial axes"),
        ({"name": "plain", "space": (2, 2, 2, 2)}, ShapeError, "got (2 × 2 × 2 × 2)"),
        ({"name": "plain", "space": (0, 9)}, ShapeError, "at least one position each"),
        ({"name": "plain", "channels": 0}, ShapeError, "a channel and a class at least, got 0 and 10"),
        (
            {"name": "pooled", "space": (8, 8)},
            ShapeError,
            "network 'pooled' does not fit samples of 1 × 8 × 8: the window of layer 'conv2', 4 × 4, "
            "does not fit into 1 × 1.\n  The smallest that fit are 21 × 21: ",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused_with_advice(arguments, kind, message):
    with pytest.raises(kind) as caught:
        build(**{"channels": 1, "classes": 10, "space": (28, 28)} | arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "space"),
    [
        *[("image", (size, size)) for size in (1, 8, 28, 32, 64, 128)],
        *[("signal", (length,)) for length in (1, 2, 24, 140, 8000)],
        *[("sequence", (steps,)) for steps in (1, 3, 30)],
        *[("volume", (size,) * 3) for size in (1, 3, 30)],
        ("volume", (7, 40, 16)),
    ],
)
@pytest.mark.parametrize("samples", [1, 60_000])
def test_the_default_of_each_kind_takes_every_size(samples, kind, space):
    name, scale = default(kind, samples, space)
    assert build(name, 3, 10, space, **scale)(torch.zeros(2, 3, *space)).shape == (2, 10)


def test_compact_halves_by_every_block_while_two_positions_remain():
    network = build("compact", 1, 10, (30, 30, 30))
    shapes = []
    for block in (network.conv, network.block1, network.block2, network.block3):
        block.register_forward_hook(lambda module, x, y: shapes.append(tuple(y.shape[1:])))
    network(torch.zeros(2, 1, 30, 30, 30))
    assert shapes == [(16, 15, 15, 15), (32, 8, 8, 8), (64, 4, 4, 4), (128, 2, 2, 2)]


def test_compact_has_the_parameters_of_its_blocks():
    def block(before, after):
        return 9 * before * after + 9 * after * after + before * after + 3 * 2 * after

    expected = 25 * 16 + 2 * 16 + block(16, 32) + block(32, 64) + block(64, 128) + 128 * 10 + 10
    assert parameters("compact", 1, 10, (28, 28)) == expected
