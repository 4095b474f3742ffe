"""Data sets by name; a new one is a function in a file here and a line in `CATALOGUE`."""

from collections.abc import Callable

from convscope.data.catalogue import pictures, sequences, signals, volumes
from convscope.data.dataset import Dataset, DataSettings

CATALOGUE: dict[str, Callable[[DataSettings], Dataset]] = {
    "mnist": pictures.mnist,
    "fashion-mnist": pictures.fashion_mnist,
    "cifar10": pictures.cifar10,
    "mnist-sample": pictures.mnist_sample,
    "digits": pictures.digits,
    "ecg5000": signals.ecg5000,
    "cylinder-bell-funnel": signals.cylinder_bell_funnel,
    "weather": sequences.weather,
    "stocks": sequences.stocks,
    "modelnet10": volumes.modelnet10,
    "shapes3d": volumes.shapes3d,
}
