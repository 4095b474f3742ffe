"""Lightning over TensorDataset and DataLoader: with its defaults, and with the extras switched off."""

import logging
import tempfile
import warnings
from functools import partial

import lightning
import torch
from measure import Record, phase
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from ways.optimizer import adam
from ways.task import Task, network, predict, tensors

EXTRAS_OFF = {
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


class Classifier(lightning.LightningModule):
    def __init__(self, model: nn.Module, lr: float) -> None:
        super().__init__()
        self.model, self.lr, self.criterion = model, lr, nn.CrossEntropyLoss()

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        x, y = batch
        return self.criterion(self.model(x), y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return adam(self, self.lr)


def train(task: Task, record: Record, *, extras: bool = True) -> partial:
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning").setLevel(logging.ERROR)
    with phase(record, "loading"):
        loader = DataLoader(TensorDataset(*tensors(task.data)), batch_size=task.batch, shuffle=True)
    with tempfile.TemporaryDirectory() as folder, phase(record, "training"):
        model = Classifier(network(task.network, task.seed), task.lr)
        options = {} if extras else EXTRAS_OFF
        trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=folder, **options)
        trainer.fit(model, loader)
    return partial(predict, model.model)
