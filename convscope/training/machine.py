"""What this machine offers, and how training makes the most of it."""

import contextlib
import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from convscope.data.memory import cores
from convscope.errors import TrainingError
from convscope.training.settings import TrainingSettings

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # glibc, malloc.h
KEPT = 1 << 30  # bytes of freed memory that may stay with the process


@dataclass(frozen=True)
class Machine:
    """Where and how the sums are done."""

    device: torch.device
    precision: str  # fp32 or bf16
    threads: int

    @contextlib.contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Do forward passes in this machine's precision."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            yield


def machine(settings: TrainingSettings) -> Machine:
    """Choose device, precision and threads, and set the process up for them.

    Raises:
        TrainingError: a device or precision that was asked for is not there.
    """
    device = _device(settings.device)
    threads = settings.threads or cores()
    torch.set_num_threads(threads)
    keep_freed_memory()
    return Machine(device, _precision(settings.precision, device), threads)


def keep_freed_memory() -> None:
    """Let freed memory stay with the process rather than go back to the system after every operation.

    A step frees and takes the same megabytes again and again. By default glibc gives large blocks back at
    once, and the system has to map and clear each page anew: about 1,800 page faults a step of a small
    network, a quarter of its time. Elsewhere than on glibc this does nothing.

    Source: https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_TOP_PAD, 64 << 20)


def _device(wanted: str) -> torch.device:
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise TrainingError(
            "device 'cuda' was asked for, but torch finds no CUDA device.\n"
            "  Use --device cpu (or auto), or install a torch build with CUDA and its driver."
        )
    return torch.device("cuda" if there and wanted != "cpu" else "cpu")


def _precision(wanted: str, device: torch.device) -> str:
    """bf16 where the machine multiplies it in hardware; where it is only imitated it is slower than fp32."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp32"
    return "bf16" if torch.cpu._is_amx_tile_supported() else "fp32"
