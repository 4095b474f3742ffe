"""Numbers travel once: named in messages, fetched as bytes, kept within bounds."""

import json

import numpy as np
import torch
from torch import nn

from convscope.opening import Opened
from convscope.web.dispatch import answer
from convscope.web.messages import GET
from convscope.web.messages.numbers import as_json, exact
from convscope.web.session import Session
from convscope.web.values import LAST, Data, ValueStore


def test_a_channel_message_names_what_goes_in_and_all_channels_name_the_same():
    torch.manual_seed(0)
    given = torch.randn(1, 64, 112, 112)
    session = Session(Opened("conv", nn.Conv2d(64, 64, 3, padding=1).eval(), (given,)))
    first, second = (as_json(answer(GET, session, f"channel/0/{c}"), session.values.name) for c in (5, 6))
    assert len(first) < 5_000
    one, other = (json.loads(each)["window"]["input"]["data"]["value"] for each in (first, second))
    assert one == other
    found = np.frombuffer(session.values.get(one), "<f4").reshape(64, 112, 112)
    np.testing.assert_array_equal(found, given[0].numpy())


def test_few_numbers_stand_in_the_message():
    message = json.loads(as_json({"a": exact(torch.ones(9)), "b": exact(torch.ones(9999))}, lambda _: "name"))
    assert isinstance(message["a"]["data"], str)
    assert message["b"]["data"] == {"value": "name"}


def test_what_was_named_longest_ago_goes_first():
    values = ValueStore(room=40 * 100)
    names = [values.name(Data(bytes([each]) * 100)) for each in range(50)]
    values.name(Data(bytes([20]) * 100))  # named again: the last one now
    assert [name for name in names if values.get(name) is None] == names[:10]
    names += [values.name(Data(bytes([each]) * 100)) for each in range(50, 80)]
    assert values.get(names[20]) is not None
    assert values.get(names[21]) is None


def test_the_last_ones_stay_however_large():
    values = ValueStore(room=10)
    names = [values.name(Data(bytes([each]) * 100)) for each in range(LAST + 3)]
    assert [values.get(name) is not None for name in names] == [False] * 3 + [True] * LAST
