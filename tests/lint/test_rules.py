"""The battery over every rule: its example has the mistake, its mended code does not, its page is whole."""

import json
import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope import network
from convscope.cli import execute
from convscope.errors import BrokenModel, UnknownName
from convscope.lint import RULES, STAGES, diagnose, explained, page, suspicions
from convscope.tracing import trace

build = explained()(network.own.build_own)


def traced(code, path):
    """Run a page's code as a file of its own, and trace what it defines."""
    path.write_text(code)
    names = {"torch": torch, "nn": nn, "F": F, "__name__": "page"}
    torch.manual_seed(0)
    exec(compile(code, str(path), "exec"), names)
    return trace(names["model"], names["inputs"], score=names.get("score"))


def named(stage, code, path):
    """The rules that find something in a page's code."""
    if stage == "making":
        path.write_text(code)
        try:
            build(f"{path}:Net", 3, 10, (32, 32))
        except BrokenModel as broken:
            return [broken.finding.rule]
        return []
    seen = traced(code, path)
    return [diagnose(seen).rule] if seen.failure else [each.rule for each in suspicions(seen)]


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("name", RULES)
def test_the_example_has_the_mistake_and_the_mended_code_does_not(name, tmp_path):
    found = RULES[name]
    assert name in named(found.stage, found.example, tmp_path / "example.py")
    mended = named(found.stage, found.fix, tmp_path / "mended.py")
    assert name not in mended
    assert not any(RULES[each].stage == found.stage for each in mended if found.stage != "running")
    if found.stage == "forward":
        assert traced(found.fix, tmp_path / "mended.py").failure is None


@pytest.mark.parametrize("name", RULES)
def test_a_page_is_whole_and_in_the_terms_of_the_field(name):
    found = RULES[name]
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name)
    assert found.stage in STAGES
    for part in ("what", "why", "example", "fix"):
        assert getattr(found, part).strip(), part
    assert found.example != found.fix
    assert found.why.endswith(".")
    assert found.what.endswith(".")
    assert set(found.as_dict()) == {"name", "stage", "what", "why", "example", "fix"}


def test_a_rule_has_one_name_and_every_check_of_the_room_is_in_the_table():
    import importlib
    import pkgutil

    from convscope import lint
    from convscope.lint.finding import Rule

    modules = [
        importlib.import_module(each.name) for each in pkgutil.walk_packages(lint.__path__, "convscope.lint.")
    ]
    made = {id(each) for module in modules for each in vars(module).values() if isinstance(each, Rule)}
    assert made == {id(each) for each in RULES.values()}
    assert all(name == each.name for name, each in RULES.items())


def test_the_last_rule_of_a_failure_knows_everything():
    for stage, last in (("making", "network-not-made"), ("forward", "operation-failed")):
        assert [each.name for each in RULES.values() if each.stage == stage][-1] == last


def test_a_misspelt_rule_is_guessed():
    assert page("linear-width").stage == "forward"
    with pytest.raises(UnknownName, match=r"no rule is called 'linear-widht'; did you mean 'linear-width'\?"):
        page("linear-widht")


def test_the_command_prints_a_page_or_lists_them_all(capsys):
    assert execute(["rule", "linear-width"]) == 0
    assert capsys.readouterr().out == f"{RULES['linear-width']}\n"
    assert execute(["rule", "linear-width", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == RULES["linear-width"].as_dict()
    assert execute(["rule"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n{name}  " in out for name in RULES)
    assert execute(["rule", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == list(RULES)
    assert execute(["rule", "linear_width"]) == 1
    assert "did you mean 'linear-width'?" in capsys.readouterr().err


def test_a_finding_names_its_rule():
    found = diagnose(trace(nn.Linear(3, 2), torch.zeros(1, 4)))
    assert str(found).endswith("Rule: linear-width · convscope rule linear-width")
    assert found.severity == "error"
    (seen,) = suspicions(trace(nn.Sequential(nn.ReLU(), nn.ReLU()), torch.ones(2, 2)))
    assert seen.severity == "warning"
    assert seen.as_dict()["rule"] == "two-activations"
