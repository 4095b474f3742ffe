"""Data sets by name: found on this machine, or else downloaded; two lie in embedded/."""

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data.arrays import from_arrays
from convscope.data.catalogue.download import Remote, fetch, sha256
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import cache
from convscope.data.formats import array_files, cifar, idx
from convscope.data.pictures.resize import resized
from convscope.errors import DataError
from convscope.paths import expanded

FORMATS = (idx, array_files, cifar)
TORCHVISION = ("data", ".", "~/data", "~")  # folders that people give it as `root`


class Published(NamedTuple):
    """A data set that can be downloaded.

    Attributes:
        name: its name in the catalogue, and of its folder.
        shape: (sample, channel, height, width) of the whole; its relatives have the same file names.
        files: what to download.
        mirrors: folders on the web that hold all the files.
        below: where it may be in the person's data folder (CONVSCOPE_DATA) or in the cache folder.
        elsewhere: where other programs keep it.
        classes: their names, where the files do not hold them.
    """

    name: str
    shape: tuple[int, int, int, int]
    files: tuple[Remote, ...]
    mirrors: tuple[str, ...]
    below: tuple[str, ...]
    elsewhere: tuple[str, ...]
    classes: tuple[str, ...] | None = None


MNIST = Published(
    name="mnist",
    shape=(70_000, 1, 28, 28),
    files=(
        Remote(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        Remote(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        Remote(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        Remote(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    below=("mnist", "MNIST/raw", "mnist.npz"),
    elsewhere=(*(f"{root}/MNIST/raw" for root in TORCHVISION), "~/.keras/datasets/mnist.npz"),
)

FASHION_MNIST = Published(
    name="fashion-mnist",
    shape=(70_000, 1, 28, 28),
    files=(
        Remote(
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        Remote(
            "train-labels-idx1-ubyte.gz",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        Remote(
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        Remote(
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    below=("fashion-mnist", "FashionMNIST/raw"),
    elsewhere=(
        *(f"{root}/FashionMNIST/raw" for root in TORCHVISION),
        "~/.keras/datasets/fashion-mnist",
        "/usr/share/datasets/fashion-mnist",  # Debian's package dataset-fashion-mnist
    ),
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)

CIFAR10 = Published(
    name="cifar10",
    shape=(60_000, 3, 32, 32),
    files=(
        Remote(
            cifar.ARCHIVE, 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
        ),
    ),
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://cave.cs.toronto.edu/kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ),
    below=("cifar10", f"cifar10/{cifar.FOLDER}", cifar.FOLDER, cifar.ARCHIVE),
    elsewhere=(
        *(f"{root}/{version.folder}" for version in cifar.VERSIONS[:2] for root in TORCHVISION),
        f"~/.keras/datasets/{cifar.VERSIONS[1].folder}",
    ),
)


def mnist(settings: DataSettings) -> Dataset:
    """70,000 handwritten digits, 28 × 28, grey; 10,000 of them for testing."""
    return find(MNIST, settings)


def fashion_mnist(settings: DataSettings) -> Dataset:
    """70,000 pictures of clothes in 10 classes, 28 × 28, grey; 10,000 of them for testing."""
    return find(FASHION_MNIST, settings)


def cifar10(settings: DataSettings) -> Dataset:
    """60,000 photos in 10 classes, 32 × 32, colour; 10,000 of them for testing."""
    return find(CIFAR10, settings)


def mnist_sample(settings: DataSettings) -> Dataset:
    """5,000 of MNIST's digits, 500 a class, 28 × 28, grey; they come with convscope, no network needed."""
    return _embedded("mnist-sample", settings)


def digits(settings: DataSettings) -> Dataset:
    """1,797 handwritten digits, 8 × 8, grey; they come with convscope, no network needed."""
    data = _embedded("digits", settings)
    return replace(data, remarks=("values run from 0 to 16, as scikit-learn has them", *data.remarks))


def find(published: Published, settings: DataSettings) -> Dataset:
    """Load a published data set from where it is on this machine, or else download it into the cache folder.

    Raises:
        DataError: neither a usable copy nor a connection; says what to download to where.
    """
    unusable = []
    for place in places(published):
        try:
            data = _load(published, place, settings)
        except DataError as error:
            unusable.append(f"{str(error).splitlines()[0]}; looked further")
        else:
            return replace(data, remarks=(*unusable, *data.remarks))
    folder = cache.home() / published.name
    fetch(published.files, published.mirrors, folder)
    data = _load(published, folder, settings)
    return replace(data, remarks=(*unusable, *data.remarks))


def places(published: Published) -> Iterator[Path]:
    """Yield each place on this machine that seems to hold the data set, the person's own folder first."""
    below = [root / name for root in roots() for name in published.below]
    for place in (*below, *(expanded(name) for name in published.elsewhere)):
        if any(form.recognises(place) for form in FORMATS):
            yield place


def roots() -> list[Path]:
    """Folders that hold data sets, the person's own first."""
    own = os.environ.get("CONVSCOPE_DATA")
    return [Path(own), cache.home()] if own else [cache.home()]


def installed(package: str, file: str) -> Path:
    """A file of an installed package, without importing it.

    Raises:
        DataError: it is not there.
    """
    spec = find_spec(package)
    path = Path(spec.origin).parent / file if spec and spec.origin else Path(file)
    if not path.is_file():
        raise DataError(
            f"{package} does not hold {file}.\n  Install it anew: pip install --force-reinstall {package}"
        )
    return path


def _load(published: Published, place: Path, settings: DataSettings) -> Dataset:
    form = next(form for form in FORMATS if form.recognises(place))
    data = form.load(place, replace(settings, size=None, channels=None), True)
    if data.inputs.shape != published.shape:
        raise DataError(
            f"{place} is not {published.name}: it holds {tuple(data.inputs.shape)}, not {published.shape}"
        )
    inputs = resized(data.inputs, settings)
    return replace(
        data,
        inputs=inputs,
        classes=published.classes or data.classes,
        source=published.name,
        settings=replace(settings, size=tuple(inputs.shape[2:]), channels=inputs.shape[1]),
        remarks=(f"read from {place}", *_differing(published, place), *data.remarks),
    )


def _differing(published: Published, place: Path) -> Iterator[str]:
    """Say which files that were read are not, byte for byte, the published ones."""
    known = {file.name: file.sha256 for file in published.files}
    for path in (place / name for name in known) if place.is_dir() else (place,):
        if path.name in known and path.is_file() and sha256(path) != known[path.name]:
            yield f"{path} differs from the published file (SHA-256), but can be read"


def _embedded(name: str, settings: DataSettings) -> Dataset:
    """Read one of the data sets that come with convscope; embedded/NOTICE.txt says whose they are."""
    with np.load(installed("convscope", f"data/embedded/{name}.npz")) as arrays:
        return from_arrays(arrays["X"], arrays["y"].astype(np.int64), settings, source=name)
