"""Tests that need something which not every machine has are left out where it is missing, in the open."""

import os
import shutil
import signal

import pytest
import torch

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
NEEDS = {  # mark → what it needs, whether that is here, what to do where it is not
    "real_data": ("data from the folder $CONVSCOPE_DATA", os.environ.get("CONVSCOPE_DATA"), "set it"),
    "browser": ("Chromium, $CHROMIUM or in the PATH", CHROMIUM, "apt-get install chromium"),
}


def pytest_configure(config):
    torch.set_num_threads(1)
    os.fsync = os.fstat  # what a test kills is a process, never the machine: what was written is there
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell's background job has it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for mark, (what, _, _) in NEEDS.items():
        config.addinivalue_line("markers", f"{mark}: needs {what}")


@pytest.fixture(autouse=True)
def one_thread():
    """Two threads collapse when another process takes a core, and here every core has a process."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def undrawn():
    """Reports without their plots, which take most of a small training: for tests of none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convscope.run.plots.figures.save", lambda _, path: path.touch())
        patch.setattr("convscope.run.plots.figures.svg", lambda _: "")
        yield


def pytest_collection_modifyitems(config, items):
    """Leave them out in the open: the last line of pytest counts them as deselected."""
    missing = [mark for mark, (_, here, _) in NEEDS.items() if not here]
    without = [item for item in items if any(item.get_closest_marker(mark) for mark in missing)]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]


def pytest_report_header():
    return [
        f"{mark}: {here}"
        if here
        else f"{mark}: needs {what}; not here, so these tests are deselected ({todo})"
        for mark, (what, here, todo) in NEEDS.items()
    ]
