"""What this machine offers, and how training makes the most of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

from convscope.errors import TrainingError
from convscope.randomness import seeded
from convscope.settings import TrainingSettings
from convscope.system import cores, freed_memory_kept
from convscope.torch_private import has_amx, multiplies_bf16

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Machine:
    """Where and how the sums are done."""

    device: torch.device
    precision: str  # fp32 or bf16
    threads: int

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Do forward passes in this machine's precision."""
        half = self.precision == "bf16"
        imitated = half and self.device.type == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX2"
        kernels = _without_onednn() if imitated else nullcontext()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half), kernels:
            yield

    @contextmanager
    def at_work(self, seed: int) -> Iterator[None]:
        """Threads, freed memory and random numbers are training's in this block, the caller's after it."""
        with freed_memory_kept(), seeded(seed, self.device), threads(self.threads):
            yield


def machine(settings: TrainingSettings) -> Machine:
    """Choose device, precision and threads; nothing is set yet.

    Raises:
        TrainingError: a device that was asked for is not there, or too many threads.
    """
    found = device(settings.device)
    if (settings.threads or 0) > most_threads():
        raise TrainingError(
            f"{settings.threads:,} threads were asked for; this machine has {cores()} processor cores,"
            f" and more than {most_threads()} threads stand in each other's way.\n"
            f"  Give fewer: --threads {cores()}."
        )
    return Machine(found, _precision(settings.precision, found), settings.threads or cores())


@contextmanager
def _without_onednn() -> Iterator[None]:
    """Where bf16 is imitated without AVX-512, oneDNN has no LSTM for it; torch has one, as fast.

    Source: https://uxlfoundation.github.io/oneDNN/dev_guide_data_types.html
    """
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = before


def most_threads() -> int:
    """Threads beyond which torch computes no more, but hangs or crashes the process."""
    return max(64, 4 * cores())


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let torch compute with this many threads in this block, or all it can bear; None leaves them alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(count or before, most_threads()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def in_float32(stream: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """The same stream; while it is open torch's default type is float32, then that of the caller again.

    A person's network may set another one, as may the person.
    """

    @wraps(stream)
    def streamed(*args: P.args, **given: P.kwargs) -> Iterator[T]:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            yield from stream(*args, **given)
        finally:
            torch.set_default_dtype(before)

    return streamed


def device(wanted: str) -> torch.device:
    """The device that a person names, checked to be there.

    Args:
        wanted: cpu, cuda, cuda:1 …, mps (Apple's GPU), or auto: CUDA where it is, else the CPU.

    Raises:
        TrainingError: it is not there.

    >>> device("cpu")
    device(type='cpu')
    """
    kind, _, index = wanted.partition(":")
    there = _there()
    if kind == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if kind not in there or not re.fullmatch(r"\d*", index) or int(index or 0) >= there[kind]:
        raise TrainingError(_missing(wanted, there))
    return torch.device(wanted)


def present_device(wanted: str) -> torch.device:
    """The device that a person named for training, where this machine has it; else the CPU."""
    try:
        return device(wanted)
    except TrainingError:
        return torch.device("cpu")


def _there() -> dict[str, int]:
    """How many devices of each kind torch finds."""
    return {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }


def _missing(wanted: str, there: dict[str, int]) -> str:
    found = [name for kind, count in there.items() for name in ([kind] if count else [])]
    found += [f"cuda:{index}" for index in range(1, there["cuda"])]
    advice = {
        "cuda": ", or install a torch build with CUDA and its driver",
        "mps": ", or use a Mac with Apple's GPU and macOS 14",
    }.get(wanted.partition(":")[0], "")
    return (
        f"device '{wanted}' was asked for, but torch finds {', '.join(found)}.\n"
        f"  Use --device {found[-1]} (or auto){advice}."
    )


def multiplies_halves(device: torch.device) -> bool:
    """Whether a device multiplies numbers of 16 bits (bf16) in hardware; imitated, they are slow."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and multiplies_bf16()


def _precision(wanted: str, device: torch.device) -> str:
    """What stands in the settings; in runs of before, where it may be open: what the hardware multiplies."""
    if wanted != "auto":
        return wanted
    return "bf16" if multiplies_halves(device) and (device.type != "cpu" or has_amx()) else "fp32"
