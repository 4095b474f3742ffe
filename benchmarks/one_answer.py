"""2,000 real inputs down every road: is it one answer?

python -m benchmarks.one_answer                       # all of them
python -m benchmarks.one_answer --share 0.05          # of each data set that share
python -m benchmarks.one_answer --only rows scans     # these data sets

The yardstick is the network on the samples as training read them. A road may be LIMIT apart from it: in
probability, or in standard deviations of the target; and names the same class.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import convscope
from benchmarks.one_answer_inputs import CASES, Case
from benchmarks.one_answer_roads import ROADS, Given, expected
from convscope.network.model import Values
from convscope.run.plots import figures

LIMIT = 1e-5
FEWEST = 12  # inputs, that a part has samples of each class


class Compared(NamedTuple):
    """What a road said beside the yardstick.

    Attributes:
        answered: inputs that it gave an answer for.
        apart: the largest difference; inf: it failed.
        otherwise: inputs of which it names another class.
        worst: the input with the largest difference, or what was raised.
    """

    answered: int
    apart: float
    otherwise: int
    worst: str

    @property
    def same(self) -> bool:
        """Whether it is one answer."""
        return self.apart <= LIMIT and not self.otherwise


def given(case: Case, count: int, place: Path) -> Given:
    """Make the inputs and train on them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Pillow's, about modes that it will not write
        inputs = case.make(place, count)
    run = convscope.train(
        inputs.source, runs=place / "runs", progress=False, threads=1, seed=1, **case.settings
    )
    return Given(convscope.load(run.path), inputs.files, place)


def compared(road: str, asked: Given, wanted: np.ndarray) -> Compared | None:
    """Go down a road; None: it takes no samples of this kind."""
    said = ROADS[road](asked)
    if said is None:
        return None
    there = ~np.isnan(said).all(axis=1)  # (sample,)
    output = asked.run.model().output
    scale = output.std.item() if isinstance(output, Values) else 1.0
    each = np.nan_to_num(np.abs(said - wanted)[there] / scale).max(1)
    named = np.nan_to_num(said[there], nan=-1).argmax(1)
    names = np.array(list(asked.files))[there]
    return Compared(
        int(there.sum()),
        float(each.max(initial=0)),
        int((named != wanted[there].argmax(1)).sum()),
        str(names[each.argmax()]) if len(each) else "",
    )


def all_roads(asked: Given) -> Mapping[str, Compared]:
    """Every road, also behind one that fails."""
    wanted, found = expected(asked), {}
    for road in ROADS:
        begun = time.process_time()
        try:
            result = compared(road, asked, wanted)
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            result = Compared(0, np.inf, 0, f"{type(error).__name__}: {error}")
        if result is not None:
            found[road] = result
            print(_line(road, result, time.process_time() - begun), flush=True)
    return found


def _line(road: str, result: Compared, seconds: float) -> str:
    verdict = "" if result.same else f"  OTHERWISE: {result.otherwise} classes; {result.worst}"
    return f"  {road:32} {result.answered:5,}  {result.apart:8.1e}  {seconds:6.1f} s{verdict}"


def main(words: Sequence[str] | None = None) -> int:
    """Print a table; gives how many roads say something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    asked = parser.parse_args(words)
    figures.save = lambda _, path: path.touch()
    torch.set_num_threads(1)
    total, wrong = 0, 0
    for name in asked.only:
        case = CASES[name]
        count = max(FEWEST, round(case.size * asked.share))
        total += count
        print(f"{name}, {count} inputs", flush=True)
        with tempfile.TemporaryDirectory() as place:
            wrong += sum(not each.same for each in all_roads(given(case, count, Path(place))).values())
    print(f"{total:,} inputs; {wrong} roads say something else")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main()))
