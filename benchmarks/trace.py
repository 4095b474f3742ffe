"""What a trace costs: a ResNet-50 at 224 × 224 run plainly, and traced.

    python benchmarks/trace.py                 # 15 rounds, 2 threads
    python benchmarks/trace.py --threads 1     # where the machine is not quiet

All ways run in one process, one after the other, round after round: what else the machine does hits them
alike, and the ratio of their medians is what counts. `best` is the quickest round, the one disturbed least.
The first round is told apart: its memory is fresh.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Record, middle, of, report, table

# What each way is compared with.
PLAIN = {
    "plain": "plain",
    "traced": "plain",
    "traced without values": "plain",
    "plain, no_grad": "plain, no_grad",
    "traced, no_grad": "plain, no_grad",
    "plain with gradients": "plain with gradients",
    "traced with gradients": "plain with gradients",
}


def ways() -> dict[str, Callable[[], object]]:
    """Plain forwards with and without autograd, and traces in the same two modes."""
    import torch
    from transformers import ResNetConfig, ResNetModel

    from convscope.tracing import trace

    torch.manual_seed(0)
    model, image = ResNetModel(ResNetConfig()).eval(), torch.randn(1, 3, 224, 224)
    still = torch.no_grad()
    return {
        "plain": lambda: model(image),
        "traced": lambda: trace(model, image),
        "traced without values": lambda: trace(model, image, keep=False),
        "plain, no_grad": still(lambda: model(image)),
        "traced, no_grad": still(lambda: trace(model, image)),
        "plain with gradients": lambda: torch.autograd.grad(model(image)[1].sum(), list(model.parameters())),
        "traced with gradients": lambda: trace(model, image, score=lambda output: output[1].sum()),
    }


def measured(rounds: int) -> list[Record]:
    """Seconds of each way, round after round."""
    found, running = [], ways()
    for repetition in range(rounds):
        for way, run in running.items():
            record = {"way": way, "repetition": repetition, "load": [os.getloadavg()[0]]}
            with measure.phase(record, "seconds"):
                kept = run()
            del kept
            found.append(record)
    return found


def rows(records: list[Record]) -> list[list[str]]:
    """Each way beside the plain forward of the same mode."""
    first, later = (
        [each for each in records if not each["repetition"]],
        [each for each in records if each["repetition"]],
    )
    lines = []
    for start in first:
        way = start["way"]
        mine, base = of(later, way), of(later, PLAIN[way])
        best, plain = (min(each["seconds"] for each in some) for some in (mine, base))
        cpu = middle(mine, "seconds_cpu") / middle(base, "seconds_cpu")
        times = [middle(mine, "seconds"), best, start["seconds"]]
        ratios = [middle(mine, "seconds") / middle(base, "seconds"), best / plain, cpu]
        lines.append([way, *(f"{1e3 * each:.0f}" for each in times), *(f"{each:.2f}" for each in ratios)])
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": str(options.threads), "MKL_NUM_THREADS": str(options.threads)}
    records = measured(options.rounds)
    head = ("way", "median ms", "best ms", "first ms", "× plain", "× plain, best", "× plain, CPU")
    report(measure.machine(options.threads), table(head, rows(records)), records, options.json)


if __name__ == "__main__":
    main()
