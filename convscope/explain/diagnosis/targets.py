"""Class numbers: targets of a loss, and entries of an embedding."""

import math

import torch

from convscope.explain.diagnosis.code import changed, replaced
from convscope.explain.diagnosis.finding import Finding, Fix
from convscope.explain.diagnosis.scene import Scene
from convscope.trace.graph import Value

LOSSES = ("cross_entropy", "nll_loss")


def loss(scene: Scene) -> Finding | None:
    """Targets that do not fit the scores."""
    scores, target = scene.argument(0, "input"), scene.argument(1, "target")
    if scene.op not in LOSSES or not isinstance(scores, Value) or not isinstance(target, Value):
        return None
    ways = f"Scores are {scores.shape}, targets {target.shape} {str(target.dtype).removeprefix('torch.')}."
    if target.shape == (*scores.shape[:1], 1) and len(scores.shape) == 2:
        what = f"{scene.name} takes one class number a sample, (sample,), but got {target.shape}."
        return Finding(
            what, ways, "axis 1 of the targets: one too many", changed(scene, target, ".squeeze(1)", 1)
        )
    rows, given = (math.prod(each.shape[:1]) for each in (target, scores))
    if len(scores.shape) > 1 and rows != given:
        what = f"{scene.name} got {given:,} rows of scores for {rows:,} targets."
        axis = f"axis 0 (sample): got {given:,}, expected {rows:,}"
        cause = f"{ways} {scene.came(scores, 'The scores')}"
        return Finding(
            what, cause, axis, advice="Look for a view or flatten that does not keep one row a sample."
        )
    if target.dtype.is_floating_point or target.dtype in (torch.int32, torch.int16, torch.bool):
        what = f"{scene.name} takes class numbers as int64 (Long), but got {target.dtype}."
        return Finding(what, ways, "", changed(scene, target, ".long()", 1))
    return _range(scene, scores, target, ways)


def _range(scene: Scene, scores: Value, target: Value, ways: str) -> Finding | None:
    classes = scores.shape[:2][-1]
    if target.tensor is None or not target.tensor.numel():
        return None
    low, high = int(target.tensor.min()), int(target.tensor.max())
    if low >= 0 and high < classes:
        return None
    what = f"Targets go from {low:,} to {high:,}, but the classes with scores are 0 to {classes - 1:,}."
    axis = f"axis 1 (class) of the scores: {classes:,}, expected at least {high + 1:,}"
    counted_from_one = low == 1 and high == classes
    fixes = changed(scene, target, " - 1", 1) if counted_from_one else ()
    advice = "" if fixes else f"Give the last layer {high + 1:,} outputs, or number the classes from 0."
    if low < 0:
        advice = (
            "Negative numbers are no classes; samples to leave out carry the number that is ignore_index."
        )
    return Finding(what, ways, axis, fixes, advice)


def embedding(scene: Scene) -> Finding | None:
    """Entries that are not in the table, or are no whole numbers."""
    numbers, table = scene.argument(0, "input"), scene.argument(1, "weight")
    if scene.op != "embedding" or not isinstance(numbers, Value) or not isinstance(table, Value):
        return None
    if numbers.dtype not in (torch.int64, torch.int32):
        what = f"{scene.name} looks up rows by whole numbers (int64), but got {numbers.dtype}."
        cause = scene.came(numbers, "The tensor")
        return Finding(what, cause, "", changed(scene, numbers, ".long()"))
    if numbers.tensor is None or not numbers.tensor.numel():
        return None
    low, high = int(numbers.tensor.min()), int(numbers.tensor.max())
    if low >= 0 and high < table.shape[0]:
        return None
    rows = f"{table.shape[0]:,} rows, 0 to {table.shape[0] - 1:,}"
    what = f"{scene.name} has {rows}, but was asked for {low:,} to {high:,}."
    fixes: tuple[Fix, ...] = replaced(scene, num_embeddings=high + 1) if low >= 0 else ()
    axis = f"axis 0 (row) of the table: {table.shape[0]:,}, expected at least {high + 1:,}"
    return Finding(what, f"Its table is {table.shape}.", axis, fixes, "Or look how the numbers are made.")


def sizes_of_both(scene: Scene) -> Finding | None:
    """A loss that compares number by number, with two shapes."""
    scores, target = scene.argument(0, "input"), scene.argument(1, "target")
    if "Target size" not in scene.message or not isinstance(scores, Value) or not isinstance(target, Value):
        return None
    what = f"{scene.name} compares number by number, but got {scores.shape} and {target.shape}."
    cause = scene.came(scores, "The scores")
    fixes = changed(scene, target, ".unsqueeze(1)", 1) if scores.shape == (*target.shape, 1) else ()
    return Finding(
        what, cause, f"{scores.shape} against {target.shape}", fixes, "" if fixes else "Give both one shape."
    )
