"""One file, every door: training's own value, predict, the command line, an input, the page, an upload."""

import json
import pickle
import struct
import warnings
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import edfio
import nibabel
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from convscope import load, train
from convscope.cli import execute
from convscope.data import FORMATS
from convscope.errors import DataError
from convscope.opening import open_model
from convscope.run import Run
from convscope.web.dispatch import answer
from convscope.web.messages import POST
from convscope.web.messages.scores import prediction
from convscope.web.subject import session_of
from tests.data.test_dicom import series


class Case(NamedTuple):
    """A data set, how it is trained on, and files that hold one of its samples first."""

    form: str  # of FORMATS
    make: Callable[[Path], Path]  # writes the data set, gives what to train on
    settings: dict
    files: Callable[
        [Path], dict[str, Path]
    ]  # sample's name in the data set → file with it as its first sample
    sent: Callable[[Path], Path | None] = lambda file: file  # what is uploaded; None: it takes several


def of_folders(
    write: Callable[[Path, int, str], None], ending: str, count: int = 5
) -> Callable[[Path], Path]:
    """A folder a class, each sample in a file of its own."""

    def make(root: Path) -> Path:
        for name in ("left", "right"):
            (root / "data" / name).mkdir(parents=True)
            for number in range(count):
                write(root / "data" / name / f"{number}{ending}", number, name)
        return root / "data"

    return make


def every(data: Path) -> dict[str, Path]:
    return {str(path.relative_to(data)): path for path in sorted(data.glob("*/*"))}


def random(file: Path) -> np.random.Generator:
    return np.random.default_rng(sum(map(ord, f"{file.parent.name}{file.name}")))


# ---- pictures: of every mode, size and turn


def picture(file: Path, number: int, _: str) -> None:
    draw = random(file)
    colour = draw.integers(0, 256, (24 + 3 * number, 17, 4), dtype=np.uint8)
    grey = draw.integers(0, 65536, (19, 23), dtype=np.uint16)
    exif = Image.Exif()
    exif[274] = 6  # lies on its side
    pictures: list[Callable[[], None]] = [
        lambda: Image.fromarray(colour[..., :3]).save(file, "JPEG", exif=exif, quality=90),
        lambda: Image.fromarray(grey).save(file, "PNG"),
        lambda: Image.fromarray(colour[..., 0]).save(file, "PNG"),
        lambda: Image.fromarray(colour[..., :3]).quantize(9).save(file, "GIF"),
        lambda: Image.fromarray(colour).save(file, "WEBP", lossless=True),
        lambda: Image.fromarray(colour[..., :2], "LA").save(file, "PNG"),
        lambda: Image.fromarray(colour).convert("CMYK").save(file, "TIFF"),
        lambda: Image.fromarray(colour[..., 0] > 99).save(file, "BMP"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pictures[number]()


def picture_table(root: Path) -> Path:
    data = of_folders(picture, ".png", 4)(root)
    lines = [f"data/{name},{name.split('/')[0]}" for name in every(data)]
    (root / "table.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    return root / "table.csv"


def deep_picture(file: Path, number: int, _: str) -> None:
    grey = random(file).integers(0, 4096, (19 + number, 23), dtype=np.uint16)
    Image.fromarray(grey).save(file, "PNG" if number % 2 else "TIFF")


def scan_with_thumbnail(file: Path, _: int, __: str) -> None:
    colour = Image.fromarray(random(file).integers(0, 256, (24, 17, 3), dtype=np.uint8))
    colour.save(file, "TIFF", save_all=True, append_images=[colour.resize((6, 4))])


# ---- signals


def sound(file: Path, number: int, _: str) -> None:
    channels, rate = 1 + number % 2, (8000, 8000, 11025)[number % 3]
    values = random(file).normal(0, 3000, (400 + 150 * number, channels)).astype("<i2")
    with wave.open(str(file), "wb") as stream:
        stream.setparams((channels, 2, rate, 0, "NONE", ""))
        stream.writeframes(values.tobytes())


def flac(file: Path, number: int, _: str) -> None:
    channels, rate = 1 + number % 2, (8000, 8000, 11025)[number % 3]
    values = random(file).normal(0, 3000, (400 + 150 * number, channels)).astype("<i2")
    soundfile.write(file, values, rate, subtype="PCM_16")


def rows(root: Path) -> Path:
    values = np.random.default_rng(0).normal(size=(30, 20)).round(5)
    lines = [",".join(map(str, [1 + row % 2, *signal])) for row, signal in enumerate(values)]
    (root / "beats.csv").write_text("\n".join(lines) + "\n")
    return root / "beats.csv"


def single_rows(path: Path) -> dict[str, Path]:
    """A file for each of some rows: without its class, with it, as a column, and as an array."""
    lines = path.read_text().splitlines()
    found = {}
    for number, kind in ((3, "bare.csv"), (8, "labelled.tsv"), (12, "column.txt"), (17, "array.npy")):
        label, *cells = lines[number - 1].split(",")
        file = path.parent / kind
        if kind == "array.npy":
            np.save(file, np.array(cells, np.float32))
        else:
            text = {
                "bare.csv": ",".join(cells),
                "labelled.tsv": "\t".join([label, *cells]),
                "column.txt": "\n".join(cells),
            }
            file.write_text(text[kind] + "\n")
        found[f"row {number}"] = file
    return found


def sensor(root: Path) -> Path:
    """A long table: a row a moment of one of several people's recordings, with its class."""
    draw = np.random.default_rng(0)
    lines = [
        f"p{person};{at};{a:.4f};{b:.4f};{('sit', 'run')[at // 20 % 2]}".replace(".", ",")
        for person in range(8)
        for at, (a, b) in enumerate(draw.normal(size=(60, 2)))
    ]
    (root / "sensor.csv").write_text("\n".join(["who;time;x;y;class", *lines]) + "\n")
    return root / "sensor.csv"


def later_people(path: Path) -> dict[str, Path]:
    """A table that begins later, and one without classes."""
    head, *lines = path.read_text().splitlines()
    (path.parent / "later.csv").write_text("\n".join([head, *lines[120:]]) + "\n")
    bare = [line.rpartition(";")[0] for line in (head, *lines[180:])]
    (path.parent / "bare.csv").write_text("\n".join(bare) + "\n")
    return {
        f"who {who} from row 1": path.parent / name
        for who, name in (("p0", "sensor.csv"), ("p2", "later.csv"), ("p3", "bare.csv"))
    }


def moments(file: Path, number: int, _: str) -> None:
    values = random(file).normal(size=(20 + number, 3)).round(4)
    file.write_text(
        "\n".join(["t,x,y,z", *(f"{at},{','.join(map(str, row))}" for at, row in enumerate(values))])
    )


def recording(file: Path, number: int, _: str) -> None:
    points = 40 * (10 if number else 8)
    channels = [
        edfio.EdfSignal(random(file).normal(size=points), 40, label="EEG"),
        edfio.EdfSignal(random(file).normal(size=points // 4), 10, label="Breath"),
    ]
    edfio.Edf(channels).write(file)


def payload(file: Path, number: int, _: str) -> None:
    values = random(file).normal(size=(20 + number, 3)).round(4).tolist()
    sensors = [{"name": name, "units": "m/s2"} for name in ("accX", "accY", "accZ")]
    said = {"device_type": "PHONE", "interval_ms": 16, "sensors": sensors, "values": values}
    file.write_text(json.dumps({"protected": {"ver": "v1"}, "signature": "00", "payload": said}))


# ---- volumes


def scan(file: Path, number: int, _: str) -> None:
    voxels = random(file).normal(100, 30, (9 + number, 8, 7)).astype(np.float32)
    affine = np.diag([-1.0, 1, 1, 1]) if number % 2 else np.eye(4)
    nibabel.save(nibabel.Nifti1Image(voxels, affine), file)


def stack(file: Path, number: int, _: str) -> None:
    frames = random(file).integers(0, 256, (6 + number, 12, 10), dtype=np.uint8)
    first, *others = (Image.fromarray(frame) for frame in frames)
    first.save(file, save_all=True, append_images=others)


def slices(file: Path, number: int, _: str) -> None:
    series(file, random(file).integers(0, 900, (5 + number, 6, 7)).astype(np.uint16))


def single_slice(file: Path, _: int, __: str) -> None:
    series(file, random(file).integers(0, 900, (1, 9, 8)).astype(np.uint16), names=["slice.dcm"])


def xray(file: Path, number: int, label: str) -> None:
    pixels = random(file).integers(0, 4000, (1, 9 + number, 8)).astype(np.uint16)
    shown = {"BitsStored": 12, "HighBit": 11, "PhotometricInterpretation": f"MONOCHROME{1 + number % 2}"}
    series(
        file.parent,
        pixels,
        [file.name],
        SeriesInstanceUID=f"1.2.{len(label)}.{number}",
        Modality="CR",
        **shown,
    )


# ---- arrays and tables


def arrays(root: Path) -> Path:
    draw = np.random.default_rng(0)
    np.savez(root / "set.npz", X=draw.integers(0, 256, (30, 9, 8, 3), dtype=np.uint8), y=np.arange(30) % 3)
    return root / "set.npz"


def idx_files(root: Path) -> Path:
    draw = np.random.default_rng(0)
    (root / "digits").mkdir()
    for part, count in (("train", 24), ("t10k", 9)):
        pictures, labels = (
            draw.integers(0, 256, (count, 9, 8), dtype=np.uint8),
            np.arange(count, dtype=np.uint8) % 3,
        )
        for name, array in (("images-idx3", pictures), ("labels-idx1", labels)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (root / "digits" / f"{part}-{name}-ubyte").write_bytes(head + array.tobytes())
    return root / "digits"


def batches(root: Path) -> Path:
    draw = np.random.default_rng(0)
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        held = {b"data": draw.integers(0, 256, (20, 3072), dtype=np.uint8), b"labels": [*range(10)] * 2}
        (folder / name).write_bytes(pickle.dumps(held, 2))
    return folder


def single_arrays(path: Path) -> dict[str, Path]:
    """The colours last, as they were, and first; whole numbers and floating point."""
    pictures = np.load(path)["X"]
    np.save(path.parent / "last.npy", pictures[4])
    np.save(path.parent / "first.npy", pictures[5].transpose(2, 0, 1).astype(np.float64))
    np.savez(path.parent / "alone.npz", pictures[6:7].astype(np.int64))
    return {
        f"row {row}": path.parent / name
        for row, name in ((4, "last.npy"), (5, "first.npy"), (6, "alone.npz"))
    }


def pixels(root: Path) -> Path:
    draw = np.random.default_rng(0)
    lines = [",".join(map(str, [row % 3, *draw.integers(0, 256, 81)])) for row in range(30)]
    header = ",".join(["label", *(f"pixel{number}" for number in range(81))])
    (root / "train.csv").write_text("\n".join([header, *lines]) + "\n")
    return root / "train.csv"


def single_pixels(path: Path) -> dict[str, Path]:
    """Rows with their label and without, as Kaggle's test.csv has them."""
    header, *lines = path.read_text().splitlines()
    (path.parent / "labelled.csv").write_text("\n".join([header, *lines[3:9]]) + "\n")
    bare = [line.partition(",")[2] for line in (header, *lines[7:12])]
    (path.parent / "test.csv").write_text("\n".join(bare) + "\n")
    return {"row 5": path.parent / "labelled.csv", "row 9": path.parent / "test.csv"}


def days(root: Path) -> Path:
    draw = np.random.default_rng(0)
    start = np.datetime64("2020-01-01")
    lines = [f"{start + day},{draw.normal():.3f},{draw.choice(['dry', 'wet'])}" for day in range(120)]
    (root / "sky.csv").write_text("\n".join(["date,wind,sky", *lines]) + "\n")
    return root / "sky.csv"


def later(path: Path) -> dict[str, Path]:
    """A table that begins later: its first window is another one of training."""
    head, *lines = path.read_text().splitlines()
    (path.parent / "later.csv").write_text("\n".join([head, *lines[50:]]) + "\n")
    return {"2020-01-05": path, "2020-02-24": path.parent / "later.csv"}


CASES = {
    "pictures": Case("folder", of_folders(picture, ".png", 8), {"size": (16, 12)}, every),
    "pictures of 12 bits": Case("folder", of_folders(deep_picture, ".png", 8), {"size": (11, 13)}, every),
    "pictures with thumbnails": Case("folder", of_folders(scan_with_thumbnail, ".tif", 8), {}, every),
    "pictures, grey and cropped": Case(
        "folder", of_folders(picture, ".png", 8), {"size": (11, 13), "channels": 1, "fit": "crop"}, every
    ),
    "pictures of a table": Case(
        "table", picture_table, {"size": (9, 9), "fit": "stretch"},
        lambda table: {f"data/{name}": file for name, file in every(table.parent / "data").items()},
    ),
    **{
        f"sounds, {unequal}": Case("audio", of_folders(sound, ".wav"), {"unequal": unequal}, every)
        for unequal in ("pad", "crop", "resample")
    },
    "sounds, stereo of a set length": Case(
        "audio", of_folders(sound, ".wav"), {"length": 700, "channels": 2, "rate": 9000}, every
    ),
    "sounds, FLAC": Case("audio", of_folders(flac, ".flac"), {}, every),
    "rows": Case("signals", rows, {}, single_rows),
    "recordings": Case(
        "edf", of_folders(recording, ".edf"), {},
        lambda data: {f"{name} at 0.00 s": file for name, file in every(data).items()},
    ),
    "windows of people": Case("signals", sensor, {"sample": "who", "window": 20}, later_people),
    "a file a recording": Case("recordings", of_folders(moments, ".csv"), {}, every),
    "pixels": Case("pixels", pixels, {}, single_pixels),
    "Edge Impulse": Case("recordings", of_folders(payload, ".json"), {}, every),
    "NIfTI": Case("nifti", of_folders(scan, ".nii.gz"), {}, every),
    "stacks": Case("stacks", of_folders(stack, ".tif"), {"size": (5, 8, 8)}, every),
    "DICOM": Case("dicom", of_folders(slices, ""), {}, every, lambda _: None),
    "DICOM, a picture each": Case("slices", of_folders(xray, ".dcm"), {"size": (7, 8)}, every),
    "DICOM, single slices": Case(
        "dicom", of_folders(single_slice, ""), {}, every, lambda folder: folder / "slice.dcm"
    ),
    "arrays": Case("arrays", arrays, {}, single_arrays),
    "IDX": Case(
        "idx", idx_files, {},
        lambda data: {
            "train 0": data / "train-images-idx3-ubyte", "test 0": data / "t10k-images-idx3-ubyte"
        },
    ),
    "CIFAR": Case(
        "cifar", batches, {},
        lambda data: {"train 20": data / "data_batch_2", "test 0": data / "test_batch"}, lambda _: None,
    ),
    "windows": Case("sequences", days, {"target": "sky", "window": 4}, later),
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def trained(request, tmp_path_factory) -> Iterator[tuple[Case, Run, dict[str, Path]]]:
    """A run of each case, and its files by the names of their samples."""
    case = CASES[request.param]
    root = tmp_path_factory.mktemp("doors")
    source = case.make(root)
    network = "gru" if case.form == "sequences" else "compact"
    run = train(
        source, network=network, epochs=0.5, batch=4, runs=root / "runs", val=0.2, test=0.2, **case.settings
    )
    yield case, load(run.path), case.files(source)


def own(run: Run) -> dict[str, torch.Tensor]:
    """What training itself says of each of its samples, by name."""
    dataset = run.dataset()
    model = run.model()
    with torch.no_grad():
        said = model(dataset.inputs).double().softmax(1)
    return dict(zip(dataset.names, said, strict=True))


def test_every_door_says_the_same(trained, capsys):
    case, run, files = trained
    expected = own(run)
    assert files.keys() <= expected.keys()
    for name, file in files.items():
        wanted = expected[name].numpy()
        said = {
            "predict": run.predict(str(file)).probabilities[0].numpy(),
            "predict --json": on_the_command_line(run, file, capsys),
            "--input": of_input(run, file),
            "the page": of_page(session_of(str(run.path), [str(file)])),
        }
        if (sent := case.sent(file)) is not None:
            said["upload"] = of_upload(run, sent)
        for door, probabilities in said.items():
            assert probabilities == pytest.approx(wanted, abs=1e-6), (name, door)


def on_the_command_line(run: Run, file: Path, capsys) -> list[float]:
    assert execute(["predict", str(run.path), str(file), "--json", "--top", str(len(run.classes))]) == 0
    first = json.loads(capsys.readouterr().out)["predictions"][0]
    found = {first["predicted"]: first["probability"]}
    found |= {first[f"choice {at}"]: first[f"probability {at}"] for at in range(2, len(run.classes) + 1)}
    return [found[name] for name in run.classes]


def of_input(run: Run, file: Path) -> list[float]:
    opened = open_model(str(run.path), [str(file)])
    with torch.no_grad():
        return opened.model(*opened.inputs)[0].double().softmax(0).tolist()


def of_page(session) -> list[float]:
    said = prediction(session, session.seen)
    assert said is not None
    return said["probabilities"]


def of_upload(run: Run, file: Path) -> list[float]:
    session = session_of(str(run.path))
    answer(POST, session, "input", {"upload": file.read_bytes(), "name": "a name that says nothing"})
    return of_page(session)


def test_every_format_of_single_files_has_a_case():
    """A WFDB record is more than one file, whatever is done."""
    single = {name for name, form in FORMATS.items() if form.files} - {"wfdb"}
    assert single <= {case.form for case in CASES.values()}


def test_what_takes_more_than_one_file(tmp_path_factory):
    root = tmp_path_factory.mktemp("sounds")
    run = train(of_folders(sound, ".wav")(root), network="compact", epochs=0.5, batch=4, runs=root / "runs")
    session = session_of(str(run.path))
    with pytest.raises(DataError, match=r"100.hea needs more than one file: WFDB records"):
        answer(POST, session, "input", {"upload": b"100 2 360 650000\n", "name": "100.hea"})
