"""PyTorch as its manual has it for arrays: TensorDataset and DataLoader, without worker processes."""

from functools import partial

from measure import Record, phase
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from ways.optimizer import adam
from ways.task import Task, network, predict, tensors


def train(task: Task, record: Record) -> partial:
    with phase(record, "loading"):
        loader = DataLoader(TensorDataset(*tensors(task.data)), batch_size=task.batch, shuffle=True)
    with phase(record, "training"):
        model = network(task.network, task.seed)
        optimizer, criterion = adam(model, task.lr), nn.CrossEntropyLoss()
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
    return partial(predict, model)
