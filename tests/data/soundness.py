"""What must be true of every dataset, whatever it came from."""

import torch

from convscope.data.dataset import PARTS, Dataset


def assert_dataset_is_sound(dataset: Dataset) -> None:
    count = len(dataset.inputs)
    assert dataset.inputs.dtype in (torch.uint8, torch.float16, torch.float32)
    assert dataset.inputs.dim() == 2 + {"image": 2, "signal": 1, "sequence": 1, "volume": 3}[dataset.kind]
    assert dataset.inputs.is_contiguous()
    assert dataset.labels.dtype == torch.int64
    assert dataset.labels.shape == (count,)
    assert dataset.labels.min() >= 0
    assert dataset.labels.max() < len(dataset.classes)
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
    if dataset.kind == "image":
        assert dataset.settings.size == dataset.space
        assert dataset.settings.channels == dataset.channels
    if dataset.kind == "volume":
        assert dataset.settings.size == dataset.space
