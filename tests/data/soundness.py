"""What must be true of every dataset, whatever it came from."""

from itertools import pairwise

import torch

from convscope.data.dataset import PARTS, Dataset


def assert_dataset_is_sound(dataset: Dataset) -> None:
    count = len(dataset.inputs)
    assert dataset.inputs.dtype in (torch.uint8, torch.float16, torch.float32)
    assert dataset.inputs.dim() == 2 + {"image": 2, "signal": 1, "sequence": 1, "volume": 3}[dataset.kind]
    assert dataset.inputs.is_contiguous()
    assert dataset.labels.shape == (count,)
    _assert_labels(dataset, dataset.labels)
    assert all(isinstance(name, str) for name in dataset.classes)
    assert len(set(dataset.classes)) == len(dataset.classes)
    assert tuple(dataset.parts) == PARTS
    for rows in dataset.parts.values():
        assert rows.dtype == torch.int64
        assert (rows.diff() > 0).all()  # ascending
    everything = torch.cat(list(dataset.parts.values())).sort().values
    assert torch.equal(everything, torch.arange(count))  # disjoint, and together every row
    assert len(dataset.names) == count
    assert isinstance(dataset.names[0], str)
    assert dataset.names[count - 1] == dataset.names[-1]
    assert isinstance(dataset.remarks, tuple)
    assert isinstance(dataset.skipped, tuple)
    assert len(dataset.features) in (0, dataset.channels)
    assert len(set(dataset.features)) == len(dataset.features)
    if dataset.kind == "sequence":
        _assert_sequences(dataset)
    if dataset.kind == "image":
        assert dataset.settings.size == dataset.space
        assert dataset.settings.channels == dataset.channels
    if dataset.kind == "volume":
        assert dataset.settings.size == dataset.space


def _assert_labels(dataset: Dataset, labels: torch.Tensor) -> None:
    if dataset.regression:
        assert labels.dtype == torch.float32
        assert torch.isfinite(labels).all()
        assert len(dataset.classes) == 1
    else:
        assert labels.dtype == torch.int64
        assert labels.min() >= 0
        assert labels.max() < len(dataset.classes)


def _assert_sequences(dataset: Dataset) -> None:
    assert torch.isfinite(dataset.inputs).all()
    assert len(dataset.features) == dataset.channels
    assert dataset.space == (dataset.settings.window,)
    assert None not in (dataset.settings.time, dataset.settings.target, dataset.settings.horizon)
    if dataset.settings.horizon:
        assert dataset.persistence is not None
        assert dataset.persistence.shape == dataset.labels.shape
        _assert_labels(dataset, dataset.persistence)
    else:  # the last value is the one that is asked for
        assert dataset.persistence is None
    assert dataset.when is not None
    times = [[dataset.when[row] for row in rows.tolist()] for rows in dataset.parts.values() if len(rows)]
    for earlier, later in pairwise(times):
        assert max(earlier) < min(later)  # ISO 8601 sorts as time does
