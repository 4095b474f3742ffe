"""How fast the explorer is, in a real browser: first picture, click to picture, large graphs, memory.

    python benchmarks/explorer.py                  # all of it, about two minutes; needs Chromium
    python benchmarks/explorer.py --only walk      # first, walk, large or memory

The server runs in a process of its own, as `convscope look` does; the browser is open already, as a person's
is. A picture counts as there when the page says that it is drawn and the browser has painted once more.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import measure
from measure import Record, report, table

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
WATCH = """
window.pictures = [];
let began = 0;
const begin = () => { began = performance.now(); };
for (const kind of ["click", "keydown"]) addEventListener(kind, begin, true);
const painted = (done) => requestAnimationFrame(() => setTimeout(done));
new MutationObserver(() => {
    const from = began;
    painted(() => {
        window.pictures.push([from, performance.now(), performance.timeOrigin]);
        dispatchEvent(new Event("picture"));
    });
}).observe(document, { subtree: true, attributeFilter: ["data-drawn"] });
window.more = async (count) => {
    while (window.pictures.length <= count) {
        await new Promise((go, fail) => {
            addEventListener("picture", go, { once: true });
            setTimeout(() => fail(new Error(`no picture: ${document.body.innerText.slice(-500)}`)), 60000);
        });
    }
    return window.pictures;
};
window.goTo = (state) => {  // as a click does it; to set location.hash is a navigation of the whole browser
    begin();
    history.pushState(null, "", `#${state}`);
    dispatchEvent(new PopStateEvent("popstate"));
};
"""


def models() -> dict[str, Callable[[], tuple]]:
    """Model and input by name; made inside the server's process."""
    import torch
    from torch import nn

    from convscope.network import build

    class Long(nn.Module):
        """One module, 5,000 operations in a row."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(2500):
                x = torch.relu(x) + 0.5
            return x

    def blocks() -> nn.Module:
        block = [nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 1), nn.Tanh()]
        return nn.Sequential(*(nn.Sequential(*block) for _ in range(1000)))

    picture = torch.randn(1, 3, 224, 224)
    return {
        "resnet-50": lambda: (build("resnet", 3, 1000, (224, 224), depth=50), picture),
        "plain": lambda: (build("plain", 1, 10, (28, 28)), torch.rand(1, 1, 28, 28)),
        "1,000 blocks of 5": lambda: (blocks(), torch.randn(1, 8, 16, 16)),
        "5,000 in one module": lambda: (Long(), torch.randn(1, 8, 16, 16)),
    }


def answer(name: str) -> None:
    """The server's process. The clock starts when torch and the model are there: that is the person's own."""
    import torch

    torch.set_num_threads(2)
    made, given = models()[name]()
    start = time.time()
    from convscope.opening import Opened
    from convscope.web import serve
    from convscope.web.session import Session

    def told(address: str) -> None:
        record = {"start": start, "imports": time.time() - start, "address": address}
        print(json.dumps(record), flush=True)

    serve(Session(Opened(name, made.eval(), (given,))), ready=told)


@contextmanager
def served(name: str) -> Iterator[tuple[Record, int]]:
    """The record of a fresh server that listens, and its process number."""
    command = [sys.executable, __file__, "--answer", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()), process.pid
        finally:
            process.terminate()


@contextmanager
def browsing() -> Iterator[Callable]:
    """A browser that is open; gives a function that opens a page in a new profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--enable-precise-memory-info", "--js-flags=--expose-gc"]
        )

        def page():
            context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
            context.add_init_script(WATCH)
            made = context.new_page()
            made.set_default_timeout(60_000)
            made.on("pageerror", lambda error: print(error, file=sys.stderr))
            made.on("console", lambda message: print(message.text, file=sys.stderr))
            return made

        page().goto("about:blank")
        yield page
        browser.close()


def pictures(page, more_than: int) -> list:
    """Every picture so far, as soon as there are more than so many."""
    return page.evaluate("(count) => window.more(count)", more_than)


def answers(page, word: str) -> list[Record]:
    """When the answers whose address has this word were asked for, and were there: milliseconds."""
    return page.evaluate(
        "(word) => performance.getEntriesByType('resource').filter((each) => each.name.includes(word))"
        ".map(({ startTime, responseEnd }) => ({ startTime, responseEnd }))",
        word,
    )


def first(open_page: Callable, name: str) -> Record:
    """From the model being there to the first picture, stage by stage, in seconds."""
    page = open_page()
    with served(name) as (record, _):
        asked = time.time()
        page.goto(record["address"])
        _, end, origin = pictures(page, 0)[0]
        (graph,) = answers(page, "api/graph")
        elements = page.evaluate("document.querySelectorAll('*').length")
        page.context.close()
    return {
        "imports": record["imports"],
        "files": (origin + graph["startTime"]) / 1000 - asked,
        "graph": (graph["responseEnd"] - graph["startTime"]) / 1000,
        "drawn": (end - graph["responseEnd"]) / 1000,
        "all": (origin + end) / 1000 - record["start"],
        "elements": elements,
    }


def states(operations: list[Record], layers: int) -> Iterator[tuple[str, str]]:
    """A person's way through a network: operation, layer, channel, numbers; again for other layers."""
    shown = [each for each in operations if not each["reshapes"] and len(each["shape"]) > 1]
    for each in shown[:: max(1, len(shown) // layers)]:
        index, (_, channels, *space) = each["index"], each["shape"]
        yield "operation", f"op={index}"
        yield "layer", f"op={index}&level=layer"
        for channel in {0, channels // 2}:
            yield "channel", f"op={index}&level=channel&channel={channel}"
            for part in (3, 2):
                at = ",".join(str(size // part) for size in space)
                yield "number", f"op={index}&level=channel&channel={channel}&at={at}" if at else f"op={index}"


def walk(open_page: Callable, name: str, layers: int, think: float) -> tuple[list[Record], Record]:
    """Milliseconds from each step to its picture, and the browser's memory at the end.

    A person looks at a picture before the next press; the page uses that time to ask for what may come.
    """
    page, found = open_page(), []
    with served(name) as (record, _):
        page.goto(record["address"])
        pictures(page, 0)
        operations = page.evaluate("fetch('api/graph').then((got) => got.json())")["operations"]
        for kind, state in states(operations, layers):
            time.sleep(think)
            before = page.evaluate("window.pictures.length")
            page.evaluate("(state) => { performance.clearResourceTimings(); window.goTo(state); }", state)
            start, end, _ = pictures(page, before)[-1]
            found.append({"kind": kind, "state": state, "ms": end - start, "waited": waited(page)})
        memory = heap(page)
        page.context.close()
    return found, memory


def waited(page) -> float:
    """Milliseconds until the last answer was there."""
    found = answers(page, "api/")
    ends, starts = ([each[key] for each in found] for key in ("responseEnd", "startTime"))
    return max(ends) - min(starts) if found else 0.0


def heap(page) -> Record:
    """MiB of JavaScript's heap as it stands, and after it was tidied."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def used() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize") / 2**20

    before = used()
    devtools.send("HeapProfiler.collectGarbage")
    return {"heap": before, "tidied": used()}


def memory(open_page: Callable, name: str, clicks: int) -> list[Record]:
    """The server's resident MiB while a person clicks on and on."""
    page, found = open_page(), []
    with served(name) as (record, process):
        page.goto(record["address"])
        pictures(page, 0)
        operations = page.evaluate("fetch('api/graph').then((got) => got.json())")["operations"]
        way = [state for _, state in states(operations, 40)]
        for click in range(clicks + 1):
            if click % (clicks // 10) == 0:
                found.append({"clicks": click, "server": resident(process), **heap(page)})
            before = page.evaluate("window.pictures.length")
            page.evaluate("(state) => window.goTo(state)", f"{way[click % len(way)]}&samples={click % 2}")
            pictures(page, before)
        page.context.close()
    return found


def resident(process: int) -> float:
    """MiB of a process's memory that is in use."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def show_first(open_page: Callable, names: list[str], rounds: int) -> tuple[str, list[Record]]:
    found = [first(open_page, name) | {"way": name} for _ in range(rounds) for name in names]
    stages = ("imports", "files", "graph", "drawn", "all")
    rows = [
        [name, *(f"{median(each[stage] for each in found if each['way'] == name):.2f}" for stage in stages)]
        for name in names
    ]
    head = ("model", "imports s", "page's files s", "trace and graph s", "drawn s", "all s")
    return table(head, rows), found


def show_walk(found: list[Record]) -> str:
    rows = []
    for kind in dict.fromkeys([*(each["kind"] for each in found), "all"]):
        mine = [each for each in found if kind in (each["kind"], "all")]
        times = [each["ms"] for each in mine]
        waited = median(each["waited"] for each in mine)
        rows.append(
            [
                kind,
                str(len(mine)),
                *(f"{percentile(times, at):.0f}" for at in (0.5, 0.95, 1)),
                f"{waited:.0f}",
            ]
        )
    return table(
        ("step", "count", "p50 ms", "p95 ms", "slowest ms", "of it waiting for the server, p50"), rows
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("first", "walk", "large", "memory"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clicks", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=25)
    parser.add_argument(
        "--think", type=float, default=0.3, help="seconds between a picture and the next press"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(options.answer)
        return
    parts, records = [], []
    with browsing() as open_page:
        if options.only in (None, "first"):
            text, found = show_first(open_page, ["resnet-50", "plain"], options.rounds)
            parts, records = [*parts, f"First picture, medians of {options.rounds}", text], records + found
        if options.only in (None, "large"):
            text, found = show_first(open_page, ["1,000 blocks of 5", "5,000 in one module"], options.rounds)
            parts, records = [*parts, "Graphs of 5,000 operations", text], records + found
        if options.only in (None, "walk"):
            found, used = walk(open_page, "resnet-50", options.layers, options.think)
            slow = sorted(found, key=lambda each: -each["ms"])[:5]
            parts += [
                "Click to picture, resnet-50 at 224",
                show_walk(found),
                f"slowest: {slow}",
                f"browser: {used}",
            ]
            records += found
        if options.only in (None, "memory"):
            found = memory(open_page, "resnet-50", options.clicks)
            rows = [
                [str(each["clicks"]), *(f"{each[key]:.0f}" for key in ("server", "heap", "tidied"))]
                for each in found
            ]
            parts += ["Memory", table(("clicks", "server MiB", "heap MiB", "tidied MiB"), rows)]
            records += found
    report(measure.machine(2), "\n\n".join(parts), records, options.json)


if __name__ == "__main__":
    main()
