"""Class numbers: targets of a loss, and entries of an embedding."""

import math

import torch

from convscope.lint.diagnosis.code import changed, replaced
from convscope.lint.diagnosis.finding import Finding, Fix
from convscope.lint.diagnosis.scene import Scene
from convscope.tracing.graph import Value

LOSSES = ("cross_entropy", "nll_loss")
BY_NUMBER = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "huber_loss")


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
    if target.shape == scores.shape and len(scores.shape) > 1:
        return _one_hot(scene, target, ways)
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


def _one_hot(scene: Scene, target: Value, ways: str) -> Finding | None:
    """Targets as large as the scores: a 1 at the right class instead of its number."""
    if scene.op == "cross_entropy" and target.dtype.is_floating_point:
        return None
    what = f"{scene.name} takes the number of the right class, (sample,), but got a number for every class."
    axis = f"axis 1 of the targets: {target.shape[1]:,}, expected none"
    advice = "Probabilities of the classes are allowed in cross_entropy only, as fractions: target.float()."
    return Finding(what, ways, axis, changed(scene, target, ".argmax(1)", 1), advice)


def _range(scene: Scene, scores: Value, target: Value, ways: str) -> Finding | None:
    classes = scores.shape[:2][-1]
    if target.numbers is None or not target.numbers.numel():
        return None
    low, high = int(target.numbers.min()), int(target.numbers.max())
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
    if numbers.numbers is None or not numbers.numbers.numel():
        return None
    low, high = int(numbers.numbers.min()), int(numbers.numbers.max())
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


def by_number(scene: Scene) -> Finding | None:
    """A loss that compares number by number got whole numbers as targets."""
    target = scene.argument(1, "target")
    if scene.op not in BY_NUMBER or not isinstance(target, Value) or target.dtype.is_floating_point:
        return None
    kind = str(target.dtype).removeprefix("torch.")
    what = f"{scene.name} compares with fractions (float32), but its targets are {kind}."
    cause = "Class numbers are for cross_entropy; here each target is a number such as 0.0 or 1.0."
    return Finding(what, cause, "", changed(scene, target, ".float()", 1))


def probabilities(scene: Scene) -> Finding | None:
    """Binary cross-entropy of scores that did not go through a sigmoid, or of targets beyond 0 … 1."""
    if scene.op != "binary_cross_entropy" or "between 0 and 1" not in scene.message:
        return None
    wrong = "target" if "target" in scene.message else "input"
    value = scene.argument(*((1, "target") if wrong == "target" else (0, "input")))
    if not isinstance(value, Value) or value.numbers is None:
        return None
    low, high = (float(value.numbers.detach().amin()), float(value.numbers.detach().amax()))
    what = f"{scene.name} needs numbers from 0 to 1, but its {wrong} goes from {low:.4g} to {high:.4g}."
    if wrong == "target":
        return Finding(
            what, "A target is 0, 1 or a share between.", advice="Scale the targets, or number them."
        )
    cause = "These are scores: what makes probabilities of them, the sigmoid, is missing."
    whole = f"{scene.op}("
    line = scene.where.text.replace(whole, f"{scene.op}_with_logits(")
    own = {scene.call.path: "nn.BCEWithLogitsLoss()"} if scene.call.kind == "BCELoss" else {}
    fixes = (Fix(layers=own),) if own else (Fix(line=line),) if whole in scene.where.text else ()
    advice = (
        "Or put torch.sigmoid around the scores; the loss that takes scores is exact for large ones as well."
    )
    return Finding(what, cause, "", fixes, advice)
