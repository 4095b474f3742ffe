"""The weights of moments of training, and what was wished on the way, in the run folder and after a stop."""

import pytest
import torch
from safetensors.torch import load_file

import convscope
from convscope import recipe
from convscope.errors import RunError
from convscope.training.events import Checkpoint, TrainingStep, Wish

SMALL = {"network": "strided", "epochs": 2, "threads": 1, "batch": 200, "val": 0.1}


def followed(events, wishes, stop=None):
    """Go through a stream, wish after some steps, and stop after the checkpoint behind another."""
    event, step = next(events), 0
    try:
        while True:
            wish = None
            if isinstance(event, TrainingStep):
                step, wish = event.step, wishes.get(event.step)
            if isinstance(event, Checkpoint) and step == stop:
                events.close()
                return
            event = events.send(wish)
    except StopIteration:
        return


@pytest.fixture
def plan(tmp_path):
    def make(where, **given):
        return recipe.plan("digits", runs=tmp_path / where, **SMALL, **given)

    return make


def test_snapshots_are_files_of_the_run_and_open_as_models(plan):
    run = recipe.last(recipe.stream(plan("runs", snapshots=5)))
    steps = int(run.facts["steps"])
    assert run.snapshots[0] == 0
    assert run.snapshots[-1] == steps
    assert len(run.snapshots) == 5
    assert {path.name for path in (run.path / "snapshots").iterdir()} == {
        f"{step}.safetensors" for step in run.snapshots
    }
    for step in run.snapshots:
        there = load_file(run.path / "snapshots" / f"{step}.safetensors")  # the library's own reader
        model = run.model(step=step).state_dict()
        assert there.keys() == model.keys()
        assert all(torch.equal(there[name], model[name]) for name in there)
    last = load_file(run.path / "last.safetensors")
    body = {name: value for name, value in last.items() if name.startswith("network.")}
    end = run.model(step=steps).state_dict()
    assert all(torch.equal(end[name], value) for name, value in body.items())
    with pytest.raises(
        RunError, match=f"no snapshot of step 999999: it kept those of the steps 0, .*{steps}"
    ):
        run.model(step=999999)


def test_none_are_kept_where_none_are_wanted_or_have_room(plan):
    for given in ({"snapshots": 0}, {"snapshot_budget": 0.001}):
        run = recipe.last(recipe.stream(plan("none", **given)))
        assert run.snapshots == ()
        assert not (run.path / "snapshots").exists()
        with pytest.raises(RunError, match="it kept none"):
            run.model(step=0)


def test_a_changed_snapshot_is_refused(plan):
    run = recipe.last(recipe.stream(plan("runs", snapshots=2)))
    file = run.path / "snapshots" / "0.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(RunError, match=r"snapshots/0\.safetensors is damaged"):
        convscope.load(run.path)


def test_a_stop_and_a_wish_give_what_a_wish_without_stop_gives(plan):
    """The wish is in the checkpoint behind it, so that going on goes on with it."""
    wishes = {2: Wish(rate=0.5), 5: Wish(rate=2.0)}
    followed(recipe.stream(plan("whole")), wishes)
    followed(recipe.stream(plan("stopped")), wishes, stop=5)
    whole, stopped = (convscope.load(plan(name).runs / "latest") for name in ("whole", "stopped"))
    assert not stopped.finished
    followed(recipe.go_on(stopped), {})
    expected = [
        {"step": 2, "what": "learning rate", "factor": 0.5},
        {"step": 5, "what": "learning rate", "factor": 2.0},
    ]
    assert whole.changes == stopped.changes == expected
    assert whole.snapshots == stopped.snapshots
    assert whole.layers == stopped.layers
    ends = [load_file(run.path / "last.safetensors") for run in (whole, stopped)]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    rates = [line["lr"] for line in whole.steps]
    plain = recipe.last(recipe.stream(plan("plain"))).steps
    for line, rate in zip(plain, rates, strict=True):
        factor = 1.0 if line["step"] <= 2 else 0.5 if line["step"] <= 5 else 2.0
        assert rate == pytest.approx(factor * line["lr"], rel=1e-4)
