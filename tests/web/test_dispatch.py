"""Addresses and requests → the arguments of who answers; what is no such word is refused with a sentence."""

import pytest
from typing_extensions import TypedDict

from convscope.errors import ConvscopeError, DataError, ShapeError
from convscope.web.dispatch import NoAddress, answer


class Body(TypedDict):
    op: int
    values: list[float]


def channel(session, op: int, channel: int, at: tuple[int, ...] = (), class_: str = "", rate: float = 1.0):
    return op, channel, at, class_, rate


def sent(session, body: Body):
    return body


TABLE = {"channel/{op}/{channel}": channel, "edit": sent}


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("channel/5/24", (5, 24, (), "", 1.0)),
        ("channel/-5/24?at=1,2,%203&rate=1e-2", (-5, 24, (1, 2, 3), "", 0.01)),
        ("channel/5/24?class=Fire+%26+water&trace=ab&at=&rate=", (5, 24, (), "Fire & water", 1.0)),
        ("channel/5/24?op=7&channel=8", (5, 24, (), "", 1.0)),
    ],
)
def test_words_are_read_by_the_types_of_the_arguments(address, given):
    assert answer(TABLE, None, address) == given


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("channel/one/2", "'op' is a whole number, got 'one'"),
        ("channel/1/٣", "'channel' is a whole number"),
        ("channel/1/" + "9" * 50, "got '99999999999999999999'"),
        ("channel/1/2?at=1,x", "'at' is a whole number, got 'x'"),
        ("channel/1/2?rate=much", "'rate' is a number, got 'much'"),
    ],
)
def test_what_is_no_such_word_is_named(address, told):
    with pytest.raises(ShapeError, match=told):
        answer(TABLE, None, address)


@pytest.mark.parametrize(
    "address",
    ["", "channel/5", "channel/5/6/7", "other/5/6", "channels/5/6", "edit/", "channel//6", "channel/5/"],
)
def test_nobody_answers_elsewhere(address):
    with pytest.raises(NoAddress, match="there is no address"):
        answer(TABLE, None, address)


def test_what_is_sent_has_the_type_of_the_body():
    assert answer(TABLE, None, "edit", {"op": 3, "values": [1, 2.5]}) == {"op": 3, "values": [1, 2.5]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "wrong"),
        ({"op": "3", "values": []}, "wrong at 'op'"),
        ({"op": True, "values": []}, "wrong at 'op'"),
        ({"op": 3, "values": [1, "x"]}, "wrong at 'values 1'"),
        ({"op": 3}, "wrong at 'values'"),
    ],
)
def test_what_is_sent_and_is_no_such_thing_is_named(body, told):
    with pytest.raises(DataError, match=told) as refused:
        answer(TABLE, None, "edit", body)
    assert isinstance(refused.value, ConvscopeError)
