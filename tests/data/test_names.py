import pytest

from convscope.data.names import Numbered, natural


def test_names_are_those_of_a_list():
    names = Numbered({"train": 3, "val": 0, "test": 2})
    written = ["train 0", "train 1", "train 2", "test 0", "test 1"]
    assert list(names) == written
    assert [names[index] for index in range(-5, 5)] == written * 2
    assert names[1:4] == written[1:4]
    for index in (5, -6):
        with pytest.raises(IndexError):
            names[index]


def test_natural_order():
    assert sorted(["b", "a10", "A9", "a 1", "10", "9", ""], key=natural) == [
        "",
        "9",
        "10",
        "A9",
        "a10",
        "a 1",
        "b",
    ]
    assert sorted(["Cat", "cat"], key=natural) == sorted(["cat", "Cat"], key=natural)
    numbers = ["1", "1 a", "1a2", "1a10", "a", "a1", "a1b", "a01c", "a2"]
    assert sorted([*numbers[1::2], *numbers[::2]], key=natural) == numbers
