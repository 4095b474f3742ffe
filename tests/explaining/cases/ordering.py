"""Numbers put in order, and one of them taken."""

import torch

from tests.explaining.case import Case

torch.manual_seed(0)
X = torch.randn(3, 4, 5)
TIED = torch.tensor([[2.0, 1.0, 2.0, 2.0, 0.0, 1.0], [3.0, 3.0, 3.0, 3.0, 3.0, 3.0]])
CASES = [
    Case("sort", lambda x: x.sort(), X, ("sort",)),
    Case("sort of an axis, largest first", lambda x: torch.sort(x, 1, descending=True), X, ("sort",)),
    Case("sort of equals", lambda x: (x.sort(), torch.sort(x, stable=True, dim=0)), TIED, ("sort",)),
    Case("sort with infinities", lambda x: (x / 0).sort(0), TIED - 1, ("sort",)),
    Case("sort of one number", lambda x: x.sort(), torch.tensor(2.0), ("sort",)),
    Case("topk", lambda x: x.topk(2), X, ("topk",)),
    Case("topk, smallest", lambda x: torch.topk(x, 3, dim=1, largest=False), X, ("topk",)),
    Case("topk of equals", lambda x: x.topk(3), TIED, ("topk",)),
    Case("topk in any order", lambda x: x.topk(3, sorted=False), X, ("topk",)),
    Case("argsort", lambda x: (x.argsort(), x.argsort(0, True)), X, ("argsort",), gradients=False),
    Case("argsort of equals", lambda x: x.argsort(stable=True), TIED, ("argsort",), gradients=False),
    Case("kthvalue", lambda x: x.kthvalue(2, 1), X, ("kthvalue",)),
    Case("kthvalue of equals", lambda x: torch.kthvalue(x, 3, keepdim=True), TIED, ("kthvalue",)),
    Case("median of all", lambda x: x.median(), X, ("median",)),
    Case("median of all, equals", lambda x: x.median(), TIED, ("median",)),
    Case("median", lambda x: (x.median(1), torch.median(x, dim=-1, keepdim=True)), X, ("median",)),
    Case("median of equals", lambda x: x.median(1), TIED, ("median",)),
    Case(
        "median without what is no number",
        lambda x: (torch.where(x > 1, torch.nan, x).nanmedian(1), x.nanmedian()),
        X,
        ("nanmedian",),
    ),
]
