"""Normalisations: training and evaluation, with and without weights, 1-D to 3-D, and as kernels."""

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)
ROWS, SIGNALS, PICTURES, VOLUMES = (
    torch.randn(3, 4, *space) * 2 + 0.5 for space in [(), (7,), (5, 6), (2, 3, 4)]
)


def used(module):
    """With weights, biases and statistics as after some training."""
    with torch.no_grad():
        for each in (*module.parameters(), *module.buffers()):
            if each.is_floating_point():
                each.copy_(torch.rand_like(each) + 0.5)
    return module


def case(name, model, *ops, inputs: Any = PICTURES, **options):
    return Case(name, model, inputs, ops, **options)


class Twice(nn.Module):
    """One module for two tensors: the statistics of the second call are those that the first one left."""

    def __init__(self):
        super().__init__()
        self.norm = used(nn.BatchNorm1d(4))

    def forward(self, x):
        return self.norm(self.norm(x) * 2 + 1)


def scripted(module, inputs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and constants are traced in: people have such models
        return torch.jit.trace(module, inputs, check_trace=False)


def exported(module, inputs, *, decomposed=False):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch about itself
        program = torch.export.export(module, (inputs,))
        return (program.run_decompositions() if decomposed else program).module()


BATCH = [
    case("batch norm of rows, training", used(nn.BatchNorm1d(4)), "batch_norm", inputs=ROWS),
    case("batch norm of rows, evaluation", used(nn.BatchNorm1d(4)).eval(), "batch_norm", inputs=ROWS),
    case("batch norm 1-D, training", used(nn.BatchNorm1d(4)), "batch_norm", inputs=SIGNALS),
    case("batch norm 2-D, training", used(nn.BatchNorm2d(4)), "batch_norm"),
    case("batch norm 2-D, evaluation", used(nn.BatchNorm2d(4)).eval(), "batch_norm"),
    case("batch norm 3-D, training", used(nn.BatchNorm3d(4)), "batch_norm", inputs=VOLUMES),
    case("batch norm 3-D, evaluation", used(nn.BatchNorm3d(4)).eval(), "batch_norm", inputs=VOLUMES),
    case("batch norm without weights", nn.BatchNorm2d(4, affine=False), "batch_norm"),
    case("batch norm without statistics", nn.BatchNorm2d(4, track_running_stats=False).eval(), "batch_norm"),
    case("batch norm with the mean of all batches", nn.BatchNorm2d(4, momentum=None), "batch_norm"),
    case("batch norm with a large epsilon", used(nn.BatchNorm2d(4, eps=0.5, momentum=0.7)), "batch_norm"),
    case("batch norm called twice", Twice(), "batch_norm", inputs=SIGNALS),
    case("batch norm far from zero", used(nn.BatchNorm2d(4)), "batch_norm", inputs=PICTURES + 30),
    case(
        "batch norm of a constant",
        used(nn.BatchNorm2d(4)),
        "batch_norm",
        inputs=torch.full((2, 4, 3, 3), 0.3),
    ),
    case(
        "batch norm, channels last",
        used(nn.BatchNorm2d(4)),
        "batch_norm",
        inputs=PICTURES.contiguous(memory_format=torch.channels_last),
    ),
    case(
        "batch norm in the kernel's order",
        lambda x, w, b, m, v: torch.batch_norm(x, w, b, m.detach(), v.detach(), False, 0.1, 1e-5, False),
        "batch_norm",
        inputs=(PICTURES, *torch.rand(4, 4) + 0.5),
    ),
    case(
        "batch norm, functional",
        lambda x, m, v: F.batch_norm(x, m.detach(), v.detach(), training=True),
        "batch_norm",
        inputs=(PICTURES, *torch.rand(2, 4)),
    ),
    case("batch norm of a traced script", scripted(used(nn.BatchNorm2d(4)), PICTURES), "native_batch_norm"),
    case(
        "batch norm of a traced script, evaluation",
        scripted(used(nn.BatchNorm2d(4)).eval(), PICTURES),
        "native_batch_norm",
    ),
    case("batch norm of a program", exported(used(nn.BatchNorm2d(4)).eval(), PICTURES), "batch_norm"),
    case(
        "batch norm of a decomposed program",
        exported(used(nn.BatchNorm2d(4)).eval(), PICTURES, decomposed=True),
        "_native_batch_norm_legit_no_training",
    ),
    case(
        "batch norm kernel",
        lambda x, w, b, m, v: torch.ops.aten._native_batch_norm_legit.default(
            x, w, b, m.detach(), v.detach(), True, 0.1, 1e-5
        )[0],
        "_native_batch_norm_legit",
        inputs=(PICTURES, *torch.rand(4, 4) + 0.5),
    ),
    case(
        "batch norm kernel without statistics",
        lambda x: torch.ops.aten._native_batch_norm_legit.no_stats(x, None, None, True, 0.1, 1e-5)[0],
        "_native_batch_norm_legit",
    ),
]
OTHERS = [
    case("layer norm", used(nn.LayerNorm(6)), "layer_norm"),
    case("layer norm over two axes", used(nn.LayerNorm([5, 6])), "layer_norm"),
    case("layer norm of everything", used(nn.LayerNorm([4, 7])), "layer_norm", inputs=SIGNALS),
    case("layer norm of rows", used(nn.LayerNorm(4)), "layer_norm", inputs=ROWS),
    case("layer norm without weights", nn.LayerNorm(6, elementwise_affine=False), "layer_norm"),
    case("layer norm without a bias", used(nn.LayerNorm(6, bias=False)), "layer_norm"),
    case("layer norm far from zero", used(nn.LayerNorm([5, 6])), "layer_norm", inputs=PICTURES - 30),
    case("layer norm, torch.layer_norm", lambda x: torch.layer_norm(x, [6], eps=0.1), "layer_norm"),
    case("layer norm of a traced script", scripted(used(nn.LayerNorm(6)), PICTURES), "native_layer_norm"),
    case("group norm", used(nn.GroupNorm(2, 4)), "group_norm"),
    case("group norm of signals", used(nn.GroupNorm(2, 4)), "group_norm", inputs=SIGNALS),
    case("group norm of rows", used(nn.GroupNorm(2, 4)), "group_norm", inputs=ROWS),
    case("group norm of volumes in one group", used(nn.GroupNorm(1, 4)), "group_norm", inputs=VOLUMES),
    case("group norm without weights", nn.GroupNorm(4, 4, affine=False), "group_norm"),
    case("group norm far from zero", used(nn.GroupNorm(2, 4)), "group_norm", inputs=PICTURES + 30),
    case(
        "group norm, channels last",
        used(nn.GroupNorm(2, 4)),
        "group_norm",
        inputs=PICTURES.contiguous(memory_format=torch.channels_last),
    ),
    case("group norm of a traced script", scripted(used(nn.GroupNorm(2, 4)), PICTURES), "native_group_norm"),
    case("instance norm", nn.InstanceNorm2d(4), "instance_norm"),
    case("instance norm with weights", used(nn.InstanceNorm2d(4, affine=True)), "instance_norm"),
    case("instance norm of signals", nn.InstanceNorm1d(4), "instance_norm", inputs=SIGNALS),
    case("instance norm of volumes", nn.InstanceNorm3d(4), "instance_norm", inputs=VOLUMES),
    case(
        "instance norm of one sample without its axis",
        nn.InstanceNorm2d(4),
        "instance_norm",
        inputs=PICTURES[0],
    ),
    case(
        "instance norm with statistics, training",
        used(nn.InstanceNorm2d(4, affine=True, track_running_stats=True)),
        "instance_norm",
    ),
    case(
        "instance norm with statistics, evaluation",
        used(nn.InstanceNorm2d(4, affine=True, track_running_stats=True)).eval(),
        "instance_norm",
    ),
    case("rms norm", used(nn.RMSNorm(6)), "rms_norm"),
    case(
        "rms norm over two axes, without weights",
        nn.RMSNorm([5, 6], elementwise_affine=False, eps=0.1),
        "rms_norm",
    ),
    case("rms norm of rows", used(nn.RMSNorm(4, eps=1e-6)), "rms_norm", inputs=ROWS),
    case("local response norm", nn.LocalResponseNorm(3, alpha=0.5), "local_response_norm"),
    case(
        "local response norm, even size",
        nn.LocalResponseNorm(2, 0.3, 0.5, 2.0),
        "local_response_norm",
        inputs=SIGNALS,
    ),
    case(
        "local response norm of volumes", nn.LocalResponseNorm(2, 0.3), "local_response_norm", inputs=VOLUMES
    ),
    case(
        "local response norm, larger than the channels", nn.LocalResponseNorm(9, 0.3), "local_response_norm"
    ),
    case("normalised by the length", lambda x: F.normalize(x, dim=1), "clamp"),
]
CASES = [*BATCH, *OTHERS]
