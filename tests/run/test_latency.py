import torch
from torch import nn

from convscope.run.evaluation.latency import latency


def test_one_sample_takes_time():
    assert 0 < latency(nn.Sequential(nn.ReLU()).eval(), torch.zeros(1, 3)) < 1
