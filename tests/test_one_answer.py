"""100 real inputs of `benchmarks/one_answer.py` down every road: one answer."""

import warnings

import pytest

from benchmarks.one_answer import compared, given
from benchmarks.one_answer_inputs import CASES, DRESSINGS
from benchmarks.one_answer_roads import ROADS, expected
from convscope.errors import TrainingWarning

pytestmark = [pytest.mark.real_data, pytest.mark.usefixtures("undrawn")]
COUNTS = {"photographs": len(DRESSINGS), "rows": 21, "sounds, padded": 18, "scans": 12, "weather": 16}
GONE = {  # slow roads, each by the data set that it is the hardest for
    "photographs": ("export --any-size", "upload"),
    "rows": ("predict -o .jsonl, ONNX", "export .onnx", "saved page"),
    "weather": ("export .pt2", "export .safetensors", "upload"),
}
SLOW = {road for roads in GONE.values() for road in roads}


@pytest.fixture(scope="module", params=COUNTS)
def asked(request, tmp_path_factory, undrawn):
    """The name of a data set, its run and files, and what the network says of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        made = given(CASES[request.param], COUNTS[request.param], tmp_path_factory.mktemp("inputs"))
    return request.param, made, expected(made)


def test_each_slow_road_is_gone_by_one_of_100():
    assert ROADS.keys() >= SLOW
    assert COUNTS.keys() >= GONE.keys()
    assert sum(COUNTS.values()) == 100


@pytest.mark.parametrize("road", ROADS)
def test_it_is_one_answer(road, asked):
    name, inputs, wanted = asked
    if road in SLOW and road not in GONE.get(name, ()):
        return
    found = compared(road, inputs, wanted)
    if found is None:  # no road for samples of this kind
        assert name != "photographs"
        return
    assert found.same, found
    assert found.answered or road in ("training's own predictions", "evaluate", "saved page")
