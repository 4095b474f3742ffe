"""A run as bytes, file by file: what a fitted estimator is once it leaves its process."""

import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from convscope.errors import RunError
from convscope.paths import expanded
from convscope.run import files, folders, manifest
from convscope.run.checkpoint import verified
from convscope.run.manifest import Manifest
from convscope.run.writer import begin
from convscope.training.events import Event

UNSEALED = ("plots", "tensorboard")  # folders of a run whose files the manifest does not know


def written(contents: Mapping[str, bytes], events: Iterable[Event]) -> dict[str, bytes]:
    """The files of the run that a training in memory comes to.

    Args:
        contents: those of the first moment, see `writer.beginning`.
        events: of the training, in their order, as a `Writer` takes them.
    """
    with tempfile.TemporaryDirectory(prefix="convscope-") as root:
        with closing(begin(root, "run", contents)) as writer:
            for event in events:
                writer.write(event)
        return of_folder(writer.path)


def of_folder(folder: Path) -> dict[str, bytes]:
    """The files of a run, but its plots.

    Raises:
        RunError: one is missing or damaged.
    """
    verified(folder)
    return {
        path.relative_to(folder).as_posix(): files.content(path)
        for place in (folder, folder / manifest.SNAPSHOTS)
        for path in sorted(place.glob("[!.]*"))
        if path.is_file()
    }


@contextmanager
def laid_out(contents: Mapping[str, bytes]) -> Iterator[Path]:
    """The folder that these files are, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="convscope-") as root:
        folder = Path(root) / "run"
        _fill(folder, contents)
        yield folder


def put(contents: Mapping[str, bytes], path: Path, *, force: bool = False) -> Path:
    """Write a run to just this folder, whole or not at all; gives its path.

    Args:
        contents: the files.
        path: a folder that is not there yet.
        force: replace a run that is there, all of whose files are a run's; anything else never.

    Raises:
        RunError: something is there, or it cannot be written.
    """
    path = expanded(path).absolute()
    aside, before = (path.parent / f".{which}-{secrets.token_hex(4)}" for which in ("new", "before"))
    try:
        if path.exists() or path.is_symlink():
            _demand_replaceable(path, force)
        path.parent.mkdir(parents=True, exist_ok=True)
        _fill(aside, contents)
        if path.exists():
            path.rename(before)  # a kill from here on leaves it under that name
        aside.rename(path)
        shutil.rmtree(before, ignore_errors=True)
    except OSError as error:
        why = error.strerror or error
        raise RunError(f"{path} cannot be written: {why}.\n  Free space, or give another path.") from error
    finally:
        if before.exists() and not path.exists():  # Ctrl-C comes at any moment
            before.rename(path)
        shutil.rmtree(aside, ignore_errors=True)
    return path


def _demand_replaceable(path: Path, force: bool) -> None:
    if not folders.is_run(path):
        raise RunError(f"{path} is there already, and is no run.\n  Give another path.")
    if not force:
        raise RunError(f"{path} is a run already.\n  Give another path, or force=True to replace it.")
    if path.is_symlink() or files.is_held(path):
        what = "a link to a run" if path.is_symlink() else "a run that is being written"
        raise RunError(f"{path} is {what}.\n  Give another path.")
    if strange := _strange(path):
        raise RunError(
            f"{path} holds {strange[0]}, which is no file of a run, and would be lost.\n"
            "  Move it away, or give another path."
        )


def _strange(folder: Path) -> list[str]:
    """What a person has put into the folder of a run."""
    ours = {manifest.NAME, *manifest.RESULTS, *UNSEALED}
    with suppress(RunError):  # of a damaged one the seals are no matter
        ours |= {name.partition("/")[0] for name in Manifest.read(folder).versions}
        return [each.name for each in sorted(folder.glob("[!.]*")) if each.name not in ours]
    return []


def _fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
