"""The `convscope` command: arguments in, one call, one print.

A command is a function in one of the files of this folder; its docstring is its help. Everything that needs
torch is imported inside it, so `convscope --help` answers at once. To add one, write the function and put it
in `COMMANDS`.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress

from cyclopts import App, CycloptsError, Parameter
from cyclopts.argument import Argument
from cyclopts.exceptions import (
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

import convscope
from convscope.cli.filters import filter  # noqa: A004 - the name of the command
from convscope.cli.listing import check, data, networks, runs
from convscope.cli.look import look
from convscope.cli.options import UsageError
from convscope.cli.rules import rule
from convscope.cli.seeing import compare, explain, summary
from convscope.cli.serving import serve
from convscope.cli.show import complain, note_typed, shown, write_json
from convscope.cli.taking import export, features
from convscope.cli.training import INTERRUPTED, train
from convscope.cli.using import STANDARD_INPUT, evaluate, predict, trust
from convscope.errors import BrokenModel, ConvscopeError, guess, of_machine
from convscope.settings import limit

COMMANDS: tuple[Callable[..., int | None], ...] = (
    train,
    evaluate,
    predict,
    look,
    export,
    features,
    serve,
    summary,
    explain,
    compare,
    rule,
    check,
    runs,
    networks,
    data,
    trust,
    filter,
)
FAILED, MISUSED = 1, 2  # exit codes, as everywhere

app = App(
    name="convscope",
    help="Train a convolutional network on your own data, and see how good it is.\n\n"
    "To begin: convscope train mnist-sample",
    help_epilogue="With --debug, any command shows the whole traceback of an error.",
    help_format="markdown",
    version=convscope.__version__,
    default_parameter=Parameter(negative=""),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for place, function in enumerate(COMMANDS):
    app.command(function, sort_key=place)
app["train"].usage = "Usage: convscope train DATA [OPTIONS]"  # DATA is left out with --resume only
app["predict"].usage = "Usage: convscope predict RUN INPUT... [OPTIONS]"
app["serve"].usage = "Usage: convscope serve RUN... [OPTIONS]"


def main() -> None:
    """Run the command that was typed, and leave with its exit code."""
    if sys.stderr is None:  # closed: 2>&-
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        complain("standard output is closed.")
        sys.exit(FAILED)
    _speak_utf8()
    words = sys.argv[1:]
    code = execute([word for word in words if word != "--debug"], debug="--debug" in words)
    if any(thread.daemon for thread in threading.enumerate()):  # at work in torch, which the end would abort
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def execute(words: Sequence[str], *, debug: bool = False) -> int:
    """Run one command.

    Args:
        words: what was typed after `convscope`.
        debug: show the traceback of an error.

    Returns:
        The exit code: 0 done, 1 failed, 2 misused, 130 interrupted.
    """
    note_typed(words)
    if words[:1] == ["help"]:  # convscope help train
        words = [*words[1:], "--help"]
    words = [STANDARD_INPUT if word == "-" else word for word in words]  # a hyphen begins an option
    try:
        return app(words, exit_on_error=False, print_error=False) or 0
    except BrokenPipeError:  # whoever read our output has enough of it; that is no error to speak of
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nobody above us explains it to the person
        if debug:
            sys.stderr.write(shown(traceback.format_exc()))
        return _explain(error, as_json=any(word in ("--json", "--json=true") for word in words))


def _explain(error: BaseException, *, as_json: bool) -> int:
    """Say what went wrong on standard error; as JSON on standard output too, where that is asked for."""
    code, kind, text = _told(error)
    complain(text)
    if as_json:
        found = {"diagnosis": error.finding.as_dict()} if isinstance(error, BrokenModel) else {}
        with suppress(OSError):  # a full disk behind the output may be the error
            write_json({"error": {"kind": kind, "message": text, "exit_code": code}} | found)
    return code


def _told(error: BaseException) -> tuple[int, str, str]:
    """Exit code, kind and words of an error."""
    kind = type(error).__name__
    match error:
        case CycloptsError():
            command = " ".join(["convscope", *(error.command_chain or ())])
            return MISUSED, UsageError.__name__, f"{_wording(error)}\n  See: {command} --help"
        case UsageError():
            return MISUSED, kind, str(error)
        case ConvscopeError():
            return FAILED, kind, str(error)
        case KeyboardInterrupt():
            return INTERRUPTED, "Interrupted", "interrupted."
        case _ if words := of_machine(error):
            return FAILED, kind, words
    advice = "convscope did not expect this. Run again with --debug to see where it happened."
    return FAILED, kind, f"{kind}: {error}\n  {advice}"


def _wording(error: CycloptsError) -> str:
    match error:
        case UnknownCommandError(unused_tokens=[option, *_]) if option.startswith("-"):
            return (
                f"{option} stands before the command.\n  Options come behind it: convscope COMMAND {option}"
            )
        case UnknownOptionError(token=token):
            option = (token.keyword or token.value).partition("=")[0]
            known = [name for argument in error.argument_collection for name in argument.names]
            return f"unknown option: {option}{guess(option, [*known, '--help', '--version', '--debug'])}"
        case UnusedCliTokensError():
            return f"too many arguments: {' '.join(error.unused_tokens or ())}"
        case MissingArgumentError(argument=Argument(name=name)) if not name.startswith("-"):
            return f"{name} is missing."
    checked = error.__cause__  # pydantic's, which cyclopts asks for the limits of a type
    if isinstance(error, ValidationError) and error.argument:
        why = limit(checked) if hasattr(checked, "errors") else error.exception_message  # pyright: ignore[reportArgumentType]
        return f"{error.argument.name}: {why}"
    text = str(error)
    return text[:1].lower() + text[1:]


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale says, for class names and file names know no locale.

    What is no character at all (a byte of a damaged file name) appears as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
