"""Calls: of a forward, of what holds modules, of what gives or takes several tensors."""

import re
from difflib import get_close_matches
from typing import Any

from torch import nn

from convscope.lint.finding import Finding, rule
from convscope.lint.forward.scene import Scene
from convscope.lint.signature import needed, parameters
from convscope.lint.trial import attribute
from convscope.tracing.graph import Call

NO_OPERATION = "No operation of torch failed: the error comes from the Python code of the model."


@rule(
    "forward",
    "forward-arguments",
    why="A model is called with what its forward takes: several inputs as a tuple, or by their names.",
    example="""
        class Net(nn.Module):
            def forward(self, x, mask):
                return x * mask


        model = Net()
        inputs = torch.zeros(2, 3)
    """,
    fix="""
        class Net(nn.Module):
            def forward(self, x, mask):
                return x * mask


        model = Net()
        inputs = torch.zeros(2, 3), torch.ones(2, 3)
    """,
)
def arguments(scene: Scene) -> Finding | None:
    """A forward that was called with too few, too many, or other arguments than it takes."""
    words = (
        "required positional argument",
        "required keyword-only",
        "unexpected keyword",
        "positional argument",
    )
    if scene.failure.kind != "TypeError" or scene.node or not any(word in scene.message for word in words):
        return None
    if not isinstance(scene.module, nn.Module) or "forward()" not in scene.message:
        return None
    asked = needed(scene.module.forward)
    optional = [
        f"{each.name}={each.default!r}"
        for each in parameters(scene.module.forward).values()
        if each.default is not each.empty
    ]
    takes = f"forward({', '.join([*asked, *optional])})"
    own = not scene.call.path
    who = "The model" if own else f"The module {scene.name}"
    what = f"{who} was called with other arguments than its forward takes: {takes}."
    args, kwargs = scene.trace.given
    gave = [*(_shown(each) for each in args), *(f"{name}={_shown(each)}" for name, each in kwargs.items())]
    cause = f"It needs {len(asked)} ({', '.join(asked) or 'none'})" + (
        f", and was given {len(gave)}: {', '.join(gave) or 'nothing'}." if own else "."
    )
    return Finding(what, cause, advice=_how(asked) if own else f"Look at the call on {scene.name}.")


def _how(asked: list[str]) -> str:
    names = ", ".join(asked) + "," * (len(asked) == 1)
    pairs = ", ".join(f"{name!r}: {name}" for name in asked)
    return f"Give several inputs as a tuple, trace(model, ({names})), or by name: trace(model, {{{pairs}}})."


def _shown(given: Any) -> str:  # noqa: ANN401
    return "a tensor" if type(given).__name__ == "Ref" else type(given).__name__


@rule(
    "forward",
    "recursive-forward",
    why="A forward that calls self(…) or self.forward(…) starts anew each time, until Python gives up.",
    example="""
        class Net(nn.Module):
            def forward(self, x):
                return self(x + 1)


        model = Net()
        inputs = torch.zeros(2, 3)
    """,
    fix="""
        class Net(nn.Module):
            def forward(self, x):
                return x


        model = Net()
        inputs = torch.zeros(2, 3)
    """,
)
def endless(scene: Scene) -> Finding | None:
    """A forward that calls itself."""
    if scene.failure.kind != "RecursionError":
        return None
    what = (
        f"The model calls itself without end: {len(scene.trace.nodes):,} operations ran, then Python gave up."
    )
    cause = "A forward that calls self.forward(…) or self(…) starts anew each time."
    return Finding(what, cause, advice="Call the layers of the module in its forward, not the module itself.")


@rule(
    "forward",
    "called-module-list",
    why="nn.ModuleList and nn.ModuleDict hold modules; in what order they are called, "
    "they do not say. nn.Sequential calls one after the other.",
    example="""
        model = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 2)])
        inputs = torch.zeros(4, 3)
    """,
    fix="""
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
        inputs = torch.zeros(4, 3)
    """,
)
def holder(scene: Scene) -> Finding | None:
    """A list or dict of modules that was called."""
    if not _lacks_forward(scene) or not isinstance(scene.module, nn.ModuleList | nn.ModuleDict):
        return None
    kind, name = scene.call.kind, attribute(scene.call.path)
    what = f"{scene.name} is an nn.{kind}: it holds modules, and cannot be called itself."
    one = f"{name}[key](x)" if kind == "ModuleDict" else f"for layer in {name}: x = layer(x)"
    also = "" if kind == "ModuleDict" else "; or make it nn.Sequential, which calls one after the other"
    return Finding(
        what, "A holder does not say in what order its modules are called.", advice=f"Write `{one}`{also}."
    )


@rule(
    "forward",
    "part-without-forward",
    why="A part that is called runs its method `forward`; one that is misspelt or "
    "indented wrongly is not found.",
    example="""
        class Part(nn.Module):
            def foward(self, x):
                return x + 1


        model = nn.Sequential(Part())
        inputs = torch.zeros(2, 3)
    """,
    fix="""
        class Part(nn.Module):
            def forward(self, x):
                return x + 1


        model = nn.Sequential(Part())
        inputs = torch.zeros(2, 3)
    """,
)
def no_forward(scene: Scene) -> Finding | None:
    """A part of the model without a forward: the method is missing, misspelt or indented wrongly."""
    if not _lacks_forward(scene):
        return None
    what = f"{scene.call.kind} has no forward: the method is missing, misspelt or indented wrongly."
    cause = "nn.Module calls `forward` and finds none."
    return Finding(what, cause, advice="Write `def forward(self, x):`.")


def _lacks_forward(scene: Scene) -> bool:
    missing = scene.failure.kind == "NotImplementedError" and "forward" in scene.message
    return scene.node is None and missing


@rule(
    "forward",
    "unpacked-tensor",
    why="A tensor that is taken apart gives one piece for each entry of its axis 0. "
    "Linear and Conv give one tensor; LSTM, GRU and attention give two things.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 2)

            def forward(self, x):
                x, state = self.fc(x)
                return x


        model = Net()
        inputs = torch.zeros(4, 3)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 2)

            def forward(self, x):
                x = self.fc(x)
                return x


        model = Net()
        inputs = torch.zeros(4, 3)
    """,
)
def unpacked(scene: Scene) -> Finding | None:
    """Several names for one tensor."""
    if scene.node is not None:
        return None
    found = re.search(r"values to unpack \(expected (\d+)", scene.message)
    if not found:
        return None
    what = (
        f"{scene.name}: {found[1]} names stand on the left, but what stands on the right has another number."
    )
    last = next((call for call in reversed(scene.trace.calls[1:]) if call.outputs), None)
    gave = f" The last layer, `{last.path}`, gave {_outputs(scene, last)}." if last else ""
    cause = f"A tensor that is taken apart gives one piece for each entry of its axis 0.{gave}"
    advice = (
        "A layer such as Linear or Conv gives one tensor; LSTM and attention give two things, GRU as well."
    )
    return Finding(what, cause, advice=advice)


def _outputs(scene: Scene, call: Call) -> str:
    return ", ".join(str(scene.trace.values[index].shape) for index in call.outputs)


@rule(
    "forward",
    "concat-arguments",
    why="torch.cat takes the tensors as one tuple or list; its second argument is the axis.",
    example="""
        def model(a, b):
            return torch.cat(a, b)


        inputs = torch.zeros(2, 3), torch.zeros(2, 3)
    """,
    fix="""
        def model(a, b):
            return torch.cat((a, b), dim=1)


        inputs = torch.zeros(2, 3), torch.zeros(2, 3)
    """,
)
def not_a_list(scene: Scene) -> Finding | None:
    """Tensors that are put together one by one, cat(a, b) for cat((a, b))."""
    if scene.node is not None:
        return None
    found = re.match(
        r"(cat|stack|concat|concatenate|hstack|vstack)\(\): .* must be tuple of Tensors", scene.message
    )
    if not found:
        return None
    what = f"{found[1]} takes the tensors as one tuple or list; here they stand one by one."
    cause = f"The second argument of torch.{found[1]} is the axis."
    return Finding(what, cause, advice=f"Write torch.{found[1]}((a, b), dim=1): along the channels.")


@rule(
    "forward",
    "module-dict-key",
    why="nn.ModuleDict has the modules by the names that they were given.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.parts = nn.ModuleDict({"head": nn.Linear(3, 2)})

            def forward(self, x):
                return self.parts["heed"](x)


        model = Net()
        inputs = torch.zeros(4, 3)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.parts = nn.ModuleDict({"head": nn.Linear(3, 2)})

            def forward(self, x):
                return self.parts["head"](x)


        model = Net()
        inputs = torch.zeros(4, 3)
    """,
)
def no_key(scene: Scene) -> Finding | None:
    """A name that a ModuleDict does not have."""
    if scene.node is not None or scene.failure.kind != "KeyError" or not isinstance(scene.module, nn.Module):
        return None
    asked = scene.message.strip("'")
    holders = {path: each for path, each in scene.module.named_modules() if isinstance(each, nn.ModuleDict)}
    known = "; ".join(f"`{path}` has {', '.join(map(repr, each))}" for path, each in holders.items())
    what = f"{scene.name} asks for {asked!r}, which is not there."
    return Finding(what, f"{known}." if known else NO_OPERATION, advice=_near(asked, holders))


def _near(asked: str, holders: dict[str, nn.ModuleDict]) -> str:
    names = [name for each in holders.values() for name in each]
    return "".join(f"Did you mean {near!r}?" for near in get_close_matches(asked, names, n=1, cutoff=0.6))
