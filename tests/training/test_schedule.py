import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convscope.settings import TrainingSettings
from convscope.training.schedule import Stages, rate

SCHEDULES = ("constant", "step", "cosine", "onecycle")


def rates(name, steps, peak=1.0):
    return [rate(name, step, steps, peak) for step in range(steps)]


def test_written_out():
    assert rates("constant", 3, 0.5) == [0.5, 0.5, 0.5]
    assert rates("step", 6, 1.0) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert rates("cosine", 2, 1.0) == pytest.approx([0.8535534, 0.1464466])
    assert rates("onecycle", 5, 1.0) == pytest.approx([0.5, 0.875, 0.625, 0.375, 0.125])


@pytest.mark.parametrize(
    ("name", "torchs"),
    [
        ("constant", lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0)),
        ("step", lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=30, gamma=0.1)),
        ("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=180)),
    ],
)
def test_torchs_own_schedules_say_the_same(name, torchs):
    """Torch takes the rate at the beginning of a step, we at its middle: so theirs runs twice as finely."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = torchs(optimizer)
    theirs = []
    for _ in range(180):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    expected = theirs[:90] if name == "step" else theirs[1::2]
    assert rates(name, 90, 0.3) == pytest.approx(expected, rel=1e-6)


@given(st.sampled_from(SCHEDULES), st.integers(1, 400), st.floats(1e-6, 10))
def test_a_rate_is_above_nothing_and_never_above_the_peak(name, steps, peak):
    assert all(0 < value <= peak * (1 + 1e-12) for value in rates(name, steps, peak))


@given(st.sampled_from(SCHEDULES), st.integers(2, 400))
def test_a_rate_climbs_first_if_ever(name, steps):
    values = rates(name, steps)
    top = values.index(max(values))
    assert values[: top + 1] == sorted(values[: top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)
    assert name == "onecycle" or top == 0


@given(st.integers(10, 1000))
def test_onecycle_climbs_for_a_fifth_and_ends_near_0(steps):
    values = rates("onecycle", steps)
    assert values.index(max(values)) == pytest.approx(steps / 5, abs=1)
    assert values[-1] <= 1 / steps


@pytest.mark.parametrize(
    ("epochs", "refitting"), [(60, 18), (10, 3), (3, 1), (2, 1), (1.4, 1), (1, 0), (0.5, 0), (2.5, 1)]
)
@pytest.mark.parametrize("name", SCHEDULES)
def test_with_refit_the_rate_goes_its_way_once_more(name, epochs, refitting):
    """The last epochs, about a third and one at least, have a course of their own, up to the very end."""
    settings = TrainingSettings(epochs=epochs, schedule=name, lr=0.1, refit=0.3)
    stages, steps = Stages.of(settings, 10), max(1, round(10 * epochs))
    assert stages.steps == steps
    turn = min(steps, 10 * (-(-steps // 10) - refitting))
    assert [stages.refits(step) for step in range(steps + 2)] == [
        turn <= step < steps for step in range(steps + 2)
    ]
    found = [stages.rate(step) for step in range(steps)]
    assert found == rates(name, turn, 0.1) + rates(name, steps - turn, 0.1)


def test_without_refit_there_is_one_course():
    stages = Stages.of(TrainingSettings(epochs=3, schedule="onecycle", lr=0.1), 10)
    assert not any(stages.refits(step) for step in range(31))
    assert [stages.rate(step) for step in range(30)] == rates("onecycle", 30, 0.1)
