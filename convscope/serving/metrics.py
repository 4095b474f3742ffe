"""What a service counts, in the words of Prometheus.

Source: https://prometheus.io/docs/instrumenting/exposition_formats (text, 0.0.4).
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Buckets:
    """How often a figure was at most so large."""

    def __init__(self, name: str, help_text: str, bounds: Sequence[float]) -> None:
        self.name, self.help, self.bounds = name, help_text, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, figure: float) -> None:
        """Count one."""
        self._counts[bisect_left(self.bounds, figure)] += 1
        self._sum += figure

    def lines(self) -> Iterator[str]:
        """As text."""
        yield from _head(self.name, self.help, "histogram")
        total = 0
        for bound, count in zip((*self.bounds, "+Inf"), self._counts, strict=True):
            total += count
            yield f'{self.name}_bucket{{le="{bound}"}} {total}'
        yield f"{self.name}_sum {self._sum:.6f}"
        yield f"{self.name}_count {total}"


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._samples: Counter[tuple[str, str]] = Counter()
        self._reloads: Counter[str] = Counter()
        self._seconds = Buckets("convscope_request_seconds", "Time from a request to its answer.", SECONDS)
        self._batches = Buckets("convscope_batch_samples", "Samples that were computed at once.", SIZES)
        self._lock = threading.Lock()

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        with self._lock:
            self._requests[route, status] += 1
            self._seconds.add(seconds)

    def samples(self, model: str, version: str, count: int) -> None:
        """So many samples were answered."""
        with self._lock:
            self._samples[model, version] += count

    def batch(self, size: int) -> None:
        """So many samples went through a network together."""
        with self._lock:
            self._batches.add(size)

    def reload(self, result: str) -> None:
        """Runs were read again: done or failed."""
        with self._lock:
            self._reloads[result] += 1

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All of it.

        Args:
            gauges: name → what it is, and its value now.
        """
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines(gauges))

    def _lines(self, gauges: Mapping[str, tuple[str, float]]) -> Iterator[str]:
        yield from _head("convscope_requests_total", "Requests that were answered.", "counter")
        for (route, status), count in self._requests.items():
            yield f'convscope_requests_total{{route="{_escaped(route)}",status="{status}"}} {count}'
        yield from _head("convscope_samples_total", "Samples that were answered.", "counter")
        for (model, version), count in self._samples.items():
            yield f'convscope_samples_total{{model="{_escaped(model)}",version="{version}"}} {count}'
        yield from _head("convscope_reloads_total", "Times that runs were read again.", "counter")
        for result, count in self._reloads.items():
            yield f'convscope_reloads_total{{result="{result}"}} {count}'
        for name, (words, value) in gauges.items():
            yield from _head(name, words, "gauge")
            yield f"{name} {value:g}"
        yield from self._seconds.lines()
        yield from self._batches.lines()


def _head(name: str, words: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
