"""A person's own network is code. A run carries a copy, executed only if this person trusts just these bytes.

Training with `file.py:Class` is that word. For a run that came from somebody else, read its network.py first,
then `convscope trust RUN`.
"""

from datetime import date
from pathlib import Path

from convscope.data.files import cache
from convscope.errors import RunError
from convscope.run import files, folders
from convscope.run.manifest import Manifest

CODE, KERAS = "network.py", "network.keras"  # the second is no code: nothing in it is run


def list_path() -> Path:
    """The file with the hashes of the code that this person trusts, a line each."""
    return cache.home() / "trusted-code.txt"


def is_trusted(code: bytes) -> bool:
    """Whether just this code, to the bit, is on the person's list."""
    path = list_path()
    if not path.exists():
        return False
    with files.reading(path, "Remove it; then trust anew what you know."):
        return files.digest(code) in {
            line.split(" ")[0] for line in path.read_text(encoding="utf-8").splitlines()
        }


def add(code: bytes, origin: str) -> None:
    """Put code on the list.

    Args:
        code: the file's content.
        origin: where it is, for the person who reads the list.

    Raises:
        RunError: the list cannot be written.
    """
    if is_trusted(code):
        return
    path = list_path()
    line = f"{files.digest(code)} {date.today().isoformat()} {origin!r}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        raise RunError(
            f"{path} cannot be written: {error}\n  It holds the list of code you trust."
        ) from error


def demand(code: bytes, folder: Path) -> None:
    """Refuse code that is not on the list.

    Raises:
        RunError: says what to read and how to trust it.
    """
    if not is_trusted(code):
        raise RunError(
            f"{folder} holds a network of somebody's own, and you have not said that you trust its code.\n"
            f"  Read {folder / CODE}; if you would run it, say: convscope trust {folder}\n"
            f"  (in Python: convscope.load({str(folder)!r}, trust=True))."
        )


def accept(run: str | Path) -> Path:
    """Trust the code that a run carries, after reading it; gives the path of that code.

    Raises:
        RunError: there is no such run, it is damaged, or has no code of its own.
    """
    folder = folders.find(run)
    code = Manifest.read(folder).content(CODE)
    if code is None:
        raise RunError(
            f"{folder} carries no code: its network is one of convscope's.\n  Nothing has to be trusted."
        )
    add(code, str(folder / CODE))
    return folder / CODE
