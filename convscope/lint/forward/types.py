"""Kinds of numbers, devices, and things that are no tensors."""

import re

import torch

from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import behind, changed
from convscope.lint.forward.scene import Scene, kind_of
from convscope.lint.trial import attribute
from convscope.tracing.graph import Call, Ref, Value

SPOKEN = (
    "dtype",
    "scalar type",
    "same type",
    "not implemented for",
    "type (",
    "DoubleTensor",
    "Long",
    "double",
)
MOVED_FIRST = ("constant", "input", "activation", "buffer", "parameter")
WORDS = {
    torch.uint8: "uint8 (whole numbers 0 to 255, as pictures come from files)",
    torch.float64: "float64 (NumPy's usual kind; torch's weights are float32)",
    torch.int64: "int64 (whole numbers)",
}


@rule(
    "forward",
    "dtype-mismatch",
    why="Weights are float32. Pictures come from files as uint8 (0 to 255), NumPy "
    "makes float64, counts are int64: a tensor has to be brought to the weights' "
    "kind.",
    example="""
        model = nn.Linear(3, 2)
        inputs = torch.ones(2, 3, dtype=torch.float64)
    """,
    fix="""
        model = nn.Linear(3, 2)
        inputs = torch.ones(2, 3, dtype=torch.float64).float()
    """,
)
def kind_of_numbers(scene: Scene) -> Finding | None:
    """A tensor of another kind of numbers than the weights, or whole numbers where fractions are needed."""
    value = scene.input
    if value is None or not any(word in scene.message for word in SPOKEN):
        return None
    weights = [each for each in _weights(scene) if each.dtype.is_floating_point]
    if weights and weights[0].dtype != value.dtype:
        expected, why = weights[0].dtype, f"its weights (`{weights[0].name}`) are {kind_of(weights[0].dtype)}"
    elif not weights and not value.dtype.is_floating_point:
        expected, why = torch.get_default_dtype(), "this operation needs fractions"
    else:
        return None
    kind = WORDS.get(value.dtype, kind_of(value.dtype))
    what = f"{scene.name} got {kind_of(value.dtype)} numbers, but needs {kind_of(expected)}."
    cause = f"The tensor {value.shape} is {kind}, and {why}. {scene.came(value)}"
    method = f".to({expected})" if expected != torch.float32 else ".float()"
    fixes = changed(
        scene, _first_of_kind(scene, value), f"{method} / 255" if value.dtype == torch.uint8 else method
    )
    return Finding(what, cause, fixes=fixes + _line(scene, value, method))


def _weights(scene: Scene) -> list[Value]:
    found = [each for each in scene.tensors[1:] if each.role in ("parameter", "buffer")]
    if found or scene.module is None:
        return found or scene.tensors[1:]
    own = {id(each) for each in scene.module.parameters()}
    return [each for each in scene.trace.values if each.role == "parameter" and id(each.tensor) in own] or [
        Value(-1, "parameter", name, tuple(each.shape), each.dtype, str(each.device), None)
        for name, each in scene.module.named_parameters()
    ]


def _first_of_kind(scene: Scene, value: Value) -> Value:
    """The model's input, where it was of this kind from the start."""
    origin = scene.origin(value)
    return origin if origin.role == "input" and origin.dtype == value.dtype else value


def _line(scene: Scene, value: Value, method: str) -> tuple[Fix, ...]:
    text = behind(scene, 0, method) if value.role != "input" else ""
    return scene.rewritten(text)


@rule(
    "forward",
    "device-mismatch",
    why="A tensor lies in the memory of one device, and an operation works on tensors "
    "of one device only. What a forward makes itself has to be made where its "
    "input is.",
    example="""
        def model(x):
            return x + torch.zeros(3, device="meta")


        inputs = torch.zeros(2, 3)
    """,
    fix="""
        def model(x):
            return x + torch.zeros(3, device=x.device)


        inputs = torch.zeros(2, 3)
    """,
)
def device(scene: Scene) -> Finding | None:
    """Tensors on different devices."""
    if "device" not in scene.message:
        return None
    values = [each for each in scene.tensors if each.shape or each.device != "cpu"]
    first = values[0] if values else None
    other = next((each for each in values if first and each.device != first.device), None)
    if first is None or other is None:
        return None
    what = f"{scene.name} got tensors on different devices: {first.device} and {other.device}."
    cause = "; ".join(f"{_called(each)} {each.shape} is on {each.device}" for each in (first, other)) + "."
    moves = min((first, other), key=lambda each: MOVED_FIRST.index(_origin(scene, each)))
    target = (other if moves is first else first).device
    positions = [
        place
        for place, given in enumerate(scene.node.args if scene.node else ())
        if given == Ref(moves.index)
    ]
    fixes = changed(scene, moves, f'.to("{target}")', positions[0]) if positions else ()
    advice = f'Or move the model once: model.to("{moves.device}").'
    if _origin(scene, moves) == "constant":
        advice = f"A tensor made in the forward needs the device: torch.zeros(…, device=x.device). {advice}"
    return Finding(what, cause, fixes=fixes, advice=advice)


def _origin(scene: Scene, value: Value) -> str:
    """Role of a value; "constant" also for what the forward made out of nothing, with `torch.zeros` say."""
    return "constant" if scene.origin(value).role == "activation" else value.role


def _called(value: Value) -> str:
    return f"the {value.role} `{value.name}`" if value.name else f"the {value.role}"


def _no_tensor(scene: Scene) -> str:
    """The type of what came where a tensor was needed; "" where that was not the trouble."""
    got = re.search(r"must be Tensor, not (\w+)", scene.message) or re.search(r"got \((\w+),", scene.message)
    wrong = scene.failure.kind == "TypeError" and got and got[1] not in ("Tensor", "Parameter")
    return got[1] if got and wrong else ""


@rule(
    "forward",
    "not-a-tensor",
    why="Operations work on tensors. A forward without `return` gives None; a file "
    "name, a list or a NumPy array has to be made a tensor first.",
    example="""
        model = nn.Linear(3, 2)
        inputs = ([[0.0, 1.0, 2.0]],)
    """,
    fix="""
        model = nn.Linear(3, 2)
        inputs = torch.tensor([[0.0, 1.0, 2.0]])
    """,
)
def no_tensor(scene: Scene) -> Finding | None:
    """Something that is no tensor came to an operation: None, a tuple, a list, text."""
    kind = _no_tensor(scene)
    if not kind:
        return None
    what = f"{scene.name} needs a tensor, but got {_article(kind)}."
    if kind == "NoneType":
        cause, advice = (
            "The module before it returned nothing.",
            "Look whether its forward ends with a `return`.",
        )
        return Finding(what, cause, advice=advice)
    cause = (
        f"The model was given {_article(kind)}."
        if not scene.trace.inputs
        else f"{scene.name} works on tensors."
    )
    advice = (
        "Make it one: torch.as_tensor(…, dtype=torch.float32), with axes (sample, channel, height, width)."
    )
    return Finding(what, cause, advice=advice)


def _article(kind: str) -> str:
    return "None" if kind == "NoneType" else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


@rule(
    "forward",
    "tuple-of-output-and-state",
    why="LSTM, GRU and RNN give their output at every step and their last state; "
    "attention gives its output and its weights. The next layer takes the first "
    "alone.",
    example="""
        model = nn.Sequential(nn.LSTM(3, 8), nn.Linear(8, 2))
        inputs = torch.zeros(5, 1, 3)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm, self.fc = nn.LSTM(3, 8), nn.Linear(8, 2)

            def forward(self, x):
                x, _ = self.lstm(x)
                return self.fc(x)


        model = Net()
        inputs = torch.zeros(5, 1, 3)
    """,
)
def pair(scene: Scene) -> Finding | None:
    """Both things that a recurrent layer or attention gives, where its output alone was meant."""
    maker = _two_things(scene)
    if maker is None or _no_tensor(scene) != "tuple":
        return None
    what = f"{scene.name} needs a tensor, but got a tuple."
    attention = maker.kind == "MultiheadAttention"
    second = "the weights of the attention" if attention else "its last state"
    cause = f"`{maker.path}` gives two things: its output at every step, and {second}."
    line = behind(scene, 0, "[0]")
    call = f"{attribute(maker.path)}({'x, x, x' if attention else 'x'})"
    advice = f"Or take it apart where it is made: `x, {'weights' if attention else 'state'} = {call}`."
    above = scene.trace.calls[scene.call.parent or 0]
    if above.kind == "Sequential":
        advice = f"nn.Sequential hands both on; write a forward of your own, with `x, _ = {call}`."
    return Finding(what, cause, fixes=scene.rewritten(line), advice=advice)


def _two_things(scene: Scene) -> Call | None:
    """The last module that gave a tuple: an output, and a state or the attention."""
    kinds = ("LSTM", "GRU", "RNN", "MultiheadAttention")
    return next((call for call in reversed(scene.trace.calls) if call.kind in kinds and call.outputs), None)
