"""Pictures read at the places of a grid."""

import torch
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)
TWO, THREE = torch.randn(2, 3, 5, 6), torch.randn(2, 2, 3, 4, 5)
PLACES, PLACES_IN_SPACE = 2.4 * torch.rand(2, 4, 3, 2) - 1.2, 2.4 * torch.rand(2, 2, 3, 2, 3) - 1.2
THETA, THETA_IN_SPACE = torch.randn(2, 2, 3), torch.randn(2, 3, 4)
SAME = torch.eye(2, 3)[None].expand(2, 2, 3)


def sampled(x, places, **settings):
    return Case(
        f"grid sample in {x.dim() - 2}-D {settings}",
        lambda x, places: F.grid_sample(x, places, **({"align_corners": False} | settings)),
        (x, places),
        ("grid_sample",),
    )


def turned(x, mode, corners):
    """The way from a matrix to a picture; places at the very edges of cells, where rounding decides."""

    def model(x, theta):
        places = F.affine_grid(theta, (2, 1, 10, 3), align_corners=corners)
        return F.grid_sample(x, places, mode=mode, align_corners=corners)

    name = f"affine grid and {mode} sample {'to' if corners else 'beyond'} the corners"
    return Case(name, model, (x, SAME), ("affine_grid", "grid_sample"))


CASES = [
    *(
        sampled(x, places, mode=mode, padding_mode=padding, align_corners=corners)
        for x, places in ((TWO, PLACES), (THREE, PLACES_IN_SPACE))
        for mode in ("bilinear", "nearest")
        for padding in ("zeros", "border")
        for corners in (False, True)
    ),
    sampled(100 * torch.randn(1, 1, 90, 90), PLACES[:1]),
    *(turned(TWO, mode, corners) for mode in ("bilinear", "nearest") for corners in (False, True)),
    *(
        Case(
            f"affine grid {size} {'to' if corners else 'beyond'} the corners",
            lambda theta, size=size, corners=corners: F.affine_grid(theta, size, align_corners=corners),
            theta,
            ("affine_grid",),
        )
        for theta, size in ((THETA, (2, 1, 4, 7)), (THETA, (2, 3, 3, 2)), (THETA_IN_SPACE, (2, 1, 3, 4, 2)))
        for corners in (False, True)
    ),
]
