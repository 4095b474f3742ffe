import torch
from torch import nn
from torch.nn import functional as F

from tests.explain.case import Case

torch.manual_seed(0)
CASES = [
    Case("relu", nn.ReLU(), torch.randn(2, 3, 4), ops=("relu",)),
    Case("relu in place", lambda x: F.relu(x * 1.0, inplace=True), torch.randn(2, 3), ops=("relu",)),
]
