"""What every way is given: the same network, pictures, optimizer and batch."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

MEAN, STD = 0.1307, 0.3081  # of MNIST's training pictures, as the tutorials have them
BATCH = {"plain": 50, "strided": 100}


@dataclass(frozen=True)
class Task:
    """One network, and how long it learns."""

    network: str  # plain or strided
    data: Path  # folder with the four IDX files
    seed: int
    threads: int
    lr: float = 0.001  # of Adam, constant
    epochs: int = 1  # of the tutorial's way; the others have one

    @property
    def batch(self) -> int:
        """Pictures a step."""
        return BATCH[self.network]


def read(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 28, 28) and labels (n,) of `train` or `t10k`, uint8."""
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    pictures = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return pictures.copy(), np.frombuffer(labels, np.uint8, offset=8).copy()


def tensors(folder: Path) -> tuple[Tensor, Tensor]:
    """Read the training pictures at once: (n, 1, 28, 28) float32, normalised, and (n,) int64."""
    pictures, labels = read(folder, "train")
    return normalised(torch.from_numpy(pictures)), torch.from_numpy(labels).long()


def normalised(pictures: Tensor) -> Tensor:
    """(n, 28, 28) uint8 → (n, 1, 28, 28) float32."""
    return pictures[:, None].float().div_(255).sub_(MEAN).div_(STD)


def network(name: str, seed: int) -> nn.Module:
    """Build the network as a tutorial writes it."""
    torch.manual_seed(seed)
    if name == "plain":
        return nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 10),
        )  # fmt: skip
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Flatten(), nn.Linear(64 * 4 * 4, 10),
    )  # fmt: skip


def predict(model: nn.Module, pictures: np.ndarray) -> np.ndarray:
    """Classes that a network says, (n,)."""
    model.eval()
    with torch.inference_mode():
        pieces = normalised(torch.from_numpy(pictures)).split(500)
        return torch.cat([model(piece).argmax(1) for piece in pieces]).numpy()
