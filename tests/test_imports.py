"""What `import convscope` and `convscope --help` load, each in a process of its own."""

import subprocess
import sys

import pytest

import convscope

SLOW = ("torch", "numpy", "pandas", "sklearn", "matplotlib", "pydantic")


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import convscope",
        "import convscope.cli",
        "from convscope.cli import execute; assert execute(['--help']) == 0",
        "from convscope.cli import execute; assert execute(['train', '--help']) == 0",
        "from convscope.cli import execute; assert execute(['trian']) == 2",
    ],
)
def test_nothing_slow_is_imported_before_it_is_needed(statement):
    assert modules_after(statement).isdisjoint(SLOW)


def test_every_public_name_is_found_and_listed():
    assert set(convscope.HOMES) == set(convscope.__all__)
    for name in convscope.__all__:
        assert getattr(convscope, name).__name__ == name
        assert name in dir(convscope)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'convscope' has no attribute 'trian'"):
        _ = convscope.trian
