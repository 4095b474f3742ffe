"""A model that raises: everything up to there, and where it was."""

import pytest
import torch
from torch import nn

from convscope.tracing import trace


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 5), nn.Linear(6, 2)

    def forward(self, x):
        x = self.first(x).relu()
        return self.second(x)  # 5 numbers arrive where 6 are expected


class Net(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        return self.block(x * 2)


def test_everything_before_the_failure_is_there():
    result = trace(Net(Block()), torch.ones(3, 4))
    assert [node.name for node in result.nodes] == ["mul", "block.first", "block.relu"]
    assert torch.equal(result.tensor(result["mul"].outputs[0]), torch.full((3, 4), 2.0))
    assert result.output is None
    assert "failed: RuntimeError" in repr(result)


def test_the_failure_says_where():
    failure = trace(Net(Block()), torch.ones(3, 4)).failure
    assert failure.kind == "RuntimeError"
    assert "mat1 and mat2 shapes cannot be multiplied (3x5 and 6x2)" in failure.message
    assert failure.node.op == "linear"
    assert failure.source.text == "return self.second(x)  # 5 numbers arrive where 6 are expected"
    assert failure.source.function == "forward"
    assert isinstance(failure.exception, RuntimeError)


def test_the_failure_knows_its_module_and_what_came_in():
    result = trace(Net(Block()), torch.ones(3, 4))
    assert result.calls[result.failure.call].path == "block.second"
    assert [result.calls[call].path for call in chain(result, result.failure.call)] == [
        "block.second",
        "block",
        "",
    ]
    shapes = [result.values[index].shape for index in result.failure.node.inputs]
    assert shapes == [(3, 5), (2, 6), (2,)]


def chain(result, call):
    while call is not None:
        yield call
        call = result.calls[call].parent


class Own(nn.Module):
    def forward(self, x):
        if x.shape[1] == 4:
            raise ValueError("four is too many")
        return x


def test_an_error_of_the_persons_own_has_no_operation():
    failure = trace(Net(Own()), torch.ones(3, 4)).failure
    assert (failure.kind, failure.message, failure.node) == ("ValueError", "four is too many", None)
    assert failure.source.text == 'raise ValueError("four is too many")'


class Late(nn.Module):
    """Catches one error, and fails with another one later."""

    def __init__(self):
        super().__init__()
        self.wrong, self.last = nn.Linear(9, 1), nn.Linear(7, 1)

    def forward(self, x):
        try:
            x = self.wrong(x)
        except RuntimeError:
            x = x + 1
        return self.last(x)


def test_an_error_that_was_caught_is_not_the_failure():
    result = trace(Late(), torch.ones(3, 4))
    assert result.calls[result.failure.call].path == "last"
    assert "(3x4 and 7x1)" in result.failure.message
    assert [node.op for node in result.nodes] == ["add"]


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(7, 1)

    def forward(self, x):
        try:
            return self.layer(x)
        except RuntimeError as error:
            raise ValueError("this net takes 7 columns") from error


def test_an_error_that_was_put_in_other_words_keeps_its_operation():
    failure = trace(Wrapped(), torch.ones(3, 4)).failure
    assert (failure.kind, failure.node.op) == ("ValueError", "linear")


def test_the_wrong_arguments_are_a_failure_too():
    result = trace(nn.Linear(4, 2), (torch.ones(3, 4), torch.ones(3)))
    assert result.failure.kind == "TypeError"
    assert not result.nodes


def test_an_interrupt_is_not_swallowed():
    def stop(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trace(stop, torch.ones(1))
    assert trace(nn.ReLU(), torch.ones(1)).failure is None  # nothing was left switched on


def test_a_failed_trace_can_be_saved(tmp_path):
    from convscope.tracing import load_trace

    result = trace(Net(Block()), torch.ones(3, 4))
    result.save(tmp_path / "failed.trace")
    failure = load_trace(tmp_path / "failed.trace").failure
    assert failure.node.inputs == result.failure.node.inputs
    assert (failure.kind, failure.message, failure.call, failure.source) == (
        result.failure.kind,
        result.failure.message,
        result.failure.call,
        result.failure.source,
    )
