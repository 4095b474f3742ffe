"""Losses that compare number by number."""

from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import changed
from convscope.lint.forward.scene import Scene, kind_of
from convscope.lint.forward.targets import takes
from convscope.tracing.graph import Value


@rule(
    "forward",
    "loss-shapes",
    why="A loss that compares number by number needs a target for each number, in the same shape.",
    example="""
        def model(scores, target):
            return F.binary_cross_entropy_with_logits(scores, target)


        inputs = torch.zeros(4, 1), torch.ones(4)
    """,
    fix="""
        def model(scores, target):
            return F.binary_cross_entropy_with_logits(scores, target.unsqueeze(1))


        inputs = torch.zeros(4, 1), torch.ones(4)
    """,
)
def sizes_of_both(scene: Scene) -> Finding | None:
    """A loss that compares number by number, with two shapes."""
    scores, target = scene.given("input"), scene.given("target")
    spoken = "Target size" in scene.message or "must match the size of tensor" in scene.message
    if not spoken or not takes(scene, "", "numbers"):
        return None
    if not isinstance(scores, Value) or not isinstance(target, Value):
        return None
    what = f"{scene.name} compares number by number, but got {scores.shape} and {target.shape}."
    cause = scene.came(scores, "The scores")
    axis = f"{scores.shape} against {target.shape}"
    if scores.shape == (*target.shape, 1):
        return Finding(what, cause, axis=axis, fixes=changed(scene, target, ".unsqueeze(1)", 1))
    advice = "Give both one shape: look where an axis became longer or shorter than meant."
    return Finding(what, cause, axis=axis, advice=advice)


@rule(
    "forward",
    "loss-of-scores-for-probabilities",
    why="binary_cross_entropy takes probabilities. Scores go to "
    "binary_cross_entropy_with_logits, which applies the sigmoid itself and is "
    "exact for large ones as well.",
    example="""
        def model(scores, target):
            return F.binary_cross_entropy(scores, target)


        inputs = torch.tensor([-3.0, 5.0]), torch.tensor([0.0, 1.0])
    """,
    fix="""
        def model(scores, target):
            return F.binary_cross_entropy_with_logits(scores, target)


        inputs = torch.tensor([-3.0, 5.0]), torch.tensor([0.0, 1.0])
    """,
)
def probabilities(scene: Scene) -> Finding | None:
    """Binary cross-entropy of scores that did not go through a sigmoid, or of targets beyond 0 … 1."""
    if not takes(scene, "probabilities", "numbers") or "between 0 and 1" not in scene.message:
        return None
    wrong = "target" if "target" in scene.message else "input"
    value = scene.given(wrong)
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
    fixes = (Fix(layers=own),) if own else scene.rewritten(line)
    advice = (
        "Or put torch.sigmoid around the scores; the loss that takes scores is exact for large ones as well."
    )
    return Finding(what, cause, fixes=fixes, advice=advice)


@rule(
    "forward",
    "whole-number-target",
    why="A loss that compares number by number takes fractions; class numbers are for cross_entropy.",
    example="""
        def model(scores, target):
            return F.binary_cross_entropy_with_logits(scores, target)


        inputs = torch.zeros(2), torch.tensor([0, 1])
    """,
    fix="""
        def model(scores, target):
            return F.binary_cross_entropy_with_logits(scores, target.float())


        inputs = torch.zeros(2), torch.tensor([0, 1])
    """,
)
def by_number(scene: Scene) -> Finding | None:
    """A loss that compares number by number got whole numbers as targets."""
    target = scene.given("target")
    if not takes(scene, "", "numbers") or not isinstance(target, Value) or target.dtype.is_floating_point:
        return None
    what = f"{scene.name} compares with fractions (float32), but its targets are {kind_of(target.dtype)}."
    cause = "Class numbers are for cross_entropy; here each target is a number such as 0.0 or 1.0."
    return Finding(what, cause, fixes=changed(scene, target, ".float()", 1))
