"""The tutorial's own way: a picture object a sample, a DataLoader, and a test now and then.

`ToTensor` and `Normalize` are torchvision's, written out: torchvision does not load beside
the CPU build of torch.
"""

from functools import partial
from itertools import chain

import numpy as np
import torch
from measure import Record, phase
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from ways.optimizer import adam
from ways.task import MEAN, STD, Task, network, normalised, predict, read

TEST_EVERY, TESTED = 100, 2000  # steps, pictures


class Pictures(Dataset):
    """torchvision.datasets.MNIST with transforms ToTensor and Normalize."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        self.data, self.targets = torch.from_numpy(pictures), torch.from_numpy(labels).long()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture, target = Image.fromarray(self.data[index].numpy(), mode=None), int(self.targets[index])
        return normalize(to_tensor(picture)), target


def to_tensor(picture: Image.Image) -> Tensor:
    values = torch.from_numpy(np.array(picture, np.uint8, copy=True))
    values = values.view(picture.size[1], picture.size[0], len(picture.getbands()))
    return values.permute((2, 0, 1)).contiguous().to(dtype=torch.float32).div(255)


def normalize(tensor: Tensor) -> Tensor:
    tensor = tensor.clone()
    mean, std = torch.as_tensor((MEAN,), dtype=tensor.dtype), torch.as_tensor((STD,), dtype=tensor.dtype)
    if (std == 0).any():
        raise ValueError("std evaluated to zero")
    return tensor.sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))


def train(task: Task, record: Record) -> partial:
    with phase(record, "loading"):
        loader = DataLoader(Pictures(*read(task.data, "train")), batch_size=task.batch, shuffle=True)
        test_pictures, test_labels = (array[:TESTED] for array in read(task.data, "t10k"))
        test_x, test_y = normalised(torch.from_numpy(test_pictures)), torch.from_numpy(test_labels)
    with phase(record, "training"):
        model = network(task.network, task.seed)
        optimizer, criterion = adam(model, task.lr), nn.CrossEntropyLoss()
        record |= {"tests": 0.0, "tests_cpu": 0.0}
        for step, (x, y) in enumerate(chain(*[loader] * task.epochs), 1):
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % TEST_EVERY == 0:
                with phase(record, "tests"), torch.no_grad():
                    model.eval()
                    accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
                    model.train()
                    print(f"step {step}: loss {loss.item():.4f}, test accuracy {accuracy:.4f}")
    return partial(predict, model)
