import torch
from torch import nn
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)


def r(*shape):
    return torch.randn(*shape)


HARD = torch.tensor([900.0, -900.0, 899.0, 0.0])
SOFTMAX = [
    Case("softmax", nn.Softmax(dim=1), r(3, 4), ("softmax",)),
    Case("softmax, first axis", nn.Softmax(dim=0), r(3, 4), ("softmax",)),
    Case("softmax over channels", nn.Softmax2d(), r(2, 3, 2, 2), ("softmax",)),
    Case("softmax method", lambda x: x.softmax(-1), r(3, 4), ("softmax",)),
    Case("softmax in float64", lambda x: torch.softmax(x, -1, torch.float64), r(3, 4), ("softmax",)),
    Case(
        "softmax in float64 by name", lambda x: F.softmax(x, -1, dtype=torch.float64), r(3, 4), ("softmax",)
    ),
    Case("softmax of large numbers", nn.Softmax(dim=0), HARD, ("softmax",)),
    Case("softmax far apart", nn.Softmax(dim=1), 20 * r(3, 50), ("softmax",)),
    Case("softmax with −∞", nn.Softmax(dim=0), torch.tensor([1.0, -torch.inf, 0.5]), ("softmax",)),
    Case("softmax of a lone number", nn.Softmax(dim=0), torch.tensor(2.0), ("softmax",)),
    Case("softmin", nn.Softmin(dim=1), r(3, 4), ("softmin",)),
    Case("log_softmax", nn.LogSoftmax(dim=1), r(3, 4), ("log_softmax",)),
    Case("log_softmax of large numbers", nn.LogSoftmax(dim=0), HARD, ("log_softmax",)),
    Case("log_softmax far apart", nn.LogSoftmax(dim=1), 20 * r(3, 50), ("log_softmax",)),
    Case("logsumexp", lambda x: torch.logsumexp(x, 1), r(3, 4), ("logsumexp",)),
    Case("logsumexp keepdim", lambda x: x.logsumexp(dim=-2, keepdim=True), r(3, 4, 2), ("logsumexp",)),
    Case("logsumexp of axes", lambda x: torch.logsumexp(x, (0, 2)), r(3, 4, 2), ("logsumexp",)),
    Case("logsumexp of large numbers", lambda x: torch.logsumexp(x, 0), HARD, ("logsumexp",)),
    Case(
        "logsumexp of nothing but −∞",
        lambda x: torch.logsumexp(x, 0),
        torch.full((3,), -torch.inf),
        ("logsumexp",),
        gradients=False,
    ),
]

LABELS, PIXELS = torch.tensor([1, 0, 3]), torch.randint(0, 4, (2, 3, 2))
CHANCES, PIXEL_CHANCES = torch.rand(3, 4).softmax(1), torch.rand(2, 4, 3, 2).softmax(1)
REDUCTIONS = ("none", "mean", "sum")
CROSS_ENTROPY = [
    case
    for how in REDUCTIONS
    for case in (
        Case(
            f"cross_entropy {how}", nn.CrossEntropyLoss(reduction=how), (r(3, 4), LABELS), ("cross_entropy",)
        ),
        Case(
            f"cross_entropy {how} smoothed",
            nn.CrossEntropyLoss(reduction=how, label_smoothing=0.2),
            (r(3, 4), LABELS),
            ("cross_entropy",),
        ),
        Case(
            f"cross_entropy {how} ignore_index",
            nn.CrossEntropyLoss(reduction=how, ignore_index=0, label_smoothing=0.1),
            (r(3, 4), LABELS),
            ("cross_entropy",),
        ),
        Case(
            f"cross_entropy {how} of pixels",
            nn.CrossEntropyLoss(reduction=how),
            (r(2, 4, 3, 2), PIXELS),
            ("cross_entropy",),
        ),
        Case(
            f"cross_entropy {how} of probabilities",
            nn.CrossEntropyLoss(reduction=how, weight=torch.rand(4) + 0.5, label_smoothing=0.1),
            (r(3, 4), CHANCES),
            ("cross_entropy",),
        ),
        Case(
            f"cross_entropy {how} of probabilities of pixels",
            nn.CrossEntropyLoss(reduction=how, weight=torch.rand(4) + 0.5),
            (r(2, 4, 3, 2), PIXEL_CHANCES),
            ("cross_entropy",),
        ),
        # torch refuses gradients of the class weights here; tests/explaining/test_losses.py has the others.
        Case(
            f"cross_entropy {how} weighted and smoothed",
            nn.CrossEntropyLoss(torch.rand(4) + 0.5, ignore_index=3, reduction=how, label_smoothing=0.1),
            (r(3, 4), LABELS),
            ("cross_entropy",),
            reaches=False,
            gradients=False,
        ),
        Case(f"nll_loss {how}", nn.NLLLoss(reduction=how), (-torch.rand(3, 4), LABELS), ("nll_loss",)),
        Case(
            f"nll_loss {how} weighted pixels",
            nn.NLLLoss(torch.rand(4) + 0.5, reduction=how, ignore_index=1),
            (-torch.rand(2, 4, 3, 2), PIXELS),
            ("nll_loss",),
            reaches=False,
            gradients=False,
        ),
    )
] + [
    Case("cross_entropy of one sample", nn.CrossEntropyLoss(), (r(4), torch.tensor(2)), ("cross_entropy",)),
    Case(
        "cross_entropy of one sample, none",
        lambda x, t: F.cross_entropy(x, t, reduction="none"),
        (r(4), torch.tensor(2)),
        ("cross_entropy",),
    ),
    Case(
        "cross_entropy of one sample's probabilities",
        nn.CrossEntropyLoss(),
        (r(4), CHANCES[0]),
        ("cross_entropy",),
    ),
    Case("cross_entropy of large logits", nn.CrossEntropyLoss(), (500 * r(3, 4), LABELS), ("cross_entropy",)),
    Case(
        "cross_entropy of many classes",
        nn.CrossEntropyLoss(),
        (r(2, 1000), torch.tensor([3, 999])),
        ("cross_entropy",),
    ),
    Case(
        "cross_entropy, all ignored",
        nn.CrossEntropyLoss(ignore_index=1),
        (r(1, 4), LABELS[:1]),
        ("cross_entropy",),
    ),
    Case("nll_loss of one sample", nn.NLLLoss(), (-torch.rand(4), torch.tensor(2)), ("nll_loss",)),
]

X, T, P, Q = r(3, 4), r(3, 4), torch.rand(3, 4), torch.rand(3, 4)
W = torch.rand(3, 4) + 0.5
LOGITS = "binary_cross_entropy_with_logits"
HOT = torch.tensor([[0.0, 1.0, 0.0, 1.0]])
PAIRS = [
    case
    for how in REDUCTIONS
    for case in (
        Case(f"mse_loss {how}", nn.MSELoss(reduction=how), (X, T), ("mse_loss",)),
        Case(f"mse_loss {how} weighted", F.mse_loss, (X, T), ("mse_loss",), {"reduction": how, "weight": W}),
        Case(f"l1_loss {how}", nn.L1Loss(reduction=how), (X, T), ("l1_loss",)),
        Case(f"l1_loss {how} weighted", F.l1_loss, (X, T), ("l1_loss",), {"reduction": how, "weight": W}),
        Case(f"smooth_l1_loss {how}", nn.SmoothL1Loss(reduction=how, beta=0.7), (X, T), ("smooth_l1_loss",)),
        Case(f"huber_loss {how}", nn.HuberLoss(reduction=how, delta=0.7), (X, T), ("huber_loss",)),
        Case(
            f"huber_loss {how} weighted",
            F.huber_loss,
            (X, T),
            ("huber_loss",),
            {"reduction": how, "weight": W},
        ),
        Case(f"binary_cross_entropy {how}", nn.BCELoss(reduction=how), (P, Q), ("binary_cross_entropy",)),
        # torch refuses gradients of these weights; tests/explaining/test_losses.py has the others.
        Case(
            f"binary_cross_entropy {how} weighted",
            nn.BCELoss(torch.rand(4) + 0.5, reduction=how),
            (P, Q),
            ("binary_cross_entropy",),
            reaches=False,
            gradients=False,
        ),
        Case(
            f"binary_cross_entropy_with_logits {how}",
            nn.BCEWithLogitsLoss(reduction=how),
            (X, Q),
            (LOGITS,),
        ),
        Case(
            f"binary_cross_entropy_with_logits {how} with pos_weight",
            nn.BCEWithLogitsLoss(reduction=how, pos_weight=torch.rand(4) + 0.5),
            (X, Q),
            (LOGITS,),
            reaches=False,
            gradients=False,
        ),
        Case(
            f"binary_cross_entropy_with_logits {how} weighted",
            nn.BCEWithLogitsLoss(W, reduction=how, pos_weight=torch.rand(4) + 0.5),
            (X, Q),
            (LOGITS,),
            reaches=False,
            gradients=False,
        ),
    )
] + [
    *(
        Case(f"kl_div {how}", nn.KLDivLoss(reduction=how), (X.log_softmax(1), Q.softmax(1)), ("kl_div",))
        for how in ("none", "sum", "batchmean")
    ),
    *(
        Case(
            f"kl_div {how} of logarithms",
            nn.KLDivLoss(reduction=how, log_target=True),
            (X.log_softmax(1), Q.log_softmax(1)),
            ("kl_div",),
        )
        for how in ("none", "sum", "batchmean")
    ),
    Case("mse_loss of lone numbers", nn.MSELoss(), (torch.tensor(1.0), torch.tensor(3.0)), ("mse_loss",)),
    Case("mse_loss by position", lambda x, t: F.mse_loss(x, t, None, None, "sum"), (X, T), ("mse_loss",)),
    Case("l1_loss of equals", nn.L1Loss(), (X, X.clone()), ("l1_loss",)),
    Case(
        "smooth_l1_loss of pictures", nn.SmoothL1Loss(), (r(2, 3, 2, 2), r(2, 3, 2, 2)), ("smooth_l1_loss",)
    ),
    Case("smooth_l1_loss beta 0", nn.SmoothL1Loss(beta=0.0), (X, T), ("smooth_l1_loss",)),
    Case(
        "binary_cross_entropy of certain ones",
        nn.BCELoss(),
        (HOT, 1 - HOT),
        ("binary_cross_entropy",),
        gradients=False,
    ),
    Case(
        "binary_cross_entropy_with_logits of large ones",
        nn.BCEWithLogitsLoss(reduction="none"),
        (100 * r(1, 4), HOT),
        (LOGITS,),
    ),
    Case(
        "kl_div with zeros",
        nn.KLDivLoss(reduction="sum"),
        (X[:1].log_softmax(1), HOT),
        ("kl_div",),
        gradients=False,
    ),
]
CASES = SOFTMAX + CROSS_ENTROPY + PAIRS
