"""Whether mirrored pictures are pictures of the same classes: their nearest neighbours say.

A shirt mirrored is a shirt; a 2 mirrored is no digit, and a b is a d. Where mirrored pictures lie among the
others, and among those of their own class, mirroring makes more to learn from; else it teaches what is not.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from convscope.data.augment import generator
from convscope.data.dataset import Dataset

LEAST, MOST = 2_000, 10_000  # training samples that are looked at; what fewer say is luck
ASKED = 1_000  # of them whose nearest neighbours are looked for among the others, a quarter at most
SIDE = 16  # positions that the longer axis is averaged down to, about
VALUES = 300_000_000  # of all that are looked at, at most
NEAR = 0.1  # share of the pictures that lie nearer to another one when mirrored, at least
LOST = 0.1  # share of these that get a wrong class by it, and of each class's pictures, at most


def mirrors(dataset: Dataset) -> tuple[bool, str]:
    """Judge by the training part whether mirroring keeps the classes of pictures.

    Returns:
        Whether it does, and the reason in words.

    >>> from convscope.data import load
    >>> mirrors(load("mnist-sample"))
    (False, 'no mirroring: only 5% of the pictures are most like a mirrored one')
    """
    rows = dataset.parts["train"]
    count = min(len(rows), MOST, VALUES // dataset.inputs[0].numel())
    if dataset.kind != "image" or dataset.regression or count < LEAST:
        return False, "no mirroring, since signs and digits have a side"
    some = rows[torch.randperm(len(rows), generator=generator("mirroring"))[:count]]
    asked, among = some.tensor_split([min(ASKED, count // 4)])
    return judged(*neighbours(dataset, asked, among), dataset.labels[asked])


def neighbours(dataset: Dataset, asked: Tensor, among: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find for each picture the nearest other one, as it is and mirrored.

    Returns:
        (asked,) each: the class of the nearest one, of the nearest one to its mirror image, and whether this
        one is the nearer of the two.
    """
    pictures, others = (_small(dataset.inputs, rows) for rows in (asked, among))
    distance, place = _nearest(pictures, others)
    mirrored_distance, mirrored_place = _nearest(pictures.flip(-1), others)
    labels = dataset.labels[among]
    return labels[place], labels[mirrored_place], mirrored_distance < distance


def judged(plain: Tensor, mirrored: Tensor, nearer: Tensor, truth: Tensor) -> tuple[bool, str]:
    """Weigh up what neighbours say, arguments as `neighbours` has them and the true classes."""
    near = nearer.float().mean().item()
    if near < NEAR:
        return False, f"no mirroring: only {near:.0%} of the pictures are most like a mirrored one"
    lost = nearer * ((plain == truth).float() - (mirrored == truth).float())  # -1: found by mirroring alone
    of_class, lost_of_class, changed = (torch.bincount(truth, each) for each in (None, lost, lost.abs()))
    luck = 2 * changed.sqrt()
    if lost.sum() > LOST * nearer.sum() or (lost_of_class > LOST * of_class + luck).any():
        return False, "no mirroring: it makes some pictures look like another class"
    return True, f"mirrored too: {near:.0%} of the pictures are most like a mirrored one of their own class"


def _small(inputs: Tensor, rows: Tensor) -> Tensor:
    """Average pictures down: (n, channel, about SIDE, about SIDE), float32."""
    window = max(1, round(max(inputs.shape[2:]) / SIDE))
    pieces = (inputs.index_select(0, piece).float() for piece in rows.split(500))
    return torch.cat([F.avg_pool2d(piece, window, ceil_mode=True) for piece in pieces])


def _nearest(pictures: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """The squared distance to the nearest of the others, but for what is the same for all, and its place."""
    pictures, others = pictures.flatten(1), others.flatten(1)
    return (others.square().sum(1) - 2 * pictures @ others.T).min(1)
