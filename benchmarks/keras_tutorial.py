"""The tutorial's program of Keras by two roads: Keras' own fit, and convscope train with the same network.

    python benchmarks/keras_tutorial.py                              # MNIST, 3 seeds
    python benchmarks/keras_tutorial.py --seeds 1 --samples 2000 --epochs 1

Two convolutions of 4×4 (32 and 64 channels), each with a max-pooling of 3, a dense layer of 64 and one of 10:
38,186 parameters; Adam 0.001, batch 32, 5 epochs, a tenth of the training pictures for validation.
"""

import argparse
import json
import os
import tempfile
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import measure
from epoch import shortened
from measure import Record, middle, of, phase

WAYS = ("keras fit", "convscope train")
BATCH, LR, VAL = 32, 0.001, 0.1


def network() -> Any:
    """The tutorial's network, as its author wrote it."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 4, activation="relu"), layers.MaxPooling2D(3),
            layers.Conv2D(64, 4, activation="relu"), layers.MaxPooling2D(3),
            layers.Flatten(),
            layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax"),
        ]
    )  # fmt: skip


def keras_fit(data: Path, seed: int, epochs: int, record: Record) -> Record:
    import keras
    from ways.task import read

    (inputs, labels), (test, truth) = (_scaled(*read(data, part)) for part in ("train", "t10k"))
    keras.utils.set_random_seed(seed)
    model = network()
    model.compile(keras.optimizers.Adam(LR), "sparse_categorical_crossentropy", metrics=["accuracy"])
    with phase(record, "training"):
        model.fit(inputs, labels, batch_size=BATCH, epochs=epochs, validation_split=VAL, verbose=0)
    loss, accuracy = model.evaluate(test, truth, verbose=0)
    said = model.predict(inputs, batch_size=500, verbose=0)  # of all training pictures
    return _figures(record, model.count_params(), loss, accuracy, said, labels)


def convscope_train(data: Path, seed: int, epochs: int, record: Record) -> Record:
    import convscope

    with tempfile.TemporaryDirectory() as runs:
        run = convscope.train(
            data, network=f"{__file__}:network", optimizer="adam", lr=LR, schedule="constant", batch=BATCH,
            epochs=epochs, val=VAL, seed=seed, augment="none", label_smoothing=0.0, balance="none", refit=0.0,
            precision="fp32", threads=int(os.environ["OMP_NUM_THREADS"]), runs=runs, progress=False,
        )  # fmt: skip
        record["training"] = run.facts["seconds"]  # with validation, as fit's; without the report
        found, dataset = run.evaluate(), run.dataset()
        order = dataset.parts["train"].tolist() + dataset.parts["val"].tolist()
        said = run.predict(dataset.inputs[order]).probabilities.numpy()
        labels = dataset.labels[order].numpy()
        parameters = int(run.facts["parameters"])
    return _figures(record, parameters, found.loss, found.accuracy, said, labels)


def _scaled(pictures: Any, labels: Any) -> tuple[Any, Any]:
    """(n, 28, 28) uint8 → (n, 28, 28, 1) from 0 to 1, as the tutorial has it."""
    return pictures[..., None].astype("float32") / 255, labels


def _figures(record: Record, parameters: int, loss: float, accuracy: float, said: Any, labels: Any) -> Record:
    learnt = float((said.argmax(1) == labels).mean())
    sums = [float(said.sum(1).min()), float(said.sum(1).max())]
    facts = {"parameters": parameters, "loss": loss, "accuracy": accuracy, "learnt": learnt}
    return record | facts | {"softmax": list(said.shape), "sums": sums}


def result(records: list[Record]) -> str:
    rows = []
    for way in WAYS:
        mine = of(records, way)
        accuracies = [100 * record["accuracy"] for record in mine]
        spread = stdev(accuracies) if len(accuracies) > 1 else float("nan")
        rows.append(
            [
                way,
                f"{mine[0]['parameters']:,}",
                f"{mean(accuracies):.2f} ± {spread:.2f}",
                f"{min(accuracies):.2f} … {max(accuracies):.2f}",
                f"{middle(mine, 'loss'):.4f}",
                f"{middle(mine, 'learnt'):.2%}",
                " × ".join(map(str, mine[0]["softmax"])),
                f"{middle(mine, 'training'):.0f}",
            ]
        )
    head = [
        "road", "parameters", "test accuracy %, mean ± deviation", "range", "test loss", "training right",
        "softmax of all of them", "training s",
    ]  # fmt: skip
    return measure.table(head, rows)


def one(way: str, seed: int, data: Path, epochs: int) -> Record:
    os.environ["KERAS_BACKEND"] = "torch"
    record = measure.begin()
    return (keras_fit if way == "keras fit" else convscope_train)(data, seed, epochs, record)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--data", type=Path, default=measure.mnist())
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    parser.add_argument("--one", nargs=2, metavar=("ROAD", "SEED"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        way, seed = args.one
        print(json.dumps(one(way, int(seed), args.data, args.epochs)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data = args.data if args.samples >= 60_000 else shortened(args.data, args.samples, Path(folder))
        run = partial(_run, ("--epochs", args.epochs, "--data", data, "--one"), args.threads)
        records = list(measure.rounds(WAYS, args.seeds, run))
    measure.report(measure.machine(args.threads), result(records), records, args.json)


def _run(options: tuple, threads: int, way: str, seed: int) -> Record:
    return measure.child(__file__, *options, way, seed, threads=threads)


if __name__ == "__main__":
    main()
