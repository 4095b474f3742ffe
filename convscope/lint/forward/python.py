"""Errors of the person's own Python, and those that no rule knows."""

from difflib import get_close_matches

from torch import nn

from convscope.lint.finding import Finding, rule
from convscope.lint.forward.calls import NO_OPERATION
from convscope.lint.forward.scene import Scene, kind_of
from convscope.lint.making.names import IMPORTS


@rule(
    "forward",
    "tensor-as-condition",
    why="An `if`, `and`, `or` or `not` needs one answer; a tensor of several numbers "
    "has one for each. torch.where chooses number by number.",
    example="""
        def model(x):
            return x if x > 0 else -x


        inputs = torch.ones(2, 3)
    """,
    fix="""
        def model(x):
            return torch.where(x > 0, x, -x)


        inputs = torch.ones(2, 3)
    """,
)
def truth(scene: Scene) -> Finding | None:
    """`if tensor:` with several numbers."""
    if "Boolean value of Tensor" not in scene.message or scene.input is None:
        return None
    what = f"{scene.name} asks whether {scene.input.shape} is true: that is a question for each number of it."
    cause = "An `if`, `and`, `or` or `not` needs one answer."
    advice = (
        "For one answer: (x > 0).all() or .any(). For a choice number by number: torch.where(x > 0, x, -x)."
    )
    return Finding(what, cause, advice=advice)


@rule(
    "forward",
    "error-in-forward",
    why="The code of a forward is Python: a name that has no value, or an attribute "
    "that __init__ does not set, stops it before any operation of torch.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 2)

            def forward(self, x):
                return self.fcc(x)


        model = Net()
        inputs = torch.zeros(4, 3)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 2)

            def forward(self, x):
                return self.fc(x)


        model = Net()
        inputs = torch.zeros(4, 3)
    """,
)
def python(scene: Scene) -> Finding | None:
    """Any other error of the person's own code."""
    if scene.node is not None:
        return None
    what = f"{scene.failure.kind} in the code of the model, at {scene.name}: {scene.message}."
    return Finding(what.replace("..", "."), NO_OPERATION, advice=_nearest(scene))


def _nearest(scene: Scene) -> str:
    """For a name that is not there, the one that may have been meant."""
    error = scene.failure.exception
    name = getattr(error, "name", None)
    if not isinstance(error, AttributeError | NameError) or not name:
        return ""
    if isinstance(error, NameError):
        if name in IMPORTS:
            return f"`{name}` is not imported. Write at the top of the file: `{IMPORTS[name]}`"
        own = f"Did you mean `self.{name}`? " if hasattr(scene.module, name) else ""
        return f"{own}`{name}` is no variable of this forward and was not imported: give it a value before."
    owner = getattr(error, "obj", None)
    owner = scene.module if owner is None else owner
    known = [*vars(owner)] if hasattr(owner, "__dict__") else []
    known += [child for child, _ in owner.named_children()] if isinstance(owner, nn.Module) else dir(owner)
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    missing = (
        f"`{name}` is not set in __init__ of {type(owner).__name__}." if isinstance(owner, nn.Module) else ""
    )
    return " ".join(filter(None, (missing, f"Did you mean `{near[0]}`?" if near else "")))


@rule(
    "forward",
    "operation-failed",
    why="An operation fails in a way that no other rule knows: its shapes and torch's own words are shown, "
    "and nothing is made up.",
    example="""
        model = torch.linalg.cholesky
        inputs = -torch.eye(2)
    """,
    fix="""
        model = torch.linalg.cholesky
        inputs = torch.eye(2)
    """,
)
def unknown(scene: Scene) -> Finding:
    """Any other operation that fails: only what is certain is said."""
    shapes = ", ".join(f"{value.shape} {kind_of(value.dtype)}" for value in scene.tensors)
    return Finding(f"{scene.name} failed.", f"It was given {shapes or 'no tensors'}.")
