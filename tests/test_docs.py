"""What the documents say exists, and what exists is in the documents."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

import convscope
from convscope.cli import COMMANDS, app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TYPED = re.findall(r"^    \.venv/bin/convscope ([^#\n]+)", README, re.MULTILINE)


def test_the_page_of_commands_is_what_help_prints():
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    written = runpy.run_path(str(ROOT / "scripts" / "write_commands.py"))["commands"]()
    assert page == written, "run .venv/bin/python scripts/write_commands.py"


def test_the_page_of_rules_is_what_the_table_says():
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    written = runpy.run_path(str(ROOT / "scripts" / "write_rules.py"))["rules"]()
    assert page == written, "run .venv/bin/python scripts/write_rules.py"


def test_the_page_of_estimators_is_what_they_take():
    page = (ROOT / "docs" / "estimators.md").read_text(encoding="utf-8")
    written = runpy.run_path(str(ROOT / "scripts" / "write_estimators.py"))["page"]()
    assert page == written, "run .venv/bin/python scripts/write_estimators.py"
    assert "| lr | `None` | Learning rate" in page


@pytest.mark.parametrize("typed", TYPED)
def test_every_command_of_the_readme_can_be_typed(typed):
    function, _, unknown = app.parse_known_args(shlex.split(typed))[:3]
    assert function in COMMANDS
    assert unknown == []


def test_the_readme_names_every_command_that_a_newcomer_needs():
    assert {typed.split()[0] for typed in TYPED} == {
        *("check", "train", "evaluate", "predict", "export", "features", "serve"),
        *("summary", "explain", "compare", "filter", "look"),
    }
    for name in ("data", "networks", "runs"):
        assert f"`convscope {name}`" in README


def test_the_readme_uses_public_names_only():
    used = re.findall(r"convscope\.(\w+)\(", README)
    assert set(used) <= set(convscope.__all__)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_and_paths_lead_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target


def test_the_rooms_of_contributing_are_the_rooms_of_the_package():
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "convscope").iterdir()
        if not path.name.startswith("__") and path.name != "py.typed"
    }
    table = CONTRIBUTING.split("## The house")[1].split("A room is one file")[0]
    told = {
        word
        for row in table.splitlines()
        if row.startswith("| `")
        for word in re.findall(r"`([a-z_]+(?:/|\.py))`", row.split("|")[1])
    }
    assert told == there


def test_the_change_log_knows_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] == convscope.__version__


def test_the_makefile_has_the_targets_of_the_readme():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make (\w+)", README)):
        assert f"\n{target}: " in makefile
