"""manifest.json: what every file of a run has to be, to the bit.

A file is *announced* here before it is put in place. So at any moment, also after a kill, each file is one of
the versions that stand in the manifest; whatever is none of them has been damaged or changed.

What was found when the run was judged can be made anew at any time. Its files are *results*: a changed one
spoils nothing but itself, and what it says is not shown.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from convscope import outputs
from convscope.errors import RunError
from convscope.run import files

NAME = "manifest.json"
FORMAT = 2  # 1: without results
EVALUATION, PREDICTIONS, REPORT = RESULTS = ("evaluation.json", "predictions.csv", "report.html")
PARTS = ("format", "files", "results", "facts")
ABSENT = ""  # the "SHA-256" of a file that may not be there (yet)
SNAPSHOTS = "snapshots"  # the folder of the weights of moments
LARGEST = 1 << 20  # bytes; ours have about a thousand
DAMAGED = (
    "Take the file from a backup if you have one; otherwise train again (settings.toml says how it was)."
)

TrainingFacts = dict[str, str | int | float]


class Manifest:
    """The manifest of one run folder, as last read or written.

    Attributes:
        folder: the run folder.
        versions: file name → SHA-256 of each version that is right; more than one only while a file changes.
        results: file name → SHA-256 of what judging the weights that are there has made.
        facts: how the training went: device, parameters, reason of the end …
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions: dict[str, list[str]] = {}
        self.results: dict[str, str] = {}
        self.facts: TrainingFacts = {}

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read and check the manifest of a run folder.

        Raises:
            RunError: it is missing, damaged, or of a newer convscope.
        """
        path = folder / NAME
        with files.reading(path, DAMAGED):
            if path.stat().st_size > LARGEST:
                raise ValueError(f"{path.stat().st_size:,} bytes are more than a manifest can have")
            text = files.content(path).decode("utf-8")
            document = json.loads(text)
            body = {key: document[key] for key in PARTS if key in document or key != "results"}
        if text != sealed(body):
            raise _newer(path) if _is_newer(body) else RunError(_damaged(path))
        manifest = cls(folder)
        manifest.versions = {_within(name): list(versions) for name, versions in body["files"].items()}
        manifest.results = {_within(name): str(sha) for name, sha in body.get("results", {}).items()}
        manifest.facts = dict(body["facts"])
        return manifest

    @property
    def finished(self) -> bool:
        """Whether training came to its end (or stopped early because nothing got better)."""
        return self.facts.get("reason") not in (None, "interrupted")

    def write(self) -> None:
        """Write the manifest.

        Raises:
            OSError: no space left …; the old one is untouched.
        """
        body = dict(zip(PARTS, (FORMAT, self.versions, self.results, self.facts), strict=True))
        outputs.replace(self.folder / NAME, sealed(body).encode())

    def put(self, contents: dict[str, bytes]) -> None:
        """Replace files of the run, in this order, each with the manifest agreeing at every moment.

        All are on the disk under temporary names before anything changes, so a full disk changes nothing.

        Raises:
            OSError: no space left …
        """
        asides: dict[str, Path] = {}
        try:
            for name, data in contents.items():
                asides[name] = outputs.write_aside(self.folder / name, data)
            new = {name: files.digest(data) for name, data in contents.items()}
            self._announce(new)
            for name, aside in asides.items():
                outputs.put_in_place(aside, self.folder / name)
                self.versions[name] = [new[name]]
        finally:
            for aside in asides.values():
                aside.unlink(missing_ok=True)

    def verify(self) -> None:
        """Check every file against its hash.

        Raises:
            RunError: a file is missing, or a bit of it is not what was written.
        """
        for name, versions in self.versions.items():
            path = self.folder / name
            with files.reading(path, DAMAGED):
                found = files.digest_of(path) if path.exists() or ABSENT not in versions else ABSENT
            if found not in versions:
                raise RunError(_damaged(path))

    def content(self, name: str) -> bytes | None:
        """The bytes of a file of the run, checked; None where it is not there (yet).

        Raises:
            RunError: it is damaged.
        """
        versions, path = self.versions.get(name, []), self.folder / name
        if not versions or (ABSENT in versions and not path.exists()):
            return None
        with files.reading(path, DAMAGED):
            data = files.content(path)
        if files.digest(data) not in versions:
            raise RunError(_damaged(path))
        return data

    def result(self, name: str) -> bytes | None:
        """The bytes of a result; None where there is none, or not the one that is on record."""
        with suppress(OSError):
            data = files.content(self.folder / name)
            return data if files.digest(data) == self.results.get(name) else None
        return None

    def _announce(self, new: dict[str, str]) -> None:
        before = self.versions
        self.versions = {**before, **{name: [*before.get(name, [ABSENT]), sha] for name, sha in new.items()}}
        try:
            self.write()
        except OSError:
            self.versions = before
            raise


def sealed(body: dict) -> str:
    """The one way of writing a sealed file, its own SHA-256 included: any other text is a damaged one."""
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=True)
    return json.dumps({**body, "sha256": files.digest(canonical.encode())}, indent=2, sort_keys=True) + "\n"


def unsealed(text: str, *keys: str) -> tuple[Any, ...]:
    """What `sealed` text holds under these keys, its format among them.

    Raises:
        ValueError: it is no such text, or a bit of it has changed.
        KeyError: something is missing.
    """
    document = json.loads(text)
    if text != sealed({key: value for key, value in document.items() if key != "sha256"}):
        raise ValueError("it is damaged, or was changed after convscope wrote it")
    return tuple(document[key] for key in keys)


def _within(name: str) -> str:
    """A file in the run folder, or in the one folder there that has some; never one outside."""
    *above, own = Path(name).parts
    return f"{SNAPSHOTS}/{own}" if above == [SNAPSHOTS] else own


def _is_newer(body: dict) -> bool:
    return isinstance(body["format"], int) and body["format"] > FORMAT


def _newer(path: Path) -> RunError:
    return RunError(
        f"{path} was written by a newer convscope, or it is damaged.\n"
        "  Update: pip install --upgrade convscope"
    )


def _damaged(path: Path) -> str:
    return f"{path} {files.CHANGED}\n  {DAMAGED}"
