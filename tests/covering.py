"""Which lines and branches of convscope tests reach: `PYTEST_PLUGINS=tests.covering`, as in `scripts/check`.

SlipCover (Altmayer Pizzorno and Berger 2023, arXiv:2305.02886) writes probes into a module as it is imported:
a tenth of the tests' time. A tracer that is asked at each line, as coverage.py's before Python 3.12, doubles
it. What the processes that tests start run is not counted.
"""

import io
import json
import os
from pathlib import Path

import pytest
import slipcover

FLOOR = 95  # percent of lines and branches together, where all tests run
PACKAGE = str(Path(__file__).parents[1] / "convscope")
WORKER = "PYTEST_XDIST_WORKER" in os.environ

# While this module is imported, not in a hook: a conftest may import convscope before the first hook.
# A worker leaves out the files that no test imports: who collects the answers adds them. -1: a probe that was
# hit returns at once; to take it out of the code, too, functions would be exchanged while threads run them.
probes = slipcover.Slipcover(branch=True, source=None if WORKER else [PACKAGE], d_miss_threshold=-1)
slipcover.ImportManager(probes, slipcover.FileMatcher(sources=[PACKAGE])).__enter__()
of_workers: list[str] = []
merged = pytest.StashKey[dict]()


def pytest_sessionfinish(session):
    """A worker hands over what it saw; who began the workers adds that up, and fails below the floor."""
    if not _whole(session.config):
        probes.source = None  # files that were never imported are no news
    seen = probes.get_coverage()
    if WORKER:
        session.config.workeroutput["covered"] = json.dumps(seen)
        return
    for part in of_workers:
        slipcover.merge_coverage(seen, json.loads(part))
    session.config.stash[merged] = seen
    if _whole(session.config) and _percent(seen) < FLOOR and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node):
    if "covered" in getattr(node, "workeroutput", {}):  # one that crashed has said nothing
        of_workers.append(node.workeroutput["covered"])


def pytest_terminal_summary(terminalreporter, config):
    if (seen := config.stash.get(merged, None)) is None:
        return
    table = io.StringIO()
    slipcover.print_coverage(seen, outfile=table, skip_covered=True, missing_width=60)
    terminalreporter.section("what is not reached")
    terminalreporter.write(table.getvalue())
    said = f"\n{_percent(seen):.2f} % of the lines and branches are reached; the floor is {FLOOR} %"
    terminalreporter.write_line(said + ("." if _whole(config) else ", where all tests run."))


def _percent(seen):
    return seen["summary"]["percent_covered"]


def _whole(config):
    """Whether all tests run: nobody named some."""
    named = config.args_source == config.ArgsSource.ARGS
    return not (named or config.option.keyword or config.option.markexpr)
