"""Small networks of many architectures, with random weights: ours, plain torch, and those of transformers."""

from collections.abc import Callable

import torch
import transformers as hf
from torch import nn
from torch.nn import functional as F

from convscope.network import build

STAGES = {"hidden_sizes": [8, 16], "depths": [1, 2]}
TOKENS = {
    **{"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24},
    **{"image_size": 32, "patch_size": 8},
}
WINDOWS = {
    **{"image_size": 32, "patch_size": 2, "embed_dim": 8, "depths": [1, 2], "num_heads": [1, 2]},
    "window_size": 4,
}
PYRAMID = {
    **{"num_encoder_blocks": 2, "depths": [1, 1], "hidden_sizes": [8, 16], "patch_sizes": [7, 3]},
    "strides": [4, 2],
}
HEADS = {"num_attention_heads": [1, 2], "mlp_ratios": [2, 2]}


class UNet(nn.Module):
    """Down, up by a transposed convolution, and a skip between the two."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.deep = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
        self.up, self.end = nn.ConvTranspose2d(8, 6, 2, stride=2), nn.Conv2d(12, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left = F.leaky_relu(self.down(x))
        deep = F.silu(self.deep(F.max_pool2d(left, 2)))
        return self.end(torch.cat([left, self.up(deep)], dim=1)).sigmoid()


class Dense(nn.Module):
    """Every layer takes all that came before it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3 + 4 * i, 4, 3, padding=1) for i in range(3)])
        self.norms = nn.ModuleList([nn.GroupNorm(1, 3 + 4 * i) for i in range(3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = torch.cat([x, layer(F.elu(norm(x)))], dim=1)
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


class Excited(nn.Module):
    """Depthwise convolution, squeeze and excitation, residual sum in place."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = nn.Conv2d(3, 3, 5, padding=2, groups=3)
        self.squeeze, self.excite = nn.Linear(3, 2), nn.Linear(2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.hardswish(self.depth(x))
        gate = F.hardsigmoid(self.excite(F.relu6(self.squeeze(y.mean((2, 3))))))
        y *= gate[:, :, None, None]
        y += x
        return F.avg_pool2d(y, 4).flatten(1).log_softmax(1)


class Patches(nn.Module):
    """An image as a sequence for torch's own transformer encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.cut = nn.Conv2d(3, 16, 8, stride=8)
        layer = nn.TransformerEncoderLayer(16, 2, 24, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(self.cut(x).flatten(2).transpose(1, 2)).mean(1)


class Rows(nn.Module):
    """The rows of an image, one after the other, through GRU and LSTM modules."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.lstm = (
            nn.GRU(96, 8, batch_first=True),
            nn.LSTM(8, 6, batch_first=True, bidirectional=True),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, _ = self.gru(x.permute(0, 2, 1, 3).flatten(2))
        return self.lstm(rows)[0][:, -1]


def alexnet() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(inplace=True), nn.LocalResponseNorm(3), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(8, 12, 3, padding=1, groups=2), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2)),
        *(nn.Flatten(), nn.Dropout(), nn.Linear(48, 10), nn.Softmax(1)),
    )


# With an image of 3 × 32 × 32.
IMAGE: dict[str, Callable[[], nn.Module]] = {
    "U-Net": UNet,
    "DenseNet": Dense,
    "squeeze and excitation": Excited,
    "transformer encoder": Patches,
    "rows": Rows,
    "AlexNet": alexnet,
    "ResNet": lambda: hf.ResNetModel(hf.ResNetConfig(embedding_size=8, **STAGES)),
    "ConvNeXt": lambda: hf.ConvNextModel(hf.ConvNextConfig(num_stages=2, **STAGES)),
    "ConvNeXt V2": lambda: hf.ConvNextV2Model(hf.ConvNextV2Config(num_stages=2, **STAGES)),
    "RegNet": lambda: hf.RegNetModel(hf.RegNetConfig(embedding_size=8, groups_width=8, **STAGES)),
    "BiT": lambda: hf.BitModel(hf.BitConfig(embedding_size=8, num_groups=4, **STAGES)),
    "ViT": lambda: hf.ViTModel(hf.ViTConfig(**TOKENS)),
    "DeiT": lambda: hf.DeiTModel(hf.DeiTConfig(**TOKENS)),
    "BEiT": lambda: hf.BeitModel(hf.BeitConfig(**TOKENS)),
    "Data2Vec": lambda: hf.Data2VecVisionModel(hf.Data2VecVisionConfig(**TOKENS)),
    "DINOv2": lambda: hf.Dinov2Model(hf.Dinov2Config(mlp_ratio=2, **TOKENS)),
    "CLIP": lambda: hf.CLIPVisionModel(hf.CLIPVisionConfig(**TOKENS)),
    "SigLIP": lambda: hf.SiglipVisionModel(hf.SiglipVisionConfig(**TOKENS)),
    "Swin": lambda: hf.SwinModel(hf.SwinConfig(**WINDOWS)),
    "Swin V2": lambda: hf.Swinv2Model(hf.Swinv2Config(**WINDOWS)),
    "MobileNet V1": lambda: hf.MobileNetV1Model(hf.MobileNetV1Config(depth_multiplier=0.25, min_depth=4)),
    "MobileNet V2": lambda: hf.MobileNetV2Model(hf.MobileNetV2Config(depth_multiplier=0.25, min_depth=4)),
    "PoolFormer": lambda: hf.PoolFormerModel(hf.PoolFormerConfig(padding=[2, 1], **PYRAMID)),
    "SegFormer": lambda: hf.SegformerModel(hf.SegformerConfig(sr_ratios=[4, 2], **PYRAMID, **HEADS)),
    "PVT V2": lambda: hf.PvtV2Model(hf.PvtV2Config(image_size=32, sr_ratios=[4, 2], **PYRAMID, **HEADS)),
    "PVT": lambda: hf.PvtModel(
        hf.PvtConfig(
            image_size=32,
            depths=[1, 1, 1, 1],
            hidden_sizes=[8, 16, 16, 16],
            num_attention_heads=[1, 2, 2, 2],
            mlp_ratios=[2, 2, 2, 2],
        )
    ),
    "EfficientNet": lambda: hf.EfficientNetModel(
        hf.EfficientNetConfig(width_coefficient=0.25, depth_coefficient=0.3, hidden_dim=320)
    ),
    "LeViT": lambda: hf.LevitModel(
        hf.LevitConfig(
            image_size=32,
            hidden_sizes=[16, 24, 32],
            num_attention_heads=[2, 2, 2],
            depths=[1, 1, 1],
            key_dim=[8, 8, 8],
            down_ops=[["Subsample", 8, 2, 4, 2, 2], ["Subsample", 8, 2, 4, 2, 2]],
        )
    ),
    "CvT": lambda: hf.CvtModel(hf.CvtConfig(embed_dim=[8, 16, 16], num_heads=[1, 2, 2], depth=[1, 2, 3])),
    "FocalNet": lambda: hf.FocalNetModel(
        hf.FocalNetConfig(
            image_size=32,
            embed_dim=8,
            depths=[1, 1],
            hidden_sizes=[8, 16],
            focal_levels=[2, 2],
            focal_windows=[3, 3],
        )
    ),
    "MobileViT": lambda: hf.MobileViTModel(
        hf.MobileViTConfig(
            image_size=32,
            hidden_sizes=[12, 16, 20],
            neck_hidden_sizes=[4, 4, 8, 8, 12, 12, 16],
            num_attention_heads=2,
        )
    ),
    "SwiftFormer": lambda: hf.SwiftFormerModel(
        hf.SwiftFormerConfig(depths=[1, 1, 1, 1], embed_dims=[8, 8, 16, 16])
    ),
}

# Ours, in one, two and three dimensions: name and size of the input.
OURS = [
    *[
        (name, (32,))
        for name in ("resnet", "inception-time", "rnn", "lstm", "gru", "bilstm", "bigru", "rnn-cell")
    ],
    *[(name, (28, 28)) for name in ("fast", "compact", "basic", "strided", "pooled", "lenet5", "residual")],
    *[(name, (32, 32)) for name in ("plain", "inception", "vgg", "resnet")],
    *[(name, (8, 8, 8)) for name in ("plain", "resnet")],
]


def architectures() -> dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]]:
    """Name → how to make it, and the shape of its input."""
    ours = {
        f"{name} {'×'.join(map(str, space))}": (
            lambda name=name, space=space: build(name, 1, 4, space),
            (1, 1, *space),
        )
        for name, space in OURS
    }
    return {name: (make, (1, 3, 32, 32)) for name, make in IMAGE.items()} | ours
