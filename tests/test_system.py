"""What one system has and another lacks: each is taken away, and what is done instead is tried."""

import builtins
import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import convscope
from convscope import outputs, system
from convscope.run import files, folders

PARTICULAR = (
    *("fcntl", "msvcrt", "windll", "CDLL", "posix_fallocate", "sysconf", "sched_getaffinity", "sys.platform"),
    *("os.name", "mallopt", "symlink_to", "os.open(folder", "getuid", "termios", "import resource"),
)


def test_no_other_file_asks_what_system_this_is():
    house = Path(convscope.__file__).parent
    asking = {
        path.name
        for path in house.rglob("*.py")
        for word in PARTICULAR
        if word in path.read_text(encoding="utf-8")
    }
    assert asking == {"system.py"}


def test_all_cores_where_the_system_does_not_say_which_are_ours(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert system.cores() == os.cpu_count()


def test_no_copies_of_the_process_where_they_are_unknown_or_forbidden(monkeypatch):
    monkeypatch.setattr(system, "MACOS", True)
    assert not system.forks()
    monkeypatch.setattr(system, "MACOS", False)
    monkeypatch.delattr(os, "fork")
    assert not system.forks()


class TestMemory:
    @pytest.fixture(autouse=True)
    def no_container(self, monkeypatch):
        monkeypatch.setattr(system, "CONTAINERS", {})

    def test_here(self):
        assert system.physical_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    def test_of_windows(self, monkeypatch):
        def say(kilobytes):
            kilobytes._obj.value = 16 << 20
            return 1

        monkeypatch.delattr(os, "sysconf")
        kernel = SimpleNamespace(GetPhysicallyInstalledSystemMemory=say)
        monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
        assert system.physical_memory() == 16 << 30

    def test_of_a_system_that_does_not_say(self, monkeypatch):
        monkeypatch.delattr(os, "sysconf")
        assert system.physical_memory() == system.UNKNOWN

    @pytest.mark.parametrize(("text", "limit"), [("1048576\n", 1 << 20), ("max\n", None), (None, None)])
    @pytest.mark.parametrize(
        ("line", "name", "places"),
        [
            ("0::/", "memory.max", ["."]),
            ("0::/user/mine", "memory.max", ["user/mine", "user", "."]),
            ("4:cpu,memory:/docker/1a", "memory.limit_in_bytes", ["docker/1a", "docker", "."]),
            ("0::/of/the/host", "memory.max", ["."]),
        ],
    )
    def test_of_a_container(self, tmp_path, monkeypatch, text, limit, line, name, places):
        """The limit may stand in the process's own group or in any around it."""
        whole = system.physical_memory()
        (tmp_path / "cgroup").write_text(f"9:pids:/other\n{line}\n")
        monkeypatch.setattr(system, "GROUPS", tmp_path / "cgroup")
        for number, place in enumerate(places):
            top = tmp_path / str(number)
            (top / place).mkdir(parents=True)
            if text:
                (top / place / name).write_text(text)
            controller = "memory" if "memory:" in line else ""
            monkeypatch.setattr(system, "CONTAINERS", {controller: (str(top), name)})
            assert system.physical_memory() == (limit or whole)

    def test_the_least_of_several_limits_holds(self, tmp_path, monkeypatch):
        (tmp_path / "a" / "b").mkdir(parents=True)
        for place, limit in (("", 3 << 20), ("a", 1 << 20), ("a/b", 2 << 20)):
            (tmp_path / place / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "cgroup").write_text("0::/a/b\n")
        monkeypatch.setattr(system, "GROUPS", tmp_path / "cgroup")
        monkeypatch.setattr(system, "CONTAINERS", {"": (str(tmp_path), "memory.max")})
        assert system.physical_memory() == 1 << 20

    def test_of_a_limit_that_the_shell_sets(self, monkeypatch):
        whole = system.physical_memory()
        told = SimpleNamespace(RLIMIT_AS=9, RLIM_INFINITY=-1, getrlimit=lambda _: (5 << 20, -1))
        monkeypatch.setattr(system, "resource", told)
        assert system.physical_memory() == 5 << 20
        told.getrlimit = lambda _: (-1, -1)
        assert system.physical_memory() == whole
        monkeypatch.setattr(system, "resource", None)  # Windows
        assert system.physical_memory() == whole


MALLOC = """
import ctypes
from convscope.system import freed_memory_kept

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]


class Info(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uord ford keep"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]


libc.mallinfo2.restype = Info


def mapped():  # whether a block of 64 MiB goes back to the system at once
    before = libc.mallinfo2().hblks
    block = libc.malloc(64 << 20)
    found = libc.mallinfo2().hblks - before
    libc.free(block)
    return found


print(mapped(), end=" ")
with freed_memory_kept():
    print(mapped(), end=" ")
    kept = libc.mallinfo2().keep
print(mapped(), libc.mallinfo2().keep < kept)
"""


@pytest.mark.skipif(system._glibc() is None, reason="no glibc")
def test_glibc_is_as_it_was_and_what_was_kept_goes_back():
    def run(**environment):
        command = [sys.executable, "-c", MALLOC]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, **environment}
        ).stdout.split()

    assert run() == ["1", "0", "1", "True"]
    assert run(MALLOC_TOP_PAD_="1000")[1] == "1"  # who has tuned it keeps it so


@pytest.mark.parametrize("error", [TypeError, OSError, AttributeError])
def test_without_glibc_nothing_is_kept(monkeypatch, error):
    def refuse(_):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with system.freed_memory_kept():
        assert system._glibc() is None


class TestReserve:
    def reserved(self, path):
        with path.open("wb+") as file:
            system.reserve(file, 3_000_000)
            return os.fstat(file.fileno())

    def test_without_posix_fallocate(self, tmp_path, monkeypatch):
        monkeypatch.delattr(os, "posix_fallocate")
        status = self.reserved(tmp_path / "x")
        assert status.st_size == 3_000_000
        assert status.st_blocks * 512 >= 3_000_000  # not sparse

    @pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL])
    def test_on_a_disk_that_cannot(self, tmp_path, monkeypatch, number):
        monkeypatch.setattr(os, "posix_fallocate", raising(OSError(number, "no")))
        assert self.reserved(tmp_path / "x").st_size == 3_000_000

    def test_a_full_disk_is_told(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "posix_fallocate", raising(OSError(errno.ENOSPC, "full")))
        with pytest.raises(OSError, match="full"):
            self.reserved(tmp_path / "x")


def raising(error):
    def fail(*_, **__):
        raise error

    return fail


class Locks:
    """A stand-in for msvcrt: one lock a file, as Windows has it."""

    LK_NBLCK = 2

    def __init__(self):
        self.held = {}

    def locking(self, handle, mode, count):
        assert (mode, count) == (self.LK_NBLCK, 1)
        file = os.fstat(handle).st_ino
        other = self.held.get(file)
        if other not in (None, handle) and is_open(other):
            raise PermissionError(errno.EACCES, "Permission denied")
        self.held[file] = handle


def is_open(handle):
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True


class TestHold:
    def test_as_windows_does_it(self, tmp_path, monkeypatch):
        monkeypatch.setattr(system, "fcntl", None)
        monkeypatch.setattr(system, "msvcrt", Locks())
        release = files.hold(tmp_path)
        assert files.is_held(tmp_path)
        release()
        assert not files.is_held(tmp_path)

    def test_without_any_lock_nobody_is_kept_out(self, tmp_path, monkeypatch):
        monkeypatch.setattr(system, "fcntl", None)
        monkeypatch.setattr(system, "msvcrt", None)
        files.hold(tmp_path)
        assert not files.is_held(tmp_path)

    def test_on_a_disk_without_locks(self, tmp_path, monkeypatch):
        flock = raising(OSError(errno.ENOLCK, "No locks available"))
        monkeypatch.setattr(system, "fcntl", SimpleNamespace(flock=flock, LOCK_EX=1, LOCK_NB=2))
        system.hold(tmp_path)()


class TestWindows:
    @pytest.fixture(autouse=True)
    def windows(self, monkeypatch):
        monkeypatch.setattr(system, "WINDOWS", True)
        monkeypatch.setattr(system, "PATIENCE", (0, 0))

    def test_no_folder_is_opened(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "open", raising(PermissionError(errno.EACCES, "a folder")))
        system.sync_folder(tmp_path)

    def test_a_file_that_is_being_read_is_replaced_a_moment_later(self, tmp_path, monkeypatch):
        replace, tries = Path.replace, []

        def busy(source, target):
            tries.append(target)
            if len(tries) < 3:
                raise PermissionError(errno.EACCES, "being used by another process")
            return replace(source, target)

        monkeypatch.setattr(Path, "replace", busy)
        outputs.replace(tmp_path / "x", b"new")
        assert (tmp_path / "x").read_bytes() == b"new"
        monkeypatch.setattr(Path, "replace", raising(PermissionError(errno.EACCES, "for ever")))
        with pytest.raises(PermissionError, match="for ever"):
            outputs.replace(tmp_path / "x", b"newer")
        assert [path.name for path in tmp_path.iterdir() if path.suffix != ".new"] == ["x"]

    def test_latest_is_a_text_file(self, tmp_path):
        run = tmp_path / "one_1"
        run.mkdir()
        (run / "settings.toml").touch()
        folders.point_latest(run)
        assert (tmp_path / "latest").read_text() == "one_1\n"
        assert folders.find(tmp_path / "latest") == run.resolve()

    def test_a_browser_is_seen(self, monkeypatch):
        for name in system.SCREENS:
            monkeypatch.delenv(name, raising=False)
        assert system.has_screen()


def test_a_disk_without_links(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "symlink_to", raising(OSError(errno.EPERM, "no links")))
    assert not system.link(tmp_path / "latest", "one_1")


def test_a_module_that_is_not_there(monkeypatch):
    assert system._module("convscope_has_no_such_module") is None
    assert builtins.__name__ == system._module("builtins").__name__
