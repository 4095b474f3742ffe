"""Volumes by name: furniture as voxels, and shapes that are drawn here."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from convscope.data.arrays import from_arrays
from convscope.data.catalogue.pictures import roots
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.formats import array_files
from convscope.errors import DataError

FURNITURE = (
    "bathtub",
    "bed",
    "chair",
    "desk",
    "dresser",
    "monitor",
    "night_stand",
    "sofa",
    "table",
    "toilet",
)
FURNITURE_SHAPE = (4899, 1, 30, 30, 30)  # 3,991 for training, 908 for testing
FURNITURE_PLACES = (
    "volumes/modelnet10_voxels30.npz",
    "modelnet10/modelnet10.npz",
    "modelnet10.npz",
)  # below the person's data folder or the cache folder

SIDE = 20  # voxels along each axis of a drawn shape
COUNT = 250  # of each shape
SOLID = 150  # value inside a shape; outside it is 0
NOISE = 100  # values of uniform noise on top
HIDDEN = 0.35  # how far a cut may come in from the outside, as a share of the shape's reach


def modelnet10(settings: DataSettings) -> Dataset:
    """4,899 pieces of furniture in 10 classes, 30 × 30 × 30 voxels; 908 of them for testing."""
    unusable = []
    for place in (root / name for root in roots() for name in FURNITURE_PLACES):
        if not array_files.recognises(place):
            continue
        try:
            data = array_files.load(place, settings)
            if (len(data.inputs), *data.inputs.shape[1:2]) != FURNITURE_SHAPE[:2]:
                raise DataError(f"{place} holds {tuple(data.inputs.shape)}, not {FURNITURE_SHAPE}")
        except DataError as error:
            unusable.append(f"{str(error).splitlines()[0]}; looked further")
        else:
            remarks = (*unusable, f"read from {place}", *data.remarks)
            return replace(data, source="modelnet10", classes=FURNITURE, remarks=remarks)
    found = "".join(f"\n    {line}" for line in unusable)
    raise DataError(
        f"modelnet10 is not on this machine, and nobody publishes it with a checksum.{found}\n"
        "  Bring modelnet10.npz (voxels by A. Guo: http://aguo.us/writings/classify-modelnet.html)\n"
        f"  to {roots()[-1] / FURNITURE_PLACES[1]}, or try shapes3d, which needs no file."
    )


def shapes3d(settings: DataSettings) -> Dataset:
    """1,500 solids of 6 shapes, 20 × 20 × 20 voxels, turned, cut and noisy; synthetic, drawn here."""
    generator = np.random.Generator(np.random.PCG64(0))  # not of the settings: the data are always the same
    labels = np.arange(COUNT * len(SHAPES)) % len(SHAPES)
    inside = list(SHAPES.values())
    volumes = np.stack(
        [_solid(inside[label], generator) for label in labels]
    )  # (sample, depth, height, width)
    data = from_arrays(volumes, labels, settings, classes=tuple(SHAPES), source="shapes3d", kind="volume")
    return replace(data, remarks=("synthetic: solids drawn by convscope, nothing measured", *data.remarks))


def _solid(inside: Callable[[np.ndarray], np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """One solid, moved, turned and cut at random, in noise: uint8 (SIDE, SIDE, SIDE)."""
    draws = generator.random(10)
    size, shift, away = 0.55 + 0.35 * draws[0], 0.3 * (draws[1:4] - 0.5), _direction(draws[4:6])
    points = (GRID - shift[:, None]) / size  # (3, voxel), in units of the solid
    visible = away @ points < 1 - HIDDEN * draws[6]
    solid = inside(_rotation(draws[7:10]) @ points) & visible
    noise = NOISE * generator.random(points.shape[1])
    return (SOLID * solid + noise).astype(np.uint8).reshape(SIDE, SIDE, SIDE)


def _direction(draws: np.ndarray) -> np.ndarray:
    """Turn two uniform numbers into a direction in space, all equally likely: (3,)."""
    z, angle = 2 * draws[0] - 1, 2 * np.pi * draws[1]
    level = np.sqrt(1 - z * z)
    return np.array([level * np.cos(angle), level * np.sin(angle), z])


def _rotation(draws: np.ndarray) -> np.ndarray:
    """Turn three uniform numbers into a rotation, all equally likely: (3, 3).

    Source: K. Shoemake, Uniform random rotations, Graphics Gems III, 1992.
    """
    first, second = 2 * np.pi * draws[1], 2 * np.pi * draws[2]
    small, large = np.sqrt(1 - draws[0]), np.sqrt(draws[0])
    x, y, z = small * np.sin(first), small * np.cos(first), large * np.sin(second)
    w = large * np.cos(second)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _cone(points: np.ndarray) -> np.ndarray:
    x, y, z = points
    return (np.hypot(x, y) < 0.45 * (0.8 - z)) & (z > -0.8)


def _cube(points: np.ndarray) -> np.ndarray:
    return np.abs(points).max(axis=0) < 0.6


def _cylinder(points: np.ndarray) -> np.ndarray:
    x, y, z = points
    return (np.hypot(x, y) < 0.45) & (np.abs(z) < 0.85)


def _octahedron(points: np.ndarray) -> np.ndarray:
    return np.abs(points).sum(axis=0) < 1.0


def _sphere(points: np.ndarray) -> np.ndarray:
    return np.square(points).sum(axis=0) < 0.7**2


def _torus(points: np.ndarray) -> np.ndarray:
    x, y, z = points
    return np.square(np.hypot(x, y) - 0.62) + z * z < 0.27**2


SHAPES = {
    "cone": _cone,
    "cube": _cube,
    "cylinder": _cylinder,
    "octahedron": _octahedron,
    "sphere": _sphere,
    "torus": _torus,
}  # (3, point) → whether each lies inside; all reach about 1 from the centre
GRID = (np.indices((SIDE, SIDE, SIDE)).reshape(3, -1) + 0.5) * (2 / SIDE) - 1  # (3, voxel), from −1 to 1
