import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test finds what another one, or the person's own work, has cached."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("CONVSCOPE_CACHE", str(folder))
    return folder


@pytest.fixture
def paint(tmp_path):
    """Write a picture of random pixels below the test's folder: paint("cat/1.png", seed=3)."""

    def write(name, seed=0, size=(12, 16), channels=3, **options):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shape = size if channels == 1 else (*size, channels)
        pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(pixels).save(file, **options)
        return file

    return write
