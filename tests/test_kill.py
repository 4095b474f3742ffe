"""`kill -9` at any moment of the whole way: resumed until its end, a run is the one that was never killed."""

import hashlib
import os
import subprocess
import sys

from convscope import run

NETWORK = """
from torch import nn


def net(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
        nn.Linear(8 * 36, classes),
    )
"""
# One process imports torch; the trainings are its children, which it kills. Each training takes longer than
# the few moments it has, so several kills come to a run.
PROGRAM = """
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from convscope import recipe, run
from convscope.training import Augment, loop

KILLS, LONGEST = 20, 0.5
loop.CHECKPOINT_SECONDS = 0.03  # many within an epoch, so that kills find them at every stage
torch.set_num_threads(1)
runs = Path("runs")
given = recipe.plan(
    "digits", network="net.py:net", epochs=4, batch=16, threads=1, seed=7, precision="fp32", device="cpu",
    augment=Augment(shift=0.2), runs=runs,
)


def folders():
    return sorted(path for path in runs.glob("*_net_*") if not path.is_symlink())


def unfinished():
    return [path for path in folders() if not (run.load(path).finished and (path / "report.html").exists())]


def train():
    begun = unfinished()
    for _ in recipe.go_on(begun[0]) if begun else recipe.stream(given):
        pass


def child():
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        train()
        code = 0
    finally:
        os._exit(code)


moments, kills = random.Random(1), 0
assert os.waitpid(child(), 0)[1] == 0
while kills < KILLS:
    number = child()
    time.sleep(moments.uniform(0, LONGEST))
    os.kill(number, signal.SIGKILL)
    killed = os.WIFSIGNALED(os.waitpid(number, 0)[1])
    kills += killed
while unfinished() or len(folders()) < 2:
    assert os.waitpid(child(), 0)[1] == 0
print(kills)
"""


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def told(lines, clock=("seconds", "val_seconds", "samples_per_second")):
    return [{key: value for key, value in line.items() if key not in clock} for line in lines]


def test_twenty_kills(tmp_path):
    (tmp_path / "net.py").write_text(NETWORK)
    environment = os.environ | {"CONVSCOPE_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "20\n"
    paths = [path for path in (tmp_path / "runs").glob("*_net_*") if not path.is_symlink()]
    whole, *killed = sorted(paths, key=lambda path: int(path.name.rpartition("_")[2]))
    assert killed
    once = run.load(whole, trust=True)
    assert len(once.history) == 4
    for path in killed:
        for name in ("last.safetensors", "best.safetensors"):
            assert digest(path / name) == digest(whole / name), path
        again = run.load(path, trust=True)
        assert (path / "report.html").exists()
        assert (path / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()
        assert told(again.history) == told(once.history)
        assert told(again.steps) == told(once.steps)
