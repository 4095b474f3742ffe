import functools
import operator
from dataclasses import replace

import numpy as np
import pytest
import torch

from convscope.errors import TrainingError
from convscope.training import Augment
from convscope.training.batches import Batches

CPU = torch.device("cpu")


def numbered(dataset):
    """The same data with each sample's row number as its label."""
    return replace(dataset, labels=torch.arange(len(dataset.labels)))


def rows(batches, epoch, *args):
    return [labels.tolist() for _, labels in batches.epoch(epoch, *args)]


@pytest.mark.parametrize("batch", [1, 3, 7, 8, 40, 100, "full"])
@pytest.mark.parametrize("samples", [1, 2, 40, 41])
def test_an_epoch_is_every_training_sample_once_in_even_batches(stripes, said, samples, batch):
    dataset = numbered(stripes((samples, 10, 8)))
    batches = Batches(dataset, said(batch=batch), CPU)
    found = rows(batches, 1)
    assert sorted(functools.reduce(operator.iadd, found, [])) == dataset.parts["train"].tolist()
    assert len(found) == batches.steps
    sizes = [len(some) for some in found]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) == (samples if batch == "full" else min(batch, samples)) or batch not in (1, "full")
    assert max(sizes) <= (samples if batch == "full" else batch)


def test_the_samples_are_those_of_the_labels(stripes, said):
    dataset = numbered(stripes((40, 10, 8)))
    for x, labels in Batches(dataset, said(), CPU).epoch(1):
        assert torch.equal(x, dataset.inputs[labels])


def test_the_order_is_a_function_of_seed_and_epoch(stripes, said):
    dataset = numbered(stripes((40, 10, 8)))
    first = Batches(dataset, said(seed=1), CPU)
    torch.manual_seed(5)
    assert rows(first, 1) == rows(Batches(dataset, said(seed=1), CPU), 1)
    orders = {str(rows(first, epoch)) for epoch in (1, 2, 3)} | {
        str(rows(Batches(dataset, said(seed=2), CPU), 1))
    }
    assert len(orders) == 4


@pytest.mark.parametrize("first", range(6))
def test_from_the_middle_the_rest_is_the_same(stripes, said, first):
    dataset = stripes((40, 10, 8))
    batches = Batches(dataset, said(augment=Augment(shift=0.2, cutout=0.2, rotate=10)), CPU)
    whole = list(batches.epoch(2))
    rest = list(batches.epoch(2, first))
    assert len(rest) == len(whole) - first
    for (x, y), (again, label) in zip(whole[first:], rest, strict=True):
        assert torch.equal(x, again)
        assert torch.equal(y, label)


def test_an_end_before_the_epochs(stripes, said):
    batches = Batches(numbered(stripes((40, 10, 8))), said(), CPU)
    assert rows(batches, 1, 1, 3) == rows(batches, 1)[1:3]
    assert rows(batches, 1, 0, 99) == rows(batches, 1)


def test_a_changed_sample_is_the_same_in_any_batch(stripes, said):
    dataset = numbered(stripes((40, 10, 8)))
    seen = []
    for batch in (1, 7, "full"):
        batches = Batches(dataset, said(batch=batch, augment=Augment(shift=0.2, cutout=0.3, scale=0.1)), CPU)
        x, y = (torch.cat(pieces) for pieces in zip(*batches.epoch(3), strict=True))
        seen.append(x[y.argsort()])
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
    assert not torch.equal(seen[0], dataset.inputs[dataset.parts["train"]])


def test_inputs_mapped_from_a_file(stripes, said, tmp_path):
    """Read-only on the disk, as large data are; nothing writes into them."""
    dataset = stripes((40, 10, 8))
    file = tmp_path / "inputs"
    file.write_bytes(dataset.inputs.numpy().tobytes())
    mapped = np.memmap(file, np.uint8, "c", shape=tuple(dataset.inputs.shape))
    settings = said(augment=Augment(shift=0.2, flip=True))
    there = Batches(replace(dataset, inputs=torch.from_numpy(mapped)), settings, CPU).epoch(1)
    for (x, y), (again, label) in zip(Batches(dataset, settings, CPU).epoch(1), there, strict=True):
        assert torch.equal(x, again)
        assert torch.equal(y, label)
    assert file.read_bytes() == dataset.inputs.numpy().tobytes()


def test_nothing_to_train_on(stripes, said):
    with pytest.raises(TrainingError, match="no sample to train on"):
        Batches(stripes((0, 10, 8)), said(), CPU)


@pytest.mark.parametrize("balance", ["none", "sampling"])
def test_with_validation_there_are_as_many_batches(stripes, said, balance):
    dataset = stripes((40, 10, 8)) if balance == "sampling" else numbered(stripes((40, 10, 8)))
    batches = Batches(dataset, said(balance=balance), CPU)
    batches.with_validation()
    batches.with_validation()  # as often as it is said
    found = rows(batches, 1)
    assert len(found) == batches.steps == 5
    assert sum(map(len, found)) == 50
    if balance == "none":
        both = torch.cat([dataset.parts["train"], dataset.parts["val"]])
        assert sorted(functools.reduce(operator.iadd, found, [])) == sorted(both.tolist())
