"""TorchLens as an independent witness: the same operations, and each takes what the same others made."""

import pytest
import torch
import torchlens
from torch import nn
from transformers import ConvNextConfig, ConvNextModel, ResNetConfig, ResNetModel, ViTConfig, ViTModel

from convscope.network import build
from convscope.trace import trace


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.second = (
            nn.Conv2d(3, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Conv2d(4, 4, 1),
        )
        self.head = nn.Linear(4 * 32 * 32, 3)

    def forward(self, x):
        y = torch.relu(self.norm(self.first(x)))
        for _ in range(2):
            y = y + self.second(y)
        z = torch.cat([y[:, :1], y[:, 1:] * 2], dim=1)
        return self.head(z.flatten(1)).softmax(1)


class InPlace(nn.Module):
    def forward(self, x):
        y = x * 2
        y += 1
        y.clamp_(min=0)
        z = y.exp()
        return z - y


def networks():
    torch.manual_seed(0)
    small = {"hidden_sizes": [8, 16], "depths": [1, 2]}
    return {
        "branches": Branches(),
        "in place": InPlace(),
        "our resnet": build("resnet", 3, 4, (32, 32)),
        "ResNet": ResNetModel(ResNetConfig(embedding_size=8, **small)),
        "ConvNeXt": ConvNextModel(ConvNextConfig(num_stages=2, **small)),
        "ViT": ViTModel(
            ViTConfig(
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=32,
                image_size=32,
                patch_size=8,
            )
        ),
    }


def their_edges(model, x):
    """Each operation's name, and the places of those whose results it takes; identities are looked through."""
    every = list(torchlens.trace(model, x).layer_list)
    ops = [each for each in every if each.func_name not in (None, "none", "identity")]
    place = {each.label: {index} for index, each in enumerate(ops)}
    for each in every:  # in the order in which they ran
        if each.func_name == "identity":
            place[each.label] = parents(each, place)
    return [(plain(each.func_name), parents(each, place)) for each in ops]


def parents(each, place):
    """A parent that ran once is named without the number of its run."""
    found = [place.get(name) or place.get(f"{name}:1") or set() for name in each.parents]
    return set().union(*found)


def our_edges(model, x):
    result = trace(model, x)
    assert result.failure is None, result.failure
    nodes = [node for node in result.nodes if node.outputs]
    return [(plain(node.op), {parent.index for parent in result.parents(node)}) for node in nodes]


def plain(name):
    name = name.strip("_").removeprefix("i") if name in ("__iadd__",) else name.strip("_")
    return {"concat": "cat"}.get(name, name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", networks())
def test_edges_are_those_of_torchlens(name):
    model = networks()[name].eval()
    x = torch.randn(1, 3, 32, 32)
    ours, theirs = our_edges(model, x), their_edges(model, x)
    assert [op for op, _ in ours] == [op for op, _ in theirs]
    assert ours == theirs
