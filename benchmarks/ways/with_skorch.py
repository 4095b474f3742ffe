"""skorch: the scikit-learn way, its DataLoader, no validation split."""

from functools import partial

from measure import Record, phase
from skorch import NeuralNetClassifier
from torch import nn

from ways.optimizer import Adam
from ways.task import Task, network, predict, tensors


def train(task: Task, record: Record) -> partial:
    with phase(record, "loading"):
        inputs, labels = tensors(task.data)
    with phase(record, "training"):
        model = NeuralNetClassifier(
            network(task.network, task.seed),
            criterion=nn.CrossEntropyLoss,
            optimizer=Adam,
            lr=task.lr,
            batch_size=task.batch,
            max_epochs=1,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        )
        model.fit(inputs, labels)
    return partial(predict, model.module_)
