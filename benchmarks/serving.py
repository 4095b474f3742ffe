"""Requests a second and p99 of `convscope serve`, and of a plain FastAPI service of the same network.

python benchmarks/serving.py RUN                  # 16 clients, the same JSON to each, 3 rounds in turn
python benchmarks/serving.py RUN --soak 20        # malformed bodies mixed in: 5xx and memory

The clients share the processor with what they ask. FastAPI is measured where it is installed.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np

CLIENTS, SECONDS = 16, 4.0
BROKEN = (b"{", b"[]", b'{"inputs": 3}', b"\xff" * 50, b'{"inputs": [{"name": "input"}]}')


def with_fastapi(run, port):
    import torch
    import uvicorn
    from fastapi import FastAPI, Request

    import convscope

    model, app = convscope.load(run).model(), FastAPI()

    @app.post("/infer")
    async def infer(request: Request):
        given = (await request.json())["inputs"][0]
        return {
            "data": model.predict(
                torch.tensor(given["data"], dtype=torch.uint8).reshape(given["shape"])
            ).tolist()
        }

    uvicorn.run(app, port=port, log_level="error")


OTHERS = {"fastapi": with_fastapi}


def free():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def serving(way, run):
    port = free()
    own = ["-m", "convscope", "serve", f"m={run}", "--port", str(port)]
    words = own if way == "convscope" else [__file__, run, "--be", way, "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, *words], start_new_session=True, **quiet) as process:
        try:
            wait(port)
            yield port, "/v2/models/m/infer" if way == "convscope" else "/infer", process.pid
        finally:
            os.killpg(process.pid, 15)


def wait(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
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


def measured(way, run, body):
    with serving(way, run) as (port, path, _):
        asyncio.run(load(port, [request(path, body)], 1.0))
        taken, statuses = asyncio.run(load(port, [request(path, body)], SECONDS))
    assert set(statuses) == {200}, set(statuses)
    return len(taken) / SECONDS, float(np.quantile(taken, 0.99)) * 1000


def soak(run, body, seconds):
    with serving("convscope", run) as (port, path, pid):
        requests = [*[request(path, body)] * 10, *(request(path, broken) for broken in BROKEN)]
        asyncio.run(load(port, requests, 3.0))
        before = memory(pid)
        _, statuses = asyncio.run(load(port, requests, seconds))
        counts = {status: statuses.count(status) for status in sorted(set(statuses))}
        print(f"{seconds:g} s: {counts}, memory {before:.0f} → {memory(pid):.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--soak", type=float)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--be", choices=OTHERS)
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    if given.be:
        OTHERS[given.be](given.run, given.port)
        return
    import convscope

    facts = convscope.load(given.run).settings.facts
    shape = [1, facts.channels, *facts.space]
    data = np.random.default_rng(0).integers(0, 256, shape).reshape(-1).tolist()
    tensor = {"name": "input", "datatype": "UINT8", "shape": shape, "data": data}
    wanted = [{"name": "probabilities"}]
    body = json.dumps({"inputs": [tensor], "outputs": wanted}).encode()
    if given.soak:
        soak(given.run, body, given.soak)
        return
    ways = ["convscope", *(name for name in OTHERS if find_spec(name))]
    found = {way: [] for way in ways}
    for _ in range(given.rounds):
        for way in ways:
            found[way].append(measured(way, given.run, body))
    for way, figures in found.items():
        rate, slowest = (median(each) for each in zip(*figures, strict=True))
        print(f"{way}: {rate:,.0f} requests a second, p99 {slowest:.1f} ms")


if __name__ == "__main__":
    main()
