"""The explorer as one file: whole, closed, within its size, and with what the page will ask for."""

import base64
import copy
import json
import re
import zlib
from pathlib import Path

import pytest

from convscope import train
from convscope.errors import DataError
from convscope.opening import open_model
from convscope.outputs import Output
from convscope.web import gathering, inline, save
from convscope.web.messages.numbers import as_json
from convscope.web.session import Session
from convscope.web.subject import session_of
from convscope.web.table import SavedAnswers, pack
from convscope.web.values import Data


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small network, trained in a moment."""
    runs = tmp_path_factory.mktemp("runs")
    return train("mnist-sample", network="lenet5", epochs=1, width=0.5, runs=runs)


@pytest.fixture(scope="module")
def session(run):
    return session_of(str(run.path))


@pytest.fixture(scope="module")
def page(session):
    return save.page(session, samples=[0, 7])


def inside(page):
    """What the file answers itself with."""
    text = page.html.decode()
    return json.loads(re.search(r'id="saved">(.*?)</script>', text, re.DOTALL)[1])


def unpacked(saved, packed):
    def filled(value):
        if isinstance(value, list):
            return [filled(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"value"}:
            return base64.b64encode(_bytes(saved["values"][value["value"]])).decode()
        return {key: filled(each) for key, each in value.items()}

    return filled(json.loads(_text(packed)))


def _bytes(packed):
    return zlib.decompress(base64.b64decode(packed))


def _text(packed):
    return _bytes(packed).decode()


class TestModules:
    @pytest.mark.parametrize(
        ("source", "path", "made"),
        [
            ('import { a } from "./b.js";', "main.js", 'import { a } from "@/b.js";'),
            ('import * as map from "../../x.js";', "views/map/a.js", 'import * as map from "@/x.js";'),
            ("export { a } from './b.js';", "views/c.js", "export { a } from '@/views/b.js';"),
            ('import "./side.js";', "main.js", 'import "@/side.js";'),
            ('const m = await import( "./m.js");', "views/c.js", 'const m = await import( "@/views/m.js");'),
            ('const from = "./b.js";', "main.js", 'const from = "./b.js";'),
            ('import {\n  a,\n} from "./b.js";', "d/c.js", 'import {\n  a,\n} from "@/d/b.js";'),
        ],
    )
    def test_paths_become_names(self, source, path, made):
        assert inline.rewritten(source, path) == made

    def test_every_name_that_is_imported_is_in_the_map(self):
        known = inline.modules()
        for url in known.values():
            source = base64.b64decode(url.partition(",")[2]).decode()
            code = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)  # types are imported in comments only
            asked = set(re.findall(r'(?:from|import\(?)\s*"(@/[^"]+)"', code))
            assert asked <= set(known)
            assert not re.findall(r'(?:from|import\(?)\s*"\.', code)


class TestFile:
    def test_it_can_load_nothing(self, page):
        text = page.html.decode()
        assert "default-src 'none'" in text
        assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")
        outside = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
        assert re.findall(r'(?:src|href)="(?!data:)', outside) == []

    def test_words_of_the_data_cannot_end_the_script(self):
        made = inline.inlined({"title": "</script><script>alert(1)</script><!--"})
        assert "alert(1)" in made
        assert "<script>alert" not in made

    def test_it_is_written_whole(self, page, tmp_path):
        path = tmp_path / "page.html"
        assert Output(path, save.PAGE).write(page.html) == path
        assert path.read_bytes() == page.html

    def test_it_says_its_size_before_it_is_written(self, session, monkeypatch):
        monkeypatch.setattr(gathering, "EACH", {"wrong": 1})
        stated = save.stated(session)
        made = save.prepared(session)
        assert stated == {"bytes": len(made.html), "samples": 2, "name": f"{session.title}.html"}

    def test_it_keeps_to_its_budget(self, session, page):
        budget = len(page.html) * 4 // 5
        smaller = save.page(session, samples=[0, 7], budget=budget)
        assert 0.8 * budget < len(smaller.html) <= budget
        assert inside(smaller)["inputs"].keys() == inside(page)["inputs"].keys()

    def test_a_place_that_cannot_be_written_is_named(self, page, tmp_path):
        with pytest.raises(DataError, match=r"nowhere.* cannot be written"):
            Output(tmp_path / "nowhere" / "page.html", save.PAGE).write(page.html)
        assert list(tmp_path.iterdir()) == []

    def test_only_an_older_page_is_replaced(self, page, tmp_path):
        path = tmp_path / "page.html"
        for _ in range(2):
            Output(path, save.PAGE).write(page.html)
        mine = tmp_path / "mine.html"
        mine.write_text("<!doctype html><title>my notes</title>")
        with pytest.raises(DataError, match=r"mine.html is there already"):
            Output(mine, save.PAGE).write(page.html)
        assert b"my notes" in mine.read_bytes()
        Output(mine, save.PAGE, force=True).write(page.html)
        assert mine.read_bytes() == page.html

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("signals.csv", "by its ending, .html .or .htm..\n  Call it .*signals.csv.html"),
            ("nowhere/page.html", "there is no folder .*nowhere"),
        ],
    )
    def test_a_place_where_no_page_can_stand(self, tmp_path, name, told):
        with pytest.raises(DataError, match=told):
            Output(tmp_path / name, save.PAGE).demand()

    def test_no_folder_of_this_machine_is_in_it(self, run, page):
        saved = inside(page)
        answers = [
            *saved["shared"].values(),
            *(each for some in saved["inputs"].values() for each in some.values()),
        ]
        texts = [_text(each) for each in answers]
        for folder in (str(run.path.parent), str(Path(inline.__file__).parent)):
            assert not [text[:200] for text in texts if folder in text]


class TestAnswers:
    def test_they_are_the_servers(self, session, page):
        saved = inside(page)
        aside = copy.copy(session)
        for key, table in saved["inputs"].items():
            aside.choose(int(key))
            for address in ("layer/7?sort=index&page=0", "channel/7/0"):
                assert unpacked(saved, table[address]) == json.loads(as_json(gathering.ask(aside, address)))

    def test_the_first_number_of_each_channel_is_there(self, session, page):
        saved = inside(page)
        table = saved["inputs"][saved["start"]]
        for address in [each for each in table if each.startswith("channel/")]:
            _, op, place = address.split("/")
            assert any(each.startswith(f"number/{op}?at=0,{place}") for each in table), address

    def test_the_session_stays_where_it_is(self, session, page):
        assert session.seen.sample == 0
        assert unpacked(inside(page), inside(page)["shared"]["session"])["saved"] is True

    def test_lists_hold_only_samples_of_the_file(self, page):
        saved = inside(page)
        taken = {int(key) for key in saved["inputs"]}
        lists = {
            key: unpacked(saved, each) for key, each in saved["shared"].items() if key.startswith("samples?")
        }
        assert lists["samples?which=all&class=&page=0"]["total"] == len(taken)
        assert {each["index"] for some in lists.values() for each in some["samples"]} == taken

    def test_a_model_without_data_has_its_one_input(self):
        found = inside(save.page(Session(open_model("nn.Conv2d(1, 2, 3)", ["1x6x6"]))))
        assert list(found["inputs"]) == [found["start"]] == ["here"]
        assert unpacked(found, found["inputs"]["here"]["graph"])["operations"][0]["op"] == "conv2d"

    def test_samples_can_be_named(self, session):
        found = inside(save.page(session, samples=[5, 3]))
        assert (list(found["inputs"]), found["start"]) == (["5", "3"], "5")

    def test_the_one_on_the_screen_and_some_of_each_kind_are_taken(self, session):
        found = gathering._keys(session, None)
        assert found[0] == "0"
        assert 3 <= len(found) <= 6


class TestTable:
    def test_an_array_stands_there_once(self):
        table = SavedAnswers("here", 10_000)
        numbers = {"dtype": "f32", "shape": [30], "data": Data(range(120)), "low": 0, "high": 0}
        assert table.add("here", "one", {"output": numbers})
        left = table.room
        assert table.add("here", "two", {"output": numbers, "list": [{"again": numbers}]})
        assert len(table.values) == 1
        assert left - table.room < 160

    def test_what_does_not_fit_leaves_nothing(self):
        table = SavedAnswers("here", 60)
        numbers = {"dtype": "f32", "data": Data(range(200))}
        assert not table.add("here", "address", {"output": numbers})
        assert (table.values, table.inputs, table.room) == ({}, {}, 60)

    def test_room_for_others_is_left(self):
        table = SavedAnswers("here", 100)
        assert not table.add("here", "address", {"a": 1}, leave=90)
        assert table.add("here", "address", {"a": 1}, leave=10)

    def test_packed_text_is_text_again(self):
        assert _text(pack("通道 3 · ½".encode())) == "通道 3 · ½"
