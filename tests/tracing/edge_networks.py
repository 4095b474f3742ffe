"""Networks whose edges two libraries are asked for."""

import torch
from torch import nn
from transformers import ConvNextConfig, ConvNextModel, ResNetConfig, ResNetModel, ViTConfig, ViTModel

from convscope.network import build


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


def plain(name):
    name = name.strip("_").removeprefix("i") if name in ("__iadd__",) else name.strip("_")
    return {"concat": "cat"}.get(name, name)
