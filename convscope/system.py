"""What is particular to Linux, macOS or Windows, and what is done where it is missing; no other file asks.

`tests/test_system.py` takes each of them away.
"""

import contextlib
import errno
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from ctypes import CDLL

WINDOWS, MACOS = sys.platform == "win32", sys.platform == "darwin"
HANGUP: int | None = getattr(signal, "SIGHUP", None)  # by which a service is told to read its files again
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # without one, Linux opens a browser in the terminal
GROUPS = Path("/proc/self/cgroup")  # which control groups this process is in
CONTAINERS = {
    "": ("/sys/fs/cgroup", "memory.max"),
    "memory": ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
}  # controller of a line of it (none: cgroups 2) → where its groups are, and the file with the limit of each
UNKNOWN = 4 << 30  # bytes of memory where the system does not say
BLOCK = 1 << 20  # bytes
PATIENCE = (0.01, 0.05, 0.2, 0.5)  # seconds between tries

# mallopt's options in glibc's malloc.h; how they are while we train, and how they are otherwise
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -2, -3, -4
KEEPING = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 1 << 30, M_TOP_PAD: 64 << 20}
USUAL = {M_MMAP_MAX: 65_536, M_MMAP_THRESHOLD: 32 << 20, M_TRIM_THRESHOLD: 64 << 20, M_TOP_PAD: 128 << 10}
TUNED = (
    "GLIBC_TUNABLES",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
)


def _module(name: str) -> Any:  # noqa: ANN401 - its names differ from system to system
    try:
        return import_module(name)
    except ImportError:
        return None


fcntl, msvcrt = _module("fcntl"), _module("msvcrt")  # Linux and macOS; Windows
resource = _module("resource")


def cores() -> int:
    """Processor cores that this process may use; macOS and Windows tell of all that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def physical_memory() -> int:
    """Bytes of memory of this machine, or what its container or a limit of the shell leaves of them."""
    return min([_installed_memory(), *_container_memory(), *_limit_of_process()])


def _installed_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _memory_of_windows()


def _memory_of_windows() -> int:
    """Source: learn.microsoft.com/windows/win32/api/sysinfoapi, GetPhysicallyInstalledSystemMemory."""
    import ctypes  # takes time to import, and `convscope --help` needs none of it

    kilobytes = ctypes.c_ulonglong(0)
    try:
        kernel: Any = vars(ctypes)["windll"].kernel32
        known = kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
    except (KeyError, AttributeError, OSError):
        return UNKNOWN
    return kilobytes.value << 10 if known else UNKNOWN


def _container_memory() -> Iterator[int]:
    """The limits of the groups that this process is in, and of those around them: the least one holds.

    Inside of a container the path may be that of its host; then its top is what is seen.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html, cgroup-v1/memory.html
    """
    try:
        lines = GROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in ("0::/", "1:memory:/", *lines):
        _, controllers, path = line.split(":", 2)
        for controller in {*controllers.split(",")} & CONTAINERS.keys():
            top, name = CONTAINERS[controller]
            group = PurePosixPath(path.lstrip("/"))
            for place in (group, *group.parents):
                with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
                    yield int((Path(top) / place / name).read_text(encoding="ascii"))


def _limit_of_process() -> Iterator[int]:
    """What `ulimit -v` allows."""
    if resource is not None:
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            yield limit


@contextlib.contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let freed memory stay with the process, not go back to the system after every operation.

    A training step frees and takes the same megabytes again and again. By default glibc gives large blocks
    back at once, and the system has to map and clear each page anew: about 1,800 page faults a step of a
    small network, a quarter of its time. Elsewhere than on glibc, or where the person tuned it, this does
    nothing.

    Afterwards everything freed goes back, and glibc is as its own adjustment leaves it in a process that has
    used large arrays (which cannot be told to go on by itself).

    Source: https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    glibc = None if any(map(os.environ.get, TUNED)) else _glibc()
    if glibc is None:
        yield
        return
    for option, value in KEEPING.items():
        glibc.mallopt(option, value)
    try:
        yield
    finally:
        for option, value in USUAL.items():
            glibc.mallopt(option, value)
        glibc.malloc_trim(0)


def _glibc() -> "CDLL | None":
    """The C library, if it is glibc."""
    import ctypes  # as above

    try:
        library = ctypes.CDLL(None)  # TypeError on Windows
        return library if library.mallopt and library.malloc_trim else None  # AttributeError on macOS
    except (OSError, AttributeError, TypeError):
        return None


def forks() -> bool:
    """Whether this process may be copied: macOS forbids it to programs with threads, Windows cannot."""
    return hasattr(os, "fork") and not MACOS


def shared(size: int) -> mmap.mmap:
    """So many bytes of memory, at least one, that copies of this process write into as it does."""
    return mmap.mmap(-1, size)


def reserve(file: BinaryIO, size: int) -> None:
    """Give a new file `size` bytes of the disk: a full one is an error now, not a crash on a write.

    Raises:
        OSError: no space left …
    """
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except AttributeError:  # macOS, Windows
        _fill(file, size)
    except OSError as error:  # a file system that cannot
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
        _fill(file, size)


def _fill(file: BinaryIO, size: int) -> None:
    zeros = bytes(BLOCK)
    for start in range(0, size, BLOCK):
        file.write(zeros[: size - start])
    file.flush()


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names safely to the disk; Windows does so by itself, and opens no folders."""
    if WINDOWS:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def rename(source: Path, target: Path) -> None:
    """Rename a file, replacing `target`; Windows refuses while somebody reads that one, so wait a little.

    Raises:
        OSError: it cannot be renamed; both are as they were.
    """
    for seconds in PATIENCE if WINDOWS else ():
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    source.replace(target)


def link(path: Path, target: str) -> bool:
    """Make `path` a link to the folder `target` beside it; False where there are no links, or need rights."""
    if WINDOWS:
        return False
    try:
        path.symlink_to(target, target_is_directory=True)
    except (NotImplementedError, OSError):
        return False
    return True


def hold(folder: Path) -> Callable[[], None] | None:
    """Take a folder for writing until the returned function is called, or this process ends in whatever way.

    Returns:
        None where another process (or another holder in this one) has it. A file system without locks is
        not guarded.

    Raises:
        OSError: the folder cannot be opened.
    """
    if fcntl is not None:
        handle = os.open(folder, os.O_RDONLY)
    elif msvcrt is not None:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    else:
        return lambda: None
    if not _taken(handle):
        os.close(handle)
        return None
    return lambda: os.close(handle)


def hold_file(file: BinaryIO) -> bool:
    """Take an open file until it is closed, or this process ends; False where another process has it."""
    return _taken(file.fileno())


def _taken(handle: int) -> bool:
    """Lock an open file; False where another process has it."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks
        pass
    return True


def has_screen() -> bool:
    """Whether a browser that is opened can be seen."""
    return WINDOWS or MACOS or any(map(os.environ.get, SCREENS))
