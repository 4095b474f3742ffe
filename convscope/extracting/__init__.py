"""What a trained network has made of samples before it judges them: numbers for other methods to learn from.

found = features("latest")                 # of every sample of the run's data, before the classifier
found.save("features.npz")
found.heads("svm", "knn")                  # the same features under a support vector machine …
features("latest", "new.png").nearest(3)   # the training samples that are most like a new one
found.map("tsne").save("map.png")          # all samples as points in a plane
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from convscope.arguments import demand, demand_flag, demand_path, demand_whole
from convscope.data import frames
from convscope.data.dataset import Dataset
from convscope.data.pairs import are_labelled
from convscope.data.samples import Samples, demand_shape
from convscope.errors import DataError
from convscope.extracting import flattening, mislabelled, neighbours
from convscope.extracting.flattening import PICTURE, FeatureMap, demand_method
from convscope.extracting.heads import HeadScore, compare
from convscope.extracting.layers import of_layer
from convscope.extracting.mislabelled import LabelError
from convscope.extracting.neighbours import Neighbour, Outlier
from convscope.outputs import Output, OutputForm, head
from convscope.run import Run, load
from convscope.run import inputs as inputs_of
from convscope.training.machine import present_device

__all__ = ["NPZ", "PICTURE", "FeatureMap", "Features", "demand_method", "features"]

OURS = b"convscope"  # the name of an array that only our files have
NPZ = OutputForm("file of features", (".npz",), lambda path: OURS in head(path))


@dataclass(frozen=True)
class Features:
    """Features of samples: as an array the values.

    Attributes:
        values: (sample, feature), float32.
        layer: the layer whose they are, and whether they go in or come out.
        names: where each sample came from.
        truth: the class (or value) of each, where that is known; else None.
        run: whose network it was.
        dataset: where the samples come from one, with its parts; None: new samples.
        sources: files and folders that were read for it: no output ever replaces one.
        asked: the layer that was asked for by name.
    """

    values: np.ndarray
    layer: str
    names: Sequence[str]
    truth: Sequence[Any]
    run: Run = field(repr=False)
    dataset: Dataset | None = field(default=None, repr=False)
    sources: Sequence[Path] = field(default=(), repr=False)
    asked: str | None = field(default=None, repr=False)

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The rows of "train", "val" and "test"; of new samples none."""
        return {name: rows.numpy() for name, rows in self.dataset.parts.items()} if self.dataset else {}

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: ANN401 - NumPy's
        return np.array(self.values, dtype=dtype, copy=copy)

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write them as arrays of NumPy's: x, (sample, feature); y, names, part and layer.

        Args:
            path: a file that ends in .npz.
            force: also replace a file that convscope did not write.

        Raises:
            DataError: it cannot stand there.
        """
        demand_path("path", path, "the path of a file")
        demand_flag("force", force)
        part = np.full(len(self), "", dtype="U5")  # train, val, test
        for name, rows in self.parts.items():
            part[rows] = name
        file = io.BytesIO()
        np.savez_compressed(
            file, convscope=np.array(self.run.name), x=self.values, y=self._labels(),
            names=np.array(list(self.names), dtype=str), part=part, layer=np.array(self.layer),
        )  # fmt: skip
        return Output(Path(path), NPZ, self.sources, force).write(file.getvalue())

    def heads(self, *names: str) -> list[HeadScore]:
        """Learn from the features of the training part, judge on the test part, beside the network itself.

        Args:
            names: svm, knn, logistic; none: all of them.

        Raises:
            UnknownName: another one.
            DataError: no training or no test part.
        """
        return compare(self, names)

    def nearest(self, count: int = 5) -> list[list[Neighbour]]:
        """For each sample the training samples that are most like it, nearest first.

        A training sample is no neighbour of itself.

        Args:
            count: how many; where there are fewer, all.

        Raises:
            DataError: no training samples, or features that are no numbers.
        """
        demand_whole("count", count, 1)
        return neighbours.nearest(self, self._training, count)

    def outliers(self, count: int = 10) -> list[Outlier]:
        """The samples that are least like the training samples, farthest first.

        How far a sample is: the mean distance to its 10 nearest training samples.

        Args:
            count: how many; where there are fewer, all.

        Raises:
            DataError: no training samples, or features that are no numbers.
        """
        demand_whole("count", count, 1)
        return neighbours.outliers(self, self._training, count)

    def label_errors(self) -> list[LabelError]:
        """Samples whose label is likely wrong, likeliest first: what confident learning finds.

        Each is judged by logistic regression on the features of others (64 principal components). The
        network itself has seen the labels that it was trained on: the longer it was trained, the more of
        their errors it knows by heart.

        Raises:
            DataError: amounts, fewer than two classes with 5 samples, or features that are no numbers.
        """
        return mislabelled.label_errors(self)

    def map(self, method: str = "pca") -> FeatureMap:
        """The samples as points in a plane; new ones among the training samples.

        Args:
            method: pca, the two directions in which they differ most; tsne or umap, which keep those together
                that are alike, while far distances mean little. Of more than 5,000 so many are drawn.

        Raises:
            UnknownName: another one.
            MissingLibrary: t-SNE is scikit-learn's, UMAP is umap-learn's.
            DataError: no training samples, features that are no numbers, or too few samples.
        """
        return flattening.flattened(self, self._training, method)

    @cached_property
    def _training(self) -> "Features":
        """Those of the data that hold the training samples."""
        return self if self.dataset else features(self.run, layer=self.asked)

    def _labels(self) -> np.ndarray:
        if self.run.settings.facts.regression:
            return np.array([np.nan if true is None else true for true in self.truth], dtype=np.float64)
        return np.array(["" if true is None else true for true in self.truth], dtype=str)

    def as_dict(self) -> dict[str, Any]:
        """As JSON, without the values."""
        count, width = self.values.shape
        parts = {name: len(rows) for name, rows in self.parts.items()}
        return {
            "run": self.run.name,
            "layer": self.layer,
            "samples": count,
            "features": width,
            "parts": parts,
        }

    def lines(self) -> Iterator[str]:
        """As a terminal shows them."""
        count, width = self.values.shape
        parts = ", ".join(f"{len(rows):,} {name}" for name, rows in self.parts.items() if len(rows))
        yield f"{width:,} features of {count:,} samples{f' ({parts})' if parts else ''}: {self.layer}"


def features(run: str | Path | Run, data: Any = None, layer: str | None = None) -> Features:  # noqa: ANN401
    """What the layers of a trained network make of samples.

    Args:
        run: a run, its folder, its name in ./runs, or "latest".
        data: samples, as `Run.predict` takes them, or (X, y); None: all parts of the run's own data, which
            may be given again where they were arrays or a frame.
        layer: what comes out of the layer of this name, flattened; None: what goes into the last layer with
            weights, the classifier.

    Raises:
        RunError: no such run; as `load`.
        DataError: the data cannot be read.
        UnknownName: no such layer.
        NetworkError: the layer gives no numbers for each sample.
    """
    demand("run", run, (str, Path, Run), "a run, its folder, its name, or latest")
    demand("layer", layer, (str, type(None)), "the name of a layer, or None")
    trained = run if isinstance(run, Run) else load(run)
    model = trained.model().to(present_device(trained.settings.training.device))
    dataset, found = _samples(trained, data)
    demand_shape(found, trained.settings.spec, "these data")
    values, words = of_layer(model, found.inputs, layer, trained.path, what="features")
    read = trained.sources([] if dataset or isinstance(data, tuple) else data)
    return Features(values, words, found.names, found.truth, trained, dataset, read, layer)


def _samples(trained: Run, data: Any) -> tuple[Dataset | None, Samples]:  # noqa: ANN401 - as `features`
    """The samples; and the data set with its parts where they are one, such as the run's own, given again."""
    if data is None or isinstance(data, Dataset):
        dataset = given = trained.dataset() if data is None else data
    elif are_labelled(data):
        dataset = _again(trained, data)
        given = dataset or inputs_of.labelled(data, "test", trained.settings)[0]
    else:
        dataset = given = _again(trained, data) if frames.is_frame(data) else None
    if given is None:
        return None, inputs_of.gather(data, trained.settings)
    return dataset, inputs_of.of_rows(given, torch.arange(len(given.labels)))


def _again(trained: Run, data: Any) -> Dataset | None:  # noqa: ANN401 - as `features`
    """The run's own data in memory, given again, which it holds from now on; None: they are others."""
    try:
        trained.held = trained.dataset(data)
    except DataError:
        return None
    return trained.held
