"""The `convscope` command: arguments in, one call, one print.

A command is a function in one of the files of this folder; its docstring is its help. Everything that needs
torch is imported inside it, so `convscope --help` answers at once. To add one, write the function and put it
in `COMMANDS`.
"""

import os
import sys
import traceback
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError, Parameter
from cyclopts.argument import Argument
from cyclopts.exceptions import MissingArgumentError, UnusedCliTokensError, ValidationError

import convscope
from convscope.cli.filters import filter  # noqa: A004 - the name of the command
from convscope.cli.listing import check, data, networks, runs
from convscope.cli.look import look
from convscope.cli.options import UsageError
from convscope.cli.rules import rule
from convscope.cli.seeing import compare, explain, summary
from convscope.cli.show import write_json
from convscope.cli.training import INTERRUPTED, train
from convscope.cli.using import evaluate, predict, trust
from convscope.errors import BrokenModel, ConvscopeError, of_machine
from convscope.settings import limit

COMMANDS: tuple[Callable[..., int | None], ...] = (
    train,
    evaluate,
    predict,
    look,
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


def main() -> None:
    """Run the command that was typed, and leave with its exit code."""
    if sys.stderr is None:  # closed: 2>&-
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        _complain("standard output is closed.")
        sys.exit(FAILED)
    _speak_utf8()
    words = sys.argv[1:]
    sys.exit(execute([word for word in words if word != "--debug"], debug="--debug" in words))


def execute(words: Sequence[str], *, debug: bool = False) -> int:
    """Run one command.

    Args:
        words: what was typed after `convscope`.
        debug: show the traceback of an error.

    Returns:
        The exit code: 0 done, 1 failed, 2 misused, 130 interrupted.
    """
    try:
        return app(list(words), exit_on_error=False, print_error=False) or 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nobody above us explains it to the person
        if debug:
            traceback.print_exc()
        if isinstance(error, BrokenModel) and "--json" in words:
            write_json({"diagnosis": error.finding.as_dict()})
            return FAILED
        return _explain(error)


def _explain(error: BaseException) -> int:
    match error:
        case CycloptsError():
            command = " ".join(["convscope", *(error.command_chain or ())])
            _complain(f"{_wording(error)}\n  See: {command} --help")
            return MISUSED
        case UsageError():
            _complain(str(error))
            return MISUSED
        case ConvscopeError():
            _complain(str(error))
        case KeyboardInterrupt():
            _complain("interrupted.")
            return INTERRUPTED
        case BrokenPipeError():  # whoever read our output has enough of it; that is no error to speak of
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case _ if words := of_machine(error):
            _complain(words)
        case _:
            _complain(
                f"{type(error).__name__}: {error}\n"
                "  convscope did not expect this. Run again with --debug to see where it happened."
            )
    return FAILED


def _wording(error: CycloptsError) -> str:
    match error:
        case UnusedCliTokensError():
            return f"too many arguments: {' '.join(error.unused_tokens or ())}"
        case MissingArgumentError(argument=Argument(name=name)) if not name.startswith("-"):
            return f"{name} is missing."
    checked = error.__cause__  # pydantic's, which cyclopts asks for the limits of a type
    if isinstance(error, ValidationError) and error.argument and hasattr(checked, "errors"):
        return f"{error.argument.name}: {limit(checked)}"  # pyright: ignore[reportArgumentType]
    text = str(error)
    return text[:1].lower() + text[1:]


def _complain(text: str) -> None:
    sys.stderr.write(f"Error: {text}\n")


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale says, for class names and file names know no locale.

    What is no character at all (a byte of a damaged file name) appears as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
