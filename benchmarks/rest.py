"""The other figures: memory, loading and augmentation, start, photos, the data check, the report.

python benchmarks/rest.py                            # all of them, 5 rounds
python benchmarks/rest.py --questions help batches --repetitions 3 --samples 6000
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import measure
from epoch import shortened
from measure import Record, middle, of
from PIL import Image

PHOTOS, SMALL = 5_000, 10_000  # files in the folders that are made here
SIDES = (256, 400)  # pixels of the photos made here
PROCESSES = 2  # of the bare decoder


# The questions' children: each runs in a process of its own and gives numbers.


def memory(data: Path, threads: int) -> Record:
    """`convscope train` from files to report: memory above torch's, and what comes after training."""
    record = measure.begin()
    with measure.phase(record, "imports"):
        from convscope import recipe
        from convscope.training.events import Finished
    with tempfile.TemporaryDirectory() as runs:
        plan = recipe.plan(data, network="plain", batch=50, epochs=0.2, threads=threads, runs=runs)
        stream = recipe.stream(plan)
        while not isinstance(next(stream), Finished):
            pass
        record["training_mib"] = measure.memory() - record["torch_mib"]
        with measure.phase(record, "report"):
            for _ in stream:
                pass
    return record | {"peak_mib": measure.memory() - record["torch_mib"]}


def batches(data: Path, threads: int, *, bare: bool, network: str) -> Record:
    """convscope's loop for an epoch: over its own batches with shifts, or over bare slices of the tensor."""
    record = measure.begin()
    from convscope import data as sources
    from convscope import network as networks
    from convscope import training
    from convscope.network.model import Model
    from convscope.network.preprocess import fit_standardise
    from convscope.training.batches import Batches

    dataset = sources.load(data, sources.DataSettings(val=0))
    model = Model(fit_standardise(dataset.inputs), networks.build(network, 1, 10, dataset.space))
    changes = training.Augment() if bare else training.Augment(shift=0.04)
    wanted = training.TrainingSettings(epochs=1, batch=64, augment=changes, threads=threads)
    settings, _ = training.choose(model, dataset, wanted)
    if bare:
        Batches.epoch = _slices
    with measure.phase(record, "training"):
        for _ in training.train(model, dataset, settings):
            pass
    return record


def _slices(batches: object, *_: int) -> Iterator[tuple]:
    count, steps = len(batches.rows), batches.steps
    for step in range(steps):
        some = slice(step * count // steps, (step + 1) * count // steps)
        yield batches.inputs[some], batches.labels[some]


def ingest(folder: Path) -> Record:
    """convscope reads a folder of photos that it has not seen."""
    record = measure.begin()
    with measure.phase(record, "imports"):
        from convscope import data as sources
    with tempfile.TemporaryDirectory() as cache:
        os.environ["CONVSCOPE_CACHE"] = cache
        with measure.phase(record, "seconds"):
            dataset = sources.load(folder)
    return record | {"pictures": len(dataset.inputs), "size": list(dataset.space)}


def decoder(folder: Path, size: int) -> Record:
    """Pillow alone in two processes: decode into size × size."""
    record = measure.begin()
    files = sorted(folder.glob("*/*.jpg"))
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(abs, range(100)))  # the processes are there
        with measure.phase(record, "seconds"):
            pieces = list(pool.map(partial(_decode, size=size), files, chunksize=32))
    return record | {"pictures": len(pieces)}


def _decode(file: Path, size: int) -> bytes:
    with Image.open(file) as image:
        scale = size / max(image.size)
        shown = tuple(max(1, round(side * scale)) for side in image.size)
        return image.resize(shown, Image.Resampling.BILINEAR, reducing_gap=3.0).tobytes()


def command(*words: object) -> Record:
    """Run convscope's command line as people do."""
    load, began = os.getloadavg()[0], time.perf_counter()
    subprocess.run([sys.executable, "-m", "convscope", *map(str, words)], capture_output=True, check=True)
    return {"seconds": time.perf_counter() - began, "load": [load, os.getloadavg()[0]]}


# What they are asked about.


def make_photos(source: Path, folder: Path, count: int) -> Path:
    """Write JPEGs of 256 to 400 pixels a side: random pieces of the photos that there are."""
    originals, draw = sorted(source.glob("train/*/*.jpg")), random.Random(0)
    for number in range(count):
        file = originals[number % len(originals)]
        target = folder / file.parent.name / f"{number}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as image:
            width, height = (side * draw.uniform(0.6, 1) for side in image.size)
            left, top = draw.uniform(0, image.width - width), draw.uniform(0, image.height - height)
            size = draw.randint(*SIDES), draw.randint(*SIDES)
            piece = image.convert("RGB").resize(size, box=(left, top, left + width, top + height))
            piece.save(target, quality=90)
    return folder


def make_small(data: Path, folder: Path, count: int) -> Path:
    """Write MNIST's test pictures as PNG files, a folder a class."""
    from ways.task import read

    pictures, labels = read(data, "t10k")
    for number, (picture, label) in enumerate(zip(pictures[:count], labels[:count], strict=True)):
        target = folder / str(label) / f"{number}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(target)
    return folder


# The questions: each gives its records, and lines of (what, measured, wanted).

Line = tuple[str, str, str]
Answer = tuple[list[Record], list[Line]]


def ask_memory(args: argparse.Namespace, folder: Path) -> Answer:
    data = shortened(args.data, args.samples, folder) if args.samples < 60_000 else args.data
    records = _asked(args, ["memory"], lambda _: ("memory", data, args.threads))
    return records, [
        (
            "memory of training MNIST above torch's own",
            f"{middle(records, 'training_mib'):.0f} MiB",
            "< 1024",
        ),
        ("the same with evaluation and report", f"{middle(records, 'peak_mib'):.0f} MiB", "< 1024"),
        ("evaluation of 10,000 and report.html", f"{middle(records, 'report'):.2f} s", ""),
    ]


def ask_batches(args: argparse.Namespace, folder: Path) -> Answer:
    data = shortened(args.data, args.samples, folder) if args.samples < 60_000 else args.data
    records, lines = [], []
    for network in ("plain", "fast"):
        ways = [f"{network}, bare slices", f"{network}, shuffled and shifted"]
        found = _asked(
            args, ways, lambda way: ("batches", data, args.threads, "bare" in way, way.split(",")[0])
        )
        bare, ours = (of(found, way) for way in ways)
        ratio = measure.ratio(ours, bare, "training")
        seconds = f"{middle(ours, 'training'):.2f} s / {middle(bare, 'training'):.2f} s"
        lines.append((f"loading and augmentation, {network}: {seconds}", f"{ratio:.2f} ×", "≤ 1.3 ×"))
        records += found
    return records, lines


def ask_help(args: argparse.Namespace, folder: Path) -> Answer:  # noqa: ARG001
    records = list(measure.rounds(["convscope --help"], 10, lambda *_: command("--help")))
    return records, [("convscope --help, median of 10", f"{middle(records, 'seconds'):.3f} s", "< 0.3 s")]


def ask_photos(args: argparse.Namespace, folder: Path) -> Answer:
    make_photos(args.data.parent / "photos", folder, args.photos)
    first = measure.child(
        __file__, "--one", json.dumps(["ingest", folder], default=str)
    )  # files now in memory
    size = max(first["size"])
    calls = {"convscope": ("ingest", folder), "Pillow": ("decoder", folder, size)}
    records = _asked(args, list(calls), calls.__getitem__)
    ours, bare = of(records, "convscope"), of(records, "Pillow")
    speeds = [args.photos / middle(some, "seconds") for some in (ours, bare)]
    share = measure.ratio(bare, ours, "seconds")
    what = (
        f"{args.photos:,} photos to {size} × {size}: {speeds[0]:,.0f}/s, the decoder alone {speeds[1]:,.0f}/s"
    )
    return records, [(what, f"{share:.0%}", "≥ 80 %")]


def ask_check(args: argparse.Namespace, folder: Path) -> Answer:
    make_small(args.data, folder, args.small)
    records = list(measure.rounds(["convscope check"], args.repetitions, lambda *_: command("check", folder)))
    return records, [
        (f"convscope check, {args.small:,} pictures", f"{middle(records, 'seconds'):.1f} s", "< 60 s")
    ]


def _asked(args: argparse.Namespace, ways: list[str], call: Callable[[str], tuple]) -> list[Record]:
    def run(way: str, _: int) -> Record:
        words = json.dumps(call(way), default=str)
        return measure.child(__file__, "--one", words, threads=args.threads)

    return list(measure.rounds(ways, args.repetitions, run))


QUESTIONS = {
    "memory": ask_memory,
    "batches": ask_batches,
    "help": ask_help,
    "photos": ask_photos,
    "check": ask_check,
}
CHILDREN = {
    "memory": lambda data, threads: memory(Path(data), threads),
    "batches": lambda data, threads, bare, network: batches(Path(data), threads, bare=bare, network=network),
    "ingest": lambda folder: ingest(Path(folder)),
    "decoder": lambda folder, size: decoder(Path(folder), size),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=60_000, help="training pictures of MNIST")
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--data", type=Path, default=measure.mnist())
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        name, *words = json.loads(args.one)
        print(json.dumps(CHILDREN[name](*words)))
        return
    records: list[Record] = []
    lines: list[Line] = []
    for question in args.questions:
        with tempfile.TemporaryDirectory() as folder:
            found, answer = QUESTIONS[question](args, Path(folder))
        records += [record | {"question": question} for record in found]
        lines += answer
    text = measure.table(["what", "measured", "wanted"], lines)
    measure.report(measure.machine(args.threads), text, records, args.json)


if __name__ == "__main__":
    main()
