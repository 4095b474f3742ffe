"""How alike two rows are, and how long a row of weights is."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from tests.explaining.case import Case

torch.manual_seed(0)
A, B, FAR = torch.randn(2, 5, 3), torch.randn(2, 5, 3), 1000 + torch.randn(2, 5, 3)


def pair(name, model, op, a=A, b=B):
    return Case(name, model, (a, b), (op,))


CASES = [
    pair("cosine similarity", F.cosine_similarity, "cosine_similarity"),
    pair("cosine of last axis", nn.CosineSimilarity(dim=-1), "cosine_similarity"),
    pair("cosine of all pairs", nn.CosineSimilarity(dim=-1), "cosine_similarity", A[0, :, None], B[0]),
    pair("cosine with itself", lambda a, b: F.cosine_similarity(a, a), "cosine_similarity"),
    pair("cosine of short rows", lambda a, b: F.cosine_similarity(a, b, eps=5.0), "cosine_similarity"),
    *(
        pair(
            f"distance of order {p}",
            lambda a, b, p=p: F.pairwise_distance(a, b, p),
            "pairwise_distance",
        )
        for p in (1, 2, 3.5, torch.inf)
    ),
    pair("distance, axis kept", nn.PairwiseDistance(keepdim=True), "pairwise_distance", A[0], B[0]),
    pair("distance to one row", nn.PairwiseDistance(), "pairwise_distance", A, B[:1, :1]),
    pair("distance of rows far from zero", nn.PairwiseDistance(), "pairwise_distance", FAR, FAR + B),
    Case("weight norm", weight_norm(nn.Conv2d(2, 3, 2)), torch.randn(1, 2, 4, 4), ("_weight_norm",)),
    Case("weight norm of columns", weight_norm(nn.Linear(4, 3), dim=1), torch.randn(2, 4), ("_weight_norm",)),
    Case("weight norm in 1-D", weight_norm(nn.Conv1d(2, 3, 2)), torch.randn(1, 2, 4), ("_weight_norm",)),
]
