"""Seconds from the files of MNIST to a network with 98, 99 and 99.4 % on its test pictures, over five seeds.

    python benchmarks/time_to_accuracy.py                # beside the tutorial's program and its one epoch
    python benchmarks/time_to_accuracy.py --choose       # how the recipes were chosen: by a validation part

Process start and imports are counted apart. In each round the tutorial's program and each recipe run once,
with the round's number as seed.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path

import measure
from epoch import shortened
from measure import Record, middle, of

# AdamW, onecycle and label smoothing 0.1 are what convscope takes anyway; "shift" 0.04 is 1 pixel.
RECIPES = {
    "98.0 %": {"network": "fast", "width": 0.5, "batch": 32, "epochs": 0.16, "lr": 0.015, "shift": 0.0},
    "99.0 %": {"network": "fast", "width": 0.75, "batch": 64, "epochs": 0.5, "lr": 0.015, "shift": 0.0},
    "99.4 %": {"network": "fast", "width": 1.0, "batch": 128, "epochs": 2.0, "lr": 0.01, "shift": 0.04},
}  # for each target the cheapest candidate whose median over the seeds reached it on the validation part
TIMES_FASTER = {"98.0 %": 12, "99.0 %": 5, "99.4 %": 1}  # than the tutorial, is what we want
CANDIDATES = [
    {"network": "fast", "width": width, "batch": batch, "epochs": epochs, "lr": lr, "shift": shift}
    for width, batch, epochs, lr, shift in (
        (0.5, 32, 0.16, 0.015, 0.0),
        (0.5, 64, 0.18, 0.01, 0.0),
        (0.75, 64, 0.15, 0.015, 0.0),
        (1.0, 64, 0.15, 0.01, 0.0),
        (0.5, 32, 0.5, 0.012, 0.0),
        (0.75, 64, 0.4, 0.015, 0.0),
        (0.75, 64, 0.5, 0.015, 0.0),
        (0.75, 64, 0.6, 0.01, 0.04),
        (1.0, 64, 0.5, 0.01, 0.04),
        (1.0, 128, 1.0, 0.01, 0.04),
        (1.0, 64, 1.0, 0.01, 0.04),
        (1.0, 128, 1.5, 0.01, 0.04),
        (1.0, 64, 1.5, 0.01, 0.04),
        (1.0, 128, 2.0, 0.01, 0.04),
    )
]
EPOCH = str(Path(__file__).with_name("epoch.py"))
HELD_BACK = 1 / 6  # of the training pictures: 10,000, to choose a recipe by


def settings(recipe: Record, seed: int, threads: int, val: float = 0.0) -> Record:
    """A recipe in convscope's words; with fewer training pictures the steps stay as many."""
    from convscope.training import Augment

    rest = {name: value for name, value in recipe.items() if name not in ("shift", "epochs")}
    changes = {"augment": Augment(shift=recipe["shift"]), "epochs": recipe["epochs"] / (1 - val)}
    return {"optimizer": "adamw", "schedule": "onecycle", "label_smoothing": 0.1} | rest | changes | {
        "seed": seed, "threads": threads, "val": val,
    }  # fmt: skip


def train(recipe: Record, data: Path, seed: int, threads: int) -> Record:
    """From files to a network on the disk, in this process; then its accuracy on the test pictures."""
    record = measure.begin()
    with measure.phase(record, "imports"):
        from ways.task import read
        from ways.with_convscope import follow, predict
    model = follow(data, record, **settings(recipe, seed, threads))
    pictures, labels = read(data, "t10k")
    return record | {"all": float((predict(model, pictures) == labels).mean())}


def judge(recipe: Record, data: Path, seed: int, threads: int) -> Record:
    """Train on five sixths of the training pictures in this process, and judge by the rest of them."""
    measure.begin()
    from convscope import recipe as way
    from convscope.training.events import Epoch, Finished, Start, TrainingStep

    seconds = cpu = since = last = accuracy = 0.0
    with tempfile.TemporaryDirectory() as runs:
        plan = way.plan(data, runs=runs, **settings(recipe, seed, threads, HELD_BACK))
        for event in way.stream(plan):
            match event:
                case Start():
                    since = time.process_time()
                case TrainingStep():
                    last = time.process_time()
                case Epoch():
                    seconds, cpu = seconds + event.seconds, cpu + last - since
                    accuracy, since = event.val_accuracy or 0.0, time.process_time()
                case Finished():
                    break
    return {"training": seconds, "training_cpu": cpu, "validation": accuracy}


def result(records: list[Record]) -> str:
    """The table of the three targets."""
    tutorial, rows = of(records, "tutorial"), []
    for target in RECIPES:
        mine = of(records, target)
        if not mine:
            continue
        wanted = float(target.split()[0]) / 100
        reached = sum(record["all"] >= wanted for record in mine)
        ratio = measure.ratio(tutorial, mine, "loading", "training") if tutorial else float("nan")
        rows.append([
            target,
            f"{middle(mine, 'loading') + middle(mine, 'training'):.2f}",
            f"{ratio:.1f}",
            f"{TIMES_FASTER[target]}",
            f"{reached} of {len(mine)}",
            " ".join(f"{100 * record['all']:.2f}" for record in mine),
            " ".join(f"{record['loading'] + record['training']:.2f}" for record in mine),
            " ".join(f"{record['loading']:.2f}" for record in mine),
        ])  # fmt: skip
    head = [
        "test accuracy",
        "seconds",
        "× tutorial",
        "wanted",
        "reached",
        "% per seed",
        "s per seed",
        "of it loading",
    ]
    lines = [measure.table(head, rows)]
    if tutorial:
        seconds = " ".join(f"{r['loading'] + r['training']:.2f}" for r in tutorial)
        accuracies = " ".join(f"{100 * r['all']:.2f}" for r in tutorial)
        lines.append(f"the tutorial's program, one epoch: {seconds} s; {accuracies} %")
    recipes = "\n".join(f"{target}: {recipe}" for target, recipe in RECIPES.items())
    return "\n\n".join([*lines, recipes])


def choice(records: list[Record]) -> str:
    """The table of the candidates."""
    head = ["recipe", "training s", "CPU s", "least %", "median %", "% per seed, on the validation part"]
    rows = [
        [
            " ".join(f"{name} {value}" for name, value in json.loads(way).items()),
            f"{middle(mine, 'training'):.2f}",
            f"{middle(mine, 'training_cpu'):.2f}",
            f"{100 * min(record['validation'] for record in mine):.2f}",
            f"{100 * middle(mine, 'validation'):.2f}",
            " ".join(f"{100 * record['validation']:.2f}" for record in mine),
        ]
        for way in dict.fromkeys(record["way"] for record in records)
        for mine in [of(records, way)]
    ]
    return measure.table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--choose", action="store_true", help="compare candidates on the validation part")
    parser.add_argument("--targets", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--no-tutorial", action="store_true", help="the recipes alone")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--data", type=Path, default=measure.mnist())
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    parser.add_argument("--one", nargs=2, metavar=("RECIPE", "SEED"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        recipe, seed = args.one
        do = judge if args.choose else train
        print(json.dumps(do(json.loads(recipe), args.data, int(seed), args.threads)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data = args.data if args.samples >= 60_000 else shortened(args.data, args.samples, Path(folder))
        if args.choose:
            ways = [json.dumps(candidate) for candidate in CANDIDATES]
        else:
            ways = [*([] if args.no_tutorial else ["tutorial"]), *args.targets]
        run = partial(_run, ("--threads", args.threads, "--data", data), args.threads, args.choose)
        records = list(measure.rounds(ways, args.seeds, run))
    text = choice(records) if args.choose else result(records)
    measure.report(measure.machine(args.threads), text, records, args.json)


def _run(options: tuple, threads: int, choose: bool, way: str, seed: int) -> Record:
    if way == "tutorial":
        return measure.child(EPOCH, "--network", "plain", *options, "--one", way, seed, threads=threads)
    more = ("--choose", "--one", way) if choose else ("--one", json.dumps(RECIPES[way]))
    return measure.child(__file__, *options, *more, seed, threads=threads)


if __name__ == "__main__":
    main()
