"""Every text of the page is there in every language, and nothing else is."""

import json
import re
from pathlib import Path

import pytest

import convscope.web
from convscope.explaining.filters import FILTERS
from convscope.web.messages.data.runs import CLASSES, SETTINGS, VALUES
from convscope.web.messages.trying.attribution import WORDS as METHODS
from convscope.web.messages.trying.changes import WORDS as CHANGES

STATIC = Path(convscope.web.__file__).parent / "static"
CALL = re.compile(r'\bt\(\s*(?:context,\s*)?"((?:[^"\\]|\\.)*)"')
ENTRY = re.compile(r'^  ("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*"),$', re.MULTILINE)
NAME = re.compile(r"\{\w+\}")

# Words that the server sends and the page translates: t(name), t(severity), t(columns[place]) …
HEADLINE = {"accuracy", "95 % interval", "balanced accuracy", "macro F1", "R²", "bias"}
HEADLINE |= {"always the commonest class", "expecting no change"}
HEADLINE |= {"mean absolute error", "root mean squared error"}
COLUMNS = {"run", "network", "data", "epochs", "state", *SETTINGS}
COLUMNS |= {f"test {name}" for name, _ in (*CLASSES[:1], *VALUES)}
GATES = {"input gate", "forget gate", "candidate", "output gate", "reset gate", "update gate"}
GATES |= {"cell state", "hidden state"}
SENT = HEADLINE | COLUMNS | GATES | {"grave", "warning", "note"} | {each.what for each in FILTERS.values()}
SENT |= {*METHODS.values(), *CHANGES.values()}


def said():
    """Every key in the scripts."""
    scripts = [path for path in STATIC.rglob("*.js") if path.parent.name != "lang"]
    found = {key for path in scripts for key in CALL.findall(path.read_text("utf-8"))}
    return {json.loads(f'"{key}"') for key in found}


def table(language):
    entries = ENTRY.findall((STATIC / "lang" / f"{language}.js").read_text("utf-8"))
    return [(json.loads(key), json.loads(text)) for key, text in entries]


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
class TestLanguage:
    def test_every_text_is_there_and_none_too_many(self, language):
        known = {key for key, _ in table(language)}
        assert sorted((said() | SENT) - known) == [], "to be translated"
        assert sorted(known - said() - SENT) == [], "nobody says these any more"

    def test_no_text_is_there_twice(self, language):
        keys = [key for key, _ in table(language)]
        assert len(keys) == len(set(keys))

    def test_the_same_names_are_filled_in(self, language):
        for key, text in table(language):
            assert set(NAME.findall(text)) == set(NAME.findall(key)), key

    def test_every_line_is_read_by_this_test(self, language):
        lines = (STATIC / "lang" / f"{language}.js").read_text("utf-8").splitlines()
        assert len(table(language)) == sum(line.startswith("  ") for line in lines)


def test_each_script_of_chinese_keeps_to_its_own_characters():
    """Characters that only one of the two writes: a slip from one file into the other."""
    only_hans = set("网输数类权训练标张图个这为开关载层径义")
    only_hant = set("網輸數類權訓練標張圖個這為開關載層徑義")
    simplified = "".join(text for _, text in table("zh-Hans"))
    traditional = "".join(text for _, text in table("zh-Hant"))
    assert not only_hant & set(simplified)
    assert not only_hans & set(traditional)
