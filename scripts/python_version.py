"""Stop, with what to do, where Python is too old for convscope. Runs on any Python, 2.7 too."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what finds an older one
    sys.exit(
        "Error: convscope needs Python 3.11 or newer; {} is {}.{}.\n"
        "  Install a newer one and name it, for example: make demo PYTHON=python3.13".format(
            sys.executable, *sys.version_info[:2]
        )
    )
