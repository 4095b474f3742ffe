import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread():
    """Two threads collapse when another process takes a core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
