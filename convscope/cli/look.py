"""The command that opens the explorer: a page in the browser, served by this machine for this machine."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from convscope.cli.options import Flag, Json, UsageError
from convscope.cli.seeing import Classes, Input
from convscope.cli.show import console, write, write_json, write_lines
from convscope.cli.training import INTERRUPTED
from convscope.system import has_screen

if TYPE_CHECKING:
    from convscope.outputs import Output
    from convscope.web.session import Session

PORTS = 65535


def look(
    what: Annotated[str | None, Parameter(name="RUN|MODEL|DATA")] = None,
    /,
    *,
    inputs: Input = None,
    classes: Classes = 10,
    port: int = 0,
    no_open: Flag = False,
    save: Path | None = None,
    force: Flag = False,
    as_json: Json = False,
) -> int:
    """Look inside a network in the browser, from the whole of it to one number and its proof.

    The page is served by this machine for this machine; nothing is sent anywhere. Ctrl-C stops it.
    Of a model that fails: everything up to there, and how to mend it.

    Args:
        what: A run (its folder, or latest), a model as for convscope summary, with --input, or data that
            convscope check takes. Without it: the latest run in ./runs; or an example, which is trained
            once.
        port: Listen on this port of 127.0.0.1; a free one if not given.
        no_open: Print the address, and open no browser.
        save: Write the page to this HTML file instead. It works from disk, offline, with a few samples. An
            older page of that name is replaced, no other file.
        force: Let --save replace a file that convscope did not write.
    """
    if not 0 <= port <= PORTS:
        raise UsageError(f"--port: expected 1 to {PORTS}, or 0 for a free one; got {port}.")
    if save is None:
        session = _session(what, inputs, classes, as_json=as_json)
        return _serve(session, port, opens=not no_open, as_json=as_json)
    from convscope.outputs import Output
    from convscope.run import folders
    from convscope.web.save import PAGE

    words = [Path(word) for word in (what, *(inputs or ())) if word]
    output = Output(save, PAGE, [path for path in words if not folders.is_run(path)], force)
    output.demand()
    return _save(_session(what, inputs, classes, as_json=as_json), output, as_json=as_json)


def _session(what: str | None, inputs: list[str] | None, classes: int, *, as_json: bool) -> "Session":
    name = what or _something(inputs, as_json=as_json)
    gc.disable()  # what is imported and opened stays: looking through it costs a tenth of the time
    try:
        from convscope.web.subject import session_of

        return session_of(name, inputs or (), classes=classes)
    finally:
        gc.freeze()
        gc.enable()


def _something(inputs: list[str] | None, *, as_json: bool) -> str:
    """What is shown to a person who names nothing."""
    from convscope.web import subject

    if inputs:
        raise UsageError("--input needs a model.\n  Name one: convscope look plain --input 1x28x28")
    if run := subject.latest():
        return run
    if found := subject.example():
        return str(found)
    return _trained_example(as_json=as_json)


def _trained_example(*, as_json: bool) -> str:
    from convscope.cli.terminal import Terminal
    from convscope.recipe import Judged
    from convscope.web import subject

    with Terminal(console(stderr=as_json), quiet=False) as terminal:
        terminal.say(
            "There is no run in ./runs yet: a small network is trained on real digits, as an example."
        )
        for event in subject.make_example():
            if isinstance(event, Judged):
                return str(event.run.path)
            terminal.show(event)
    raise KeyboardInterrupt  # training ends without a verdict only then


def _save(session: "Session", output: "Output", *, as_json: bool) -> int:
    """Say how large the page is, then write it."""
    from convscope.web.save import page

    made = page(session)
    if as_json:
        written = output.write(made.html).absolute()
        size = len(made.html)
        write_json({"title": session.title, "written": str(written), "samples": made.samples, "bytes": size})
        return 0
    inputs = f"{made.samples} samples" if made.samples > 1 else "one input"
    write_lines([f"{session.title}: {inputs}, {len(made.html) / 2**20:.1f} MiB"])
    write_lines([f"  {output.write(made.html)}"])
    return 0


def _serve(session: "Session", port: int, *, opens: bool, as_json: bool) -> int:
    import webbrowser

    from convscope.web import Server

    try:
        server = Server(session, port)
    except OSError as error:
        raise UsageError(f"--port: {port} cannot be used: {error.strerror}.\n  Leave --port out.") from error
    try:
        if as_json:  # at once, for whoever reads it goes there while we serve
            write_json({"title": session.title, "address": server.address})
        else:
            write_lines([f"{session.title}: {session.words}", f"  {server.address}", "  Ctrl-C stops it."])
        with _door(server.address) as door:
            if opens and has_screen():
                webbrowser.open(door.as_uri())
            server.run()
    except KeyboardInterrupt:
        if not as_json:
            write("\nstopped.")
        return INTERRUPTED
    return 0


@contextmanager
def _door(address: str) -> Iterator[Path]:
    """A file that leads to the page: the address has a secret, and all can read the words of a command line.

    Only the person may read it; it is gone afterwards.
    """
    with TemporaryDirectory(prefix="convscope-") as folder:  # 0700
        door = Path(folder) / "convscope.html"
        door.write_text(f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">\n')
        yield door
