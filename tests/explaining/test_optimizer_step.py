import math

import pytest
import torch

from convscope.errors import ShapeError
from convscope.explaining.optimizer_step import AdamUpdate, SGDUpdate, State, optimizer_step
from convscope.explaining.rendering.python import python_name
from convscope.explaining.rendering.words import text

RULES = [
    (SGDUpdate(0.1), lambda weights: torch.optim.SGD(weights, 0.1)),
    (SGDUpdate(0.1, decay=0.3), lambda weights: torch.optim.SGD(weights, 0.1, weight_decay=0.3)),
    (SGDUpdate(0.1, momentum=0.9), lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9)),
    (
        SGDUpdate(0.1, momentum=0.9, nesterov=True, decay=0.3),
        lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9, nesterov=True, weight_decay=0.3),
    ),
    (AdamUpdate(0.01), lambda weights: torch.optim.Adam(weights, 0.01)),
    (
        AdamUpdate(0.01, betas=(0.8, 0.95), epsilon=1e-3, decay=0.3),
        lambda weights: torch.optim.Adam(weights, 0.01, (0.8, 0.95), 1e-3, weight_decay=0.3),
    ),
    (
        AdamUpdate(0.01, decay=0.3, decoupled=True),
        lambda weights: torch.optim.AdamW(weights, 0.01, weight_decay=0.3),
    ),
]


def remembered(optimizer, weight, number):
    """The state before a step, in our words."""
    kept = optimizer.state[weight]
    mean = kept.get("momentum_buffer", kept.get("exp_avg"))
    square = kept.get("exp_avg_sq")
    return State(number, *(None if each is None else each.clone() for each in (mean, square)))


@pytest.mark.parametrize(("rule", "make"), RULES, ids=lambda each: str(each) if not callable(each) else "")
def test_several_steps_are_those_of_torch(rule, make):
    torch.manual_seed(0)
    weight = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    optimizer = make([weight])
    for number in range(1, 6):
        weight.grad = torch.randn(3, 2, dtype=torch.float64)
        before, state = weight.detach().clone(), remembered(optimizer, weight, number)
        accounts = {
            at: optimizer_step(before, weight.grad, rule, state, at=at) for at in [(0, 0), (2, 1), (1, -1)]
        }
        optimizer.step()
        for at, account in accounts.items():
            assert account.result == pytest.approx(weight[at].item(), rel=1e-13, abs=1e-14)
            assert account.steps[-1].value == account.result
            assert run(account) == account.result


def run(account):
    """The steps' Python, line by line."""
    names = {"math": math}
    for step in account.steps:
        names[python_name(step.name)] = eval(step.code, names)
        assert names[python_name(step.name)] == step.value
    return names[python_name(account.steps[-1].name)]


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient():
    for gradient in (1e-4, 3.0, -50.0):
        account = optimizer_step(
            torch.tensor([1.0]), torch.tensor([gradient]), AdamUpdate(0.01, epsilon=0.0), at=(0,)
        )
        assert account.result == pytest.approx(1.0 - math.copysign(0.01, gradient), rel=1e-12)


def test_the_numbers_are_put_in():
    account = optimizer_step(
        torch.tensor([1.0, 2.0]),
        torch.tensor([0.0, -0.5]),
        SGDUpdate(0.1, momentum=0.5),
        State(2, torch.tensor([0.0, 1.0])),
        at=(1,),
    )
    assert [step.name for step in account.steps] == ["momentum", "weight"]
    assert text(account.steps[0].numbers) == "0.5·1 + (−0.5) = 0"
    assert text(account.numbers) == "2 − 0.1·0 = 2"


def test_words_for_what_does_not_fit():
    weight = torch.zeros(3, 2)
    with pytest.raises(ShapeError, match=r"the weight is \(3, 2\), its gradient or state \(2, 3\)"):
        optimizer_step(weight, torch.zeros(2, 3), SGDUpdate(0.1), at=(0, 0))
    with pytest.raises(ShapeError, match=r"there is no weight at \(3, 0\)"):
        optimizer_step(weight, weight, SGDUpdate(0.1), at=(3, 0))
