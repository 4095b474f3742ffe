"""Decoded pictures of any size and depth in: our reader as a part of the graph."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from convscope.data.dataset import Dataset
from convscope.data.pictures import decode
from convscope.errors import ShipError
from convscope.network.model import Model
from convscope.run.settings import RunSettings
from convscope.ship import onnx_file
from convscope.ship.card import Card
from convscope.ship.parity import apart

ASKED = 32  # pictures
TAKEN = {"input": "picture (height, width, channel), white (255 or 65535)", "values": "int32"}
MODES = ("L", "LA", "RGB", "RGBA", "I;16")  # of Pillow's, that are numbers as the graph takes them

PictureAnswer = Callable[[Image.Image], np.ndarray]  # a decoded picture → (1, class) or (1,)


def demand_pictures(settings: RunSettings) -> None:
    """Refuse runs whose samples are no pictures, or no bytes.

    Raises:
        ShipError: they are.
    """
    if settings.facts.kind != "image" or settings.facts.values != "uint8":
        raise ShipError(
            f"--any-size is for pictures of 8 bits; the samples of this run are {settings.facts.kind}s of"
            f" {settings.facts.values}.\n  Export without it: values go in as they are stored."
        )


def with_reader(content: bytes, card: Card, settings: RunSettings) -> bytes:
    """A file of ONNX with our reader in front.

    Args:
        content: the file that takes samples.
        card: what it says of itself.
        settings: of the run.
    """
    import onnx

    from convscope.ship import reading_graph

    network, facts = onnx.load_from_string(content), settings.facts
    height, width = facts.space
    read = reading_graph.reader(facts.channels, (height, width), settings.data.fit)
    read.ir_version = network.ir_version
    joined = onnx.compose.merge_models(
        onnx.compose.add_prefix(read, "read.", rename_inputs=False, rename_functions=False),
        network,
        io_map=[(f"read.{read.graph.output[0].name}", network.graph.input[0].name)],
    )
    for said in joined.graph.output:
        said.type.tensor_type.shape.dim[0].dim_value = 1
    return onnx_file.signed(joined, card.texts() | TAKEN)


def read(path: Path) -> PictureAnswer:
    """How the file answers about a decoded picture."""
    session = onnx_file.opened(path)

    def answer(picture: Image.Image) -> np.ndarray:
        values = np.atleast_3d(np.asarray(picture)).astype(np.int32)
        white = np.array(65535 if picture.mode.startswith("I;16") else 255, np.int32)
        return session.run(None, {"picture": values, "white": white})[0]  # pyright: ignore[reportReturnType]

    return answer


def difference(answer: PictureAnswer, dataset: Dataset, model: Model) -> tuple[float, int]:
    """The largest difference about decoded pictures of the part that judges, and how many were asked."""
    largest, asked = 0.0, 0
    height, width = dataset.space
    for picture in islice(_pictures(dataset), ASKED):
        sample = decode.brought(picture, Path(), (height, width), dataset.channels, dataset.settings.fit)
        wanted = model.predict(torch.tensor(sample)[None])
        largest, asked = max(largest, apart(answer(picture), wanted, model)), asked + 1
    if not asked:
        raise ShipError(
            "no picture of these data is decoded into numbers of 8 or 16 bits.\n  Leave out --any-size."
        )
    return largest, asked


def _pictures(dataset: Dataset) -> Iterator[Image.Image]:
    """Decoded pictures of the part that judges; samples of arrays are enlarged."""
    for row in dataset.parts[dataset.judging].tolist():
        file = dataset.root and dataset.root / str(dataset.names[row])
        if file and file.is_file():
            with decode.opened(file) as image:
                decode.show_largest(image)
                if picture := _decoded(image):
                    yield picture
        else:
            sample = dataset.inputs[row].numpy()
            picture = Image.fromarray(sample[0] if len(sample) == 1 else np.moveaxis(sample, 0, 2))
            yield picture.resize((int(1.7 * picture.width), int(2.3 * picture.height)))


def _decoded(image: Image.Image) -> Image.Image | None:
    """Upright, in one of the modes that a graph takes as numbers; None: of 32 bits, without a white."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode in MODES:
        return upright
    if decode.is_deep(upright.mode):
        return None
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
