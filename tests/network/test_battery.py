"""What every network of the table must do; a new entry is tested by its line in NETWORKS."""

import inspect

import pytest
import torch
from torch.nn.functional import cross_entropy

from convscope.errors import ShapeError
from convscope.network import NETWORKS, ONE_AXIS, build, table, takes

PARAMETERS = {  # at 1×28×28 with 10 classes, as the issue states them
    "plain": 28_938,
    "strided": 33_770,
    "basic": 8_490,
    "pooled": 38_186,
    "inception": 97_298,
    "residual": 41_514,
}
SAMPLES = [  # channels, classes, space
    (1, 10, (28, 28)),
    (3, 2, (33, 47)),
    (1, 5, (140,)),
    (7, 3, (57,)),
    (1, 10, (24, 24, 24)),
    (2, 4, (25, 31, 26)),
]
SPACE = {name: (28, 28) if takes(name, 2) else (28,) for name in NETWORKS}
AXES = [(name, axes) for name in NETWORKS for axes in (1, 2, 3) if takes(name, axes)]


def made(name, channels=1, classes=10, space=None, seed=0):
    """The network, narrow where it can be: what is tested does not depend on the width."""
    width = 0.125 if "width" in inspect.signature(NETWORKS[name]).parameters else None
    torch.manual_seed(seed)
    return build(name, channels, classes, space or SPACE[name], width=width)


@pytest.mark.parametrize(
    ("name", "channels", "classes", "space"),
    [(name, *sample) for name in NETWORKS for sample in SAMPLES if takes(name, len(sample[2]))],
    ids=str,
)
def test_every_weight_learns_in_all_dimensions_that_a_network_takes(name, channels, classes, space):
    network = made(name, channels, classes, space)
    x = torch.randn(4, channels, *space)
    scores = network(x)
    assert scores.shape == (4, classes)
    cross_entropy(scores, torch.arange(4) % classes).backward()
    for path, weight in network.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.isfinite().all(), path
        if weight.dim() > 1:  # a bias before BatchNorm has no effect, so no gradient either
            assert weight.grad.any(), path


@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_alone_decides_the_weights(name):
    first, again, other = (made(name, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_fit_check_leaves_no_trace(name):
    torch.manual_seed(5)
    NETWORKS[name](1, 10, SPACE[name])
    expected = torch.rand(3)
    torch.manual_seed(5)
    network = build(name, 1, 10, SPACE[name])
    assert torch.equal(torch.rand(3), expected)
    assert all(module.training for module in network.modules())
    torch.manual_seed(5)
    untouched = NETWORKS[name](1, 10, SPACE[name]).state_dict()
    assert all(torch.equal(value, untouched[key]) for key, value in network.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_single_sample_is_judged_as_in_a_batch(name):
    network = made(name).eval()
    x = torch.randn(3, 1, *SPACE[name])
    with torch.no_grad():
        one_by_one = torch.cat([network(sample) for sample in x.split(1)])
        torch.testing.assert_close(one_by_one, network(x))


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_go_from_one_network_into_another(name):
    source, target = made(name, seed=1).eval(), made(name, seed=2).eval()
    target.load_state_dict(source.state_dict())
    x = torch.randn(2, 1, *SPACE[name])
    assert torch.equal(source(x), target(x))


@pytest.mark.parametrize(("name", "axes"), [(name, axes) for name, axes in AXES if axes > 1])
def test_memory_layout_changes_nothing(name, axes):
    network = made(name, 3, 10, (28,) * axes).eval()
    x = torch.randn(2, 3, *(28,) * axes)
    expected = network(x)
    side_by_side = torch.channels_last if axes == 2 else torch.channels_last_3d
    network = network.to(memory_format=side_by_side)
    torch.testing.assert_close(network(x.contiguous(memory_format=side_by_side)), expected)


@pytest.mark.parametrize(("name", "axes"), AXES)
def test_every_size_works_or_is_refused_with_the_smallest_that_works(name, axes):
    sizes = range(1, 26) if axes < 3 else (1, 2, 3, 5, 8, 15, 23, 24, 25)
    works = []
    for size in sizes:
        try:
            made(name, 1, 3, (size,) * axes)
        except ShapeError as error:
            smallest = str(error).partition("The smallest that fit are ")[2].partition(":")[0]
            made(name, 1, 3, tuple(int(number) for number in smallest.split(" × ")))
            assert not works, f"works at {works[-1]} and not at {size}"
        else:
            works.append(size)
    assert 25 in works


@pytest.mark.parametrize("name", ONE_AXIS)
@pytest.mark.parametrize("axes", [2, 3])
def test_what_takes_one_axis_refuses_more_and_names_what_takes_them(name, axes):
    with pytest.raises(ShapeError, match=r"got 28 × 28.*\n.*, such as fast or resnet"):
        made(name, 1, 3, (28,) * axes)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_have_names(name):
    paths = [path for path, _ in made(name).named_modules() if path]
    assert not any(part.isdigit() for path in paths for part in path.split("."))


def test_the_table_states_the_parameters():
    rows = {row["name"]: row for row in table()}
    assert list(rows) == list(NETWORKS)
    assert {name: rows[name]["parameters"] for name in PARAMETERS} == PARAMETERS
    assert all(row["description"].endswith(".") for row in rows.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_table_counts_what_is_built_at_the_shape_it_states(name):
    row = next(row for row in table(2, 7, (36, 30)) if row["name"] == name)
    channels, *space = row["shape"]
    assert (channels, *space) == ((2, 36, 30) if takes(name, 2) else (2, 140))
    built = build(name, channels, 7, tuple(space))
    assert row["parameters"] == sum(weight.numel() for weight in built.parameters())


@pytest.mark.parametrize("space", [(57,), (24, 24, 24)])
def test_the_table_counts_signals_and_volumes_as_well(space):
    assert all(row["shape"] == (3, *space) for row in table(3, 2, space) if takes(row["name"], len(space)))
