"""Requests a second and p99 of `convscope serve`, and of the same network as others serve it.

python benchmarks/serving.py RUN                  # 16 clients, the same numbers to each, 3 rounds in turn
python benchmarks/serving.py RUN --python P       # P: a Python with convscope, litserve, bentoml and fastapi
python benchmarks/serving.py RUN --soak 20        # malformed bodies mixed in: 5xx and memory

The clients share the processor with what they ask. What of the others is not installed is left out.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

import numpy as np

CLIENTS, WARM, SECONDS = 16, 2.0, 4.0
OTHERS = {path.stem[5:]: path for path in Path(__file__).parent.glob("services/with_*.py")}
BROKEN = (b"{", b"[]", b'{"inputs": 3}', b"\xff" * 50, b'{"inputs": [{"name": "input"}]}')


def free():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def serving(way, run, python):
    """Port, path and process of a service; what it says on standard error is shown where it fails."""
    port = free()
    own = ["-m", "convscope", "serve", f"m={run}", "--port", str(port)]
    words = [sys.executable, *own] if way == "convscope" else [python, OTHERS[way], str(port)]
    path = "/v2/models/m/infer" if way == "convscope" else "/infer"
    with TemporaryFile() as said:
        streams = {"stdout": said, "stderr": said, "env": os.environ | {"RUN": run}}
        process = subprocess.Popen(words, start_new_session=True, **streams)
        try:
            wait(port, path, process)
            yield port, path, process.pid
        except BaseException:
            said.seek(0)
            sys.stderr.write(f"{way} said:\n{said.read()[-3000:].decode(errors='replace')}\n")
            raise
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def wait(port, path, process):
    """Until it answers: some listen long before they do."""
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", b"{}", timeout=10).close()
        except urllib.error.HTTPError as error:
            if error.code not in (404, 503):
                return
        except OSError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise TimeoutError(port)


def request(path, body):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def client(port, requests, until, taken, statuses):
    reader, writer = None, None
    while time.perf_counter() < until:
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        begun = time.perf_counter()
        writer.write(random.choice(requests).replace(b"PORT", str(port).encode(), 1))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        taken.append(time.perf_counter() - begun)
        statuses.append(int(head.split()[1]))
        if b"connection: close" in head or statuses[-1] >= 400:
            writer.close()
            writer = None


async def load(port, requests, seconds):
    taken, statuses = [], []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(client(port, requests, until, taken, statuses) for _ in range(CLIENTS)))
    return taken, statuses


def memory(pid):
    """MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def worked(parent):
    """Seconds that a process and all that it started have computed."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents[pid], ticks[pid] = int(fields[1]), sum(map(int, fields[11:13]))
    family = {parent}
    while more := {pid for pid, above in parents.items() if above in family} - family:
        family |= more
    return sum(ticks[pid] for pid in family) / os.sysconf("SC_CLK_TCK")


def measured(way, run, body, python):
    with serving(way, run, python) as (port, path, pid):
        asyncio.run(load(port, [request(path, body)], WARM))
        before = worked(pid)
        taken, statuses = asyncio.run(load(port, [request(path, body)], SECONDS))
        spent = worked(pid) - before
        assert set(statuses) == {200}, set(statuses)
    times = (float(np.quantile(taken, share)) * 1000 for share in (0.5, 0.99))
    return len(taken) / SECONDS, *times, spent / len(taken) * 1000


def soak(run, body, seconds):
    with serving("convscope", run, sys.executable) as (port, path, pid):
        requests = [*[request(path, body)] * 10, *(request(path, broken) for broken in BROKEN)]
        asyncio.run(load(port, requests, 3.0))
        before = memory(pid)
        _, statuses = asyncio.run(load(port, requests, seconds))
        counts = {status: statuses.count(status) for status in sorted(set(statuses))}
        print(f"{seconds:g} s: {counts}, memory {before:.0f} → {memory(pid):.0f} MiB")


def payload(run):
    """The body of a request for a sample of noise, and the same numbers as BentoML takes them."""
    import convscope

    facts = convscope.load(run).settings.facts
    values = np.random.default_rng(0).integers(0, 256, [1, facts.channels, *facts.space])
    data = {"shape": list(values.shape), "data": values.reshape(-1).tolist()}
    tensor = {"name": "input", "datatype": "UINT8", **data}
    asked = {"inputs": [tensor], "outputs": [{"name": "probabilities"}]}
    return json.dumps(asked).encode(), json.dumps({"x": values.tolist()}).encode()


def installed(python):
    """Which of the others there are."""
    asking = f"from importlib.util import find_spec as f; print(*[n for n in {list(OTHERS)} if f(n)])"
    return subprocess.run([python, "-c", asking], check=True, capture_output=True, text=True).stdout.split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--soak", type=float)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    given = parser.parse_args()
    body, bare = payload(given.run)
    if given.soak:
        soak(given.run, body, given.soak)
        return
    found = {way: [] for way in ("convscope", *installed(given.python))}
    for _ in range(given.rounds):
        for way, figures in found.items():
            figures.append(measured(way, given.run, bare if way == "bentoml" else body, given.python))
            print(way, *(f"{figure:.1f}" for figure in figures[-1]), file=sys.stderr)
    for way, figures in found.items():
        rate, usual, slowest, spent = (median(each) for each in zip(*figures, strict=True))
        words = f"median {usual:.1f} ms, p99 {slowest:.1f} ms, {spent:.2f} ms of processor each"
        print(f"{way}: {rate:,.0f} requests a second, {words}")


if __name__ == "__main__":
    main()
