"""The command that serves trained networks to other programs."""

import os
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.look import PORTS
from convscope.cli.options import AtLeastOne, Flag, Json, UsageError
from convscope.cli.show import write_json, write_lines

KEY = "CONVSCOPE_API_KEY"


def serve(
    *runs: Annotated[str, Parameter(name="RUN")],
    host: str = "127.0.0.1",
    port: int = 8000,
    allow_host: list[str] | None = None,
    max_body: AtLeastOne = 32,
    max_queue: AtLeastOne = 4096,
    timeout: AtLeastOne = 30,
    check: Flag = False,
    as_json: Json = False,
) -> None:
    """Serve trained networks over HTTP: the Open Inference Protocol, and files as they are.

    POST /predict takes the bytes of a file; /docs lists all addresses, / is a page to try it. SIGTERM ends it
    once all is answered, SIGHUP reads the runs again. Where CONVSCOPE_API_KEY is set, whoever asks must know
    it.

    Args:
        runs: Runs, as RUN or NAME=RUN. Where a name stands several times, these are its versions 1, 2 …
        host: The address to listen on. Without this option nobody but this machine can ask.
        port: The port to listen on; 0 takes a free one.
        allow_host: Another name that the service is asked by, as NAME or NAME:PORT.
        max_body: MiB of a request, at most.
        max_queue: Samples that may wait; more are refused.
        timeout: Seconds that a request may take.
        check: Load the runs, say what would be served, and end.
    """
    if not runs:
        raise UsageError("RUN is missing.\n  See: convscope serve --help")
    if not 0 <= port <= PORTS:
        raise UsageError(f"--port: expected 1 to {PORTS}, or 0 for a free one; got {port}.")
    for name in allow_host or ():
        if not name.isprintable() or set(name) & set("/ *@") or not name:
            raise UsageError(f"--allow-host: expected NAME or NAME:PORT; got '{name}'.")
    from convscope.serving import InferenceServer, ServiceLimits

    limits = ServiceLimits(body=max_body * 2**20, queue=max_queue, seconds=timeout)
    names, key = allow_host or (), os.environ.get(KEY, "")
    try:
        server = InferenceServer(runs, host=host, port=port, names=names, key=key, limits=limits)
    except OSError as error:
        words = f"{host}:{port} cannot be used: {error.strerror or error}."
        raise UsageError(f"--port: {words}\n  Another one: --port 0 takes a free one.") from error
    models = [f"{each.name} {each.version}" for each in server.service.models.every]
    if as_json:
        write_json({"address": server.address, "models": models})
    else:
        key_line = f"  {KEY} must be known" if key else f"  no key: set {KEY} to ask for one"
        write_lines(
            [
                f"{'can serve' if check else 'serving'} {', '.join(models)}",
                f"  {server.address}",
                key_line,
                "  Ctrl-C stops it.",
            ]
        )
    if check:
        server.close()
    else:
        server.run()
