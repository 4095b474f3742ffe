"""A map of features: samples as points in a plane, so that what is alike to the network lies together."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convscope.arguments import demand, demand_flag, demand_path
from convscope.errors import DataError, MissingLibrary, UnknownName
from convscope.extracting.heads import demand_finite
from convscope.figures import percent
from convscope.outputs import WRITTEN, Output, OutputForm, commented

if TYPE_CHECKING:
    from convscope.extracting import Features

PICTURE = OutputForm("map", (".png",), commented)
MOST = 5_000  # samples that are placed: t-SNE of more takes minutes, and more dots hide one another
WIDTH = 50  # components that neighbours are looked for in: L. van der Maaten, G. Hinton 2008, section 4.2
DENSE = 2_000  # samples or features up to which all components are worked out
FEWEST = 4  # samples among which there are neighbours to keep


class Flat(NamedTuple):
    """Samples in a plane.

    Attributes:
        points: (sample, 2).
        shares: of the variance, to the right and upwards; empty where the axes mean nothing.
    """

    points: np.ndarray
    shares: tuple[float, ...]


@dataclass(frozen=True)
class FeatureMap:
    """Samples as points: as an array the points.

    Attributes:
        points: (sample, 2), of the samples that were asked for.
        rows: (sample,) which of them these are: of very many an even draw.
        behind: (sample, 2), of new samples the training samples among which they lie; else none.
        behind_rows: (sample,) rows of those in the run's data.
        method: pca, tsne or umap.
        shares: of the variance, to the right and upwards; empty where the axes mean nothing.
        features: whose points they are.
        training: the features of the run's data.
    """

    points: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)
    behind: np.ndarray = field(repr=False)
    behind_rows: np.ndarray = field(repr=False)
    method: str
    shares: tuple[float, ...]
    features: "Features" = field(repr=False)
    training: "Features" = field(repr=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: ANN401 - NumPy's
        return np.array(self.points, dtype=dtype, copy=copy)

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it as a picture: a colour a class, with its name in the middle of its samples.

        Args:
            path: a file that ends in .png.
            force: also replace a file that convscope did not write.

        Raises:
            DataError: it cannot stand there.
        """
        from convscope.run.plots import figures, points

        demand_path("path", path, "the path of a file")
        demand_flag("force", force)
        output = Output(Path(path), PICTURE, self.features.sources, force)
        output.demand()
        figure = figures.panel(points.cloud, self._cloud(), 8, 6.4)
        content = io.BytesIO()
        figures.write(figure, content, {"Comment": WRITTEN})
        return output.write(content.getvalue())

    def _cloud(self) -> Any:  # noqa: ANN401 - points.Cloud, whose room is slow to import
        from convscope.run.plots.points import Cloud

        facts = self.features.run.settings.facts
        truth = [self.features.truth[row] for row in self.rows.tolist()]
        behind = [self.training.truth[row] for row in self.behind_rows.tolist()]
        names = [Path(str(self.features.names[row])).name for row in self.rows.tolist()]
        axes = [f"component {at}: {percent(of, 0)} of the variance" for at, of in enumerate(self.shares, 1)]
        return Cloud(
            self.points, truth, names, self.behind, behind,
            () if facts.regression else facts.classes, axes, "\n".join(self.lines()),
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """As JSON, without the points."""
        return {
            "method": self.method,
            "samples": len(self.points),
            "training_samples": len(self.behind),
            "shares": list(self.shares),
        }

    def lines(self) -> Iterator[str]:
        """As a terminal shows it."""
        whole = len(self.features)
        many = f"{len(self.points):,} of " if len(self.points) < whole else ""
        among = f" among {len(self.behind):,} training samples" if len(self.behind) else ""
        yield f"{NAMES[self.method]} of {many}{whole:,} samples{among}: {self.features.layer}"


def flattened(found: "Features", training: "Features", method: str) -> FeatureMap:
    """Samples in a plane, new ones among those of training; see `Features.map`."""
    demand_method(method)
    demand_finite(found)
    own = found is training
    rows = drawn(np.arange(len(found)))
    behind = np.arange(0) if own else drawn(training.parts["train"])
    if not own:
        demand_finite(training)
    among = training.values[behind]
    flat = METHODS[method](np.concatenate([found.values[rows], among]) if len(behind) else found.values[rows])
    points = flat.points.astype(np.float32)
    return FeatureMap(
        points[: len(rows)], rows, points[len(rows) :], behind, method, flat.shares, found, training
    )


def demand_method(method: str) -> None:
    """Refuse what makes no map, or not here.

    Raises:
        UnknownName: there is no such method.
        MissingLibrary: whose it is.
    """
    demand("method", method, str, ", ".join(METHODS))
    if method not in METHODS:
        raise UnknownName("map", method, METHODS)
    if not installed(method):
        _, library, extra = OWNERS[method]
        raise MissingLibrary(f"{NAMES[method]} is {library}'s", library, extra)


def installed(method: str) -> bool:
    """Whether this way of making a map is there."""
    return method not in OWNERS or find_spec(OWNERS[method][0]) is not None


def drawn(rows: np.ndarray, most: int = MOST) -> np.ndarray:
    """All of a few rows; of many so many that are drawn by chance, always the same, in their order."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def plane(values: np.ndarray) -> Flat:
    """The two directions in which samples differ most, (sample, feature) → (sample, 2).

    >>> [round(share, 6) for share in plane(np.array([[0.0, 0, 0], [2, 0, 1], [4, 0, 2]])).shares]
    [1.0, 0.0]
    """
    points, shares = components(values, 2)
    return Flat(points, tuple(shares.tolist()))


def components(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first principal components, (sample, count), and which share of the variance each has, (count,).

    Where there are fewer, the rest is 0. Of either sign the one whose largest weight is positive.
    """
    from scipy.sparse.linalg import svds

    largest = max(float(np.abs(values).max(initial=0)), np.finfo(np.float32).tiny)
    few = min(values.shape) <= DENSE
    scaled = values.astype(np.float64 if few else np.float32) / largest
    scaled -= scaled.mean(0)
    if few:
        left, strength, right = np.linalg.svd(scaled, full_matrices=False)
    else:
        start = np.random.default_rng(0).normal(size=min(values.shape))
        found: Any = svds(scaled, k=count, v0=start.astype(np.float32))  # the weakest first
        left, strength, right = found[0][:, ::-1], found[1][::-1], found[2][::-1]
    left, strength, right = left[:, :count], strength[:count], right[:count]
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(1)])
    variance = max(float(np.square(scaled, dtype=np.float64).sum()), np.finfo(np.float64).tiny)
    points, shares = np.zeros((len(values), count)), np.zeros(count)
    points[:, : len(strength)] = left * (strength * np.where(signs == 0, 1, signs)) * largest
    shares[: len(strength)] = strength**2 / variance
    return points, shares


def _neighbourly(values: np.ndarray, method: str) -> np.ndarray:
    """What neighbours are looked for in: the first components."""
    if len(values) < FEWEST:
        raise DataError(
            f"a map by {NAMES[method]} keeps neighbours together; {len(values):,} samples are too few.\n"
            f"  Give {FEWEST} or more, or take pca."
        )
    return components(values, min(WIDTH, values.shape[1], len(values)))[0].astype(np.float32)


def _tsne(values: np.ndarray) -> Flat:
    from sklearn.manifold import TSNE

    near = _neighbourly(values, "tsne")
    first = np.pad(near, [(0, 0), (0, max(0, 2 - near.shape[1]))])[:, :2]
    first: Any = first * (1e-4 / max(float(first[:, 0].std()), np.finfo(np.float32).tiny))
    spread = min(30.0, (len(values) - 1) / 3)
    return Flat(TSNE(perplexity=spread, init=first, random_state=0).fit_transform(near), ())


def _umap(values: np.ndarray) -> Flat:
    import umap  # pyright: ignore[reportMissingImports]

    near = _neighbourly(values, "umap")
    made = umap.UMAP(n_neighbors=min(15, len(values) - 1), init="pca", random_state=0, n_jobs=1)
    return Flat(np.asarray(made.fit_transform(near)), ())


METHODS: dict[str, Callable[[np.ndarray], Flat]] = {"pca": plane, "tsne": _tsne, "umap": _umap}
OWNERS = {
    "tsne": ("sklearn", "scikit-learn", "heads"),
    "umap": ("umap", "umap-learn", "umap"),
}  # module, extra
NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
