"""The layers of a network: shapes, parameters and multiply-adds, counted independently."""

import pytest
import torch
from torch import nn

from convscope.network import NETWORKS, build, takes
from convscope.run.outline import latency, outline


def test_multiply_adds_of_plain_are_those_counted_by_hand():
    layers = {
        layer.name: layer
        for layer in outline(build("plain", 1, 10, (28, 28)).eval(), torch.zeros(1, 1, 28, 28))
    }
    assert layers["conv1"].macs == 28 * 28 * 16 * 5 * 5
    assert layers["conv2"].macs == 14 * 14 * 32 * 16 * 5 * 5
    assert layers["fc"].macs == 32 * 7 * 7 * 10
    assert layers["conv2"].shape == (32, 14, 14)


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_of_the_layers_add_up_to_those_of_the_network(name):
    space = (32, 32) if takes(name, 2) else (32,)
    network = build(name, 3, 7, space).eval()
    layers = outline(network, torch.zeros(1, 3, *space))
    assert sum(layer.parameters for layer in layers) == sum(
        weights.numel() for weights in network.parameters()
    )
    assert layers[-1].shape == (7,)


def test_grouped_convolution_counts_the_weights_it_uses():
    (layer,) = outline(nn.Sequential(nn.Conv2d(4, 8, 3, groups=4)), torch.zeros(1, 4, 5, 5))
    assert layer.macs == 3 * 3 * 8 * 3 * 3 * 1


def test_a_layer_used_twice_has_its_parameters_counted_once():
    shared = nn.Linear(3, 3)
    first, second = outline(nn.Sequential(shared, shared), torch.zeros(1, 3))
    assert (first.parameters, second.parameters) == (12, 0)
    assert first.macs == second.macs == 9


def test_recurrent_layers_are_listed_but_not_counted():
    (layer,) = outline(nn.Sequential(nn.LSTM(3, 5)), torch.zeros(1, 4, 3))
    assert layer.macs is None
    assert layer.parameters == 4 * 5 * (3 + 5 + 2)


def test_no_hook_is_left_behind():
    network = nn.Sequential(nn.ReLU())
    outline(network, torch.zeros(1, 3))
    assert not network[0]._forward_hooks
    assert latency(network, torch.zeros(1, 3)) > 0
