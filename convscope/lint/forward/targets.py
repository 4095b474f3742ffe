"""Class numbers: targets of a loss, and entries of an embedding."""

import math
from typing import NamedTuple

import torch

from convscope.explaining import Role
from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import changed, replaced
from convscope.lint.forward.scene import Scene, kind_of
from convscope.shapes import AXES, show
from convscope.tracing.graph import Value


class LossInputs(NamedTuple):
    """What a loss over classes was given.

    Attributes:
        scores: (sample, class, …).
        target: one class number a sample.
        ways: a sentence on both.
    """

    scores: Value
    target: Value
    ways: str

    @property
    def per_class(self) -> bool:
        """Whether there is a number for every class, not one for the right one."""
        return len(self.scores.shape) > 1 and self.target.shape == self.scores.shape


def takes(scene: Scene, wants: str, targets: str) -> bool:
    """Whether it is a loss of such targets, and (where that is said) of such a first argument."""
    loss = scene.entry.loss
    return loss is not None and loss.targets == targets and wants in ("", loss.wants)


def _given(scene: Scene) -> LossInputs | None:
    """Scores and targets, of a loss over classes."""
    scores, target = scene.given("input"), scene.given("target")
    if not takes(scene, "", "classes") or not isinstance(scores, Value) or not isinstance(target, Value):
        return None
    ways = f"Scores are {scores.shape}, targets {target.shape} {kind_of(target.dtype)}."
    return LossInputs(scores, target, ways)


@rule(
    "forward",
    "target-column",
    why="cross_entropy takes one class number a sample, (sample,); labels that were "
    "read as a column are (sample, 1).",
    example="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.zeros(2, 3), torch.tensor([[0], [2]])
    """,
    fix="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.zeros(2, 3), torch.tensor([0, 2])
    """,
)
def column(scene: Scene) -> Finding | None:
    """Targets with an axis of 1 too many: a column, (sample, 1), or masks with a channel."""
    given = _given(scene)
    if given is None or len(given.scores.shape) < 2:
        return None
    samples, _, *space = given.scores.shape
    if given.target.shape != (samples, 1, *space):
        return None
    what = f"{scene.name} takes one class number a sample, (sample,), but got {given.target.shape}."
    if space:
        names = ", ".join(AXES.get(len(space), ()))
        what = f"{scene.name} takes a class a position, (sample, {names}), but got {given.target.shape}."
    fixes = changed(scene, given.target, ".squeeze(1)", 1)
    return Finding(what, given.ways, axis="axis 1 of the targets: one too many", fixes=fixes)


@rule(
    "forward",
    "scores-with-space-left",
    why="cross_entropy reads what stands behind the classes as positions, each with a class of its own. "
    "Where a sample has one class, height and width have to go before the last layer: flatten, or a mean.",
    example="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.zeros(2, 3, 4, 4), torch.tensor([0, 2])
    """,
    fix="""
        def model(scores, target):
            return F.cross_entropy(scores.mean((2, 3)), target)


        inputs = torch.zeros(2, 3, 4, 4), torch.tensor([0, 2])
    """,
)
def space_left(scene: Scene) -> Finding | None:
    """Scores that still have axes of space, for targets that are one a sample."""
    given = _given(scene)
    if given is None or len(given.scores.shape) < 3 or len(given.target.shape) != 1:
        return None
    space = given.scores.shape[2:]
    what = f"{scene.name} got scores for each of {show(space)} positions, and one class number a sample."
    names = " × ".join(AXES.get(len(space), ()))
    axis = f"axes from 2 on of {given.scores.shape}: {names} is {show(space)}, expected none"
    mean = ".flatten(2).mean(2)" if len(space) > 1 else ".mean(2)"
    advice = "Flatten or pool before the last layer; a mean over the space gives one score a class as well."
    cause = f"{given.ways} {scene.came(given.scores, 'The scores')}"
    return Finding(what, cause, axis=axis, fixes=changed(scene, given.scores, mean), advice=advice)


@rule(
    "forward",
    "one-hot-target",
    why="cross_entropy takes the number of the right class. A 1 at its place and 0 "
    "elsewhere says the same in another form; argmax gives the number back.",
    example="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.zeros(2, 3), torch.tensor([[1, 0, 0], [0, 0, 1]])
    """,
    fix="""
        def model(scores, target):
            return F.cross_entropy(scores, target.argmax(1))


        inputs = torch.zeros(2, 3), torch.tensor([[1, 0, 0], [0, 0, 1]])
    """,
)
def one_hot(scene: Scene) -> Finding | None:
    """Targets as large as the scores: a 1 at the right class instead of its number."""
    given = _given(scene)
    if given is None or not given.per_class:
        return None
    if takes(scene, "scores", "classes") and given.target.dtype.is_floating_point:
        return None
    what = f"{scene.name} takes the number of the right class, (sample,), but got a number for every class."
    axis = f"axis 1 of the targets: {given.target.shape[1]:,}, expected none"
    advice = "Probabilities of the classes are allowed in cross_entropy only, as fractions: target.float()."
    fixes = changed(scene, given.target, ".argmax(1)", 1)
    return Finding(what, given.ways, axis=axis, fixes=fixes, advice=advice)


@rule(
    "forward",
    "target-count",
    why="Each sample has one row of scores and one target. Where the counts differ, "
    "something before made rows of other things than samples.",
    example="""
        def model(scores, target):
            return F.cross_entropy(torch.cat([scores, scores]), target)


        inputs = torch.zeros(2, 6), torch.tensor([0, 2])
    """,
    fix="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.zeros(2, 6), torch.tensor([0, 2])
    """,
)
def counts(scene: Scene) -> Finding | None:
    """Another number of targets than rows of scores."""
    given = _given(scene)
    if given is None or len(given.scores.shape) < 2:
        return None
    rows, got = (math.prod(each.shape[:1]) for each in (given.target, given.scores))
    if rows == got:
        return None
    what = f"{scene.name} got {got:,} rows of scores for {rows:,} targets."
    axis = f"axis 0 (sample): got {got:,}, expected {rows:,}"
    cause = f"{given.ways} {scene.came(given.scores, 'The scores')}"
    advice = "Look for a view or flatten that does not keep one row a sample."
    return Finding(what, cause, axis=axis, advice=advice)


@rule(
    "forward",
    "target-dtype",
    why="Class numbers are counted, so they are whole: int64, torch's Long.",
    example="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.zeros(2, 3), torch.tensor([0.0, 2.0])
    """,
    fix="""
        def model(scores, target):
            return F.cross_entropy(scores, target.long())


        inputs = torch.zeros(2, 3), torch.tensor([0.0, 2.0])
    """,
)
def kind(scene: Scene) -> Finding | None:
    """Class numbers that are no int64."""
    given = _given(scene)
    if given is None or given.per_class:
        return None
    dtype = given.target.dtype
    if not (dtype.is_floating_point or dtype in (torch.int32, torch.int16, torch.bool)):
        return None
    what = f"{scene.name} takes class numbers as int64 (Long), but got {dtype}."
    return Finding(what, given.ways, fixes=changed(scene, given.target, ".long()", 1))


@rule(
    "forward",
    "target-out-of-range",
    why="Classes are numbered from 0: with 3 scores they are 0, 1 and 2.",
    example="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.zeros(3, 3), torch.tensor([1, 2, 3])
    """,
    fix="""
        def model(scores, target):
            return F.cross_entropy(scores, target - 1)


        inputs = torch.zeros(3, 3), torch.tensor([1, 2, 3])
    """,
)
def beyond(scene: Scene) -> Finding | None:
    """Class numbers that no score belongs to: counted from 1, negative, or too large."""
    given = _given(scene)
    if given is None or given.per_class:
        return None
    classes, numbers = given.scores.shape[:2][-1], given.target.numbers
    if numbers is None or not numbers.numel():
        return None
    low, high = int(numbers.min()), int(numbers.max())
    if low >= 0 and high < classes:
        return None
    what = f"Targets go from {low:,} to {high:,}, but the classes with scores are 0 to {classes - 1:,}."
    axis = f"axis 1 (class) of the scores: {classes:,}, expected at least {high + 1:,}"
    counted_from_one = low == 1 and high == classes
    fixes = changed(scene, given.target, " - 1", 1) if counted_from_one else ()
    advice = "" if fixes else f"Give the last layer {high + 1:,} outputs, or number the classes from 0."
    if low < 0:
        advice = (
            "Negative numbers are no classes; samples to leave out carry the number that is ignore_index."
        )
    return Finding(what, given.ways, axis=axis, fixes=fixes, advice=advice)


@rule(
    "forward",
    "embedding-index",
    why="An embedding is a table whose rows are looked up by whole numbers, counted "
    "from 0; there is no row beyond its last one.",
    example="""
        model = nn.Embedding(10, 4)
        inputs = torch.tensor([1, 12])
    """,
    fix="""
        model = nn.Embedding(13, 4)
        inputs = torch.tensor([1, 12])
    """,
)
def embedding(scene: Scene) -> Finding | None:
    """Entries that are not in the table, or are no whole numbers."""
    numbers, table = scene.given("input"), scene.given("weight")
    if scene.entry.role is not Role.LOOKUP or not isinstance(numbers, Value) or not isinstance(table, Value):
        return None
    if numbers.dtype not in (torch.int64, torch.int32):
        what = f"{scene.name} looks up rows by whole numbers (int64), but got {numbers.dtype}."
        cause = scene.came(numbers, "The tensor")
        return Finding(what, cause, fixes=changed(scene, numbers, ".long()"))
    if numbers.numbers is None or not numbers.numbers.numel():
        return None
    low, high = int(numbers.numbers.min()), int(numbers.numbers.max())
    if low >= 0 and high < table.shape[0]:
        return None
    rows = f"{table.shape[0]:,} rows, 0 to {table.shape[0] - 1:,}"
    what = f"{scene.name} has {rows}, but was asked for {low:,} to {high:,}."
    fixes: tuple[Fix, ...] = replaced(scene, num_embeddings=high + 1) if low >= 0 else ()
    axis = f"axis 0 (row) of the table: {table.shape[0]:,}, expected at least {high + 1:,}"
    return Finding(
        what,
        f"Its table is {table.shape}.",
        axis=axis,
        fixes=fixes,
        advice="Or look how the numbers are made.",
    )
