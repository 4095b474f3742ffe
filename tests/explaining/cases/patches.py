"""Windows as columns, and back."""

import torch
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)
X, COLUMNS = torch.randn(2, 3, 6, 7), torch.randn(2, 12, 30)
CASES = [
    Case("unfold", lambda x: F.unfold(x, 3), X, ("unfold",)),
    Case(
        "unfold, all settings", lambda x: F.unfold(x, (2, 3), (2, 1), (1, 0), stride=(1, 2)), X, ("unfold",)
    ),
    Case(
        "unfold of one picture", lambda x: F.unfold(x, kernel_size=2, padding=1, stride=2), X[0], ("unfold",)
    ),
    Case("unfold along an axis", lambda x: x.unfold(2, 3, 2), X, ("unfold",)),
    Case("unfold along two axes", lambda x: x.unfold(2, 3, 1).unfold(3, size=2, step=2), X, ("unfold",)),
    Case("fold", lambda x: F.fold(x, (6, 7), 2), COLUMNS, ("fold",)),
    Case("fold of one picture", lambda x: F.fold(x[..., :12], (7, 9), 2, stride=2), COLUMNS[0], ("fold",)),
    Case(
        "fold, all settings",
        lambda x: F.fold(x, (7, 8), (2, 2), dilation=(2, 1), padding=(1, 0), stride=(2, 1)),
        torch.randn(2, 12, 28),
        ("fold",),
    ),
]
