"""What if: one thing changed in a copy of the model, and what comes of it; the model itself stays."""

import copy

from convscope.errors import TraceError
from convscope.explaining.axes import usual
from convscope.tracing import Node, Ref, trace
from convscope.tracing.structure import leaves
from convscope.web.messages.asked import node_at
from convscope.web.messages.kept import kept
from convscope.web.messages.layout import layouts
from convscope.web.messages.network.failure import failure
from convscope.web.messages.scores import prediction
from convscope.web.messages.thumbnails import thumbnail
from convscope.web.messages.trying import changes
from convscope.web.messages.trying.changes import Change
from convscope.web.session import Seen, Session
from convscope.web.types.parts import Numbers, Prediction
from convscope.web.types.trying import Before, Edit, EditChoices, Edited, Outcome, Undone


def choices(session: Session, op: int) -> EditChoices:
    """The message `EditChoices` of static/messages.d.ts."""
    seen = session.seen
    node = node_at(seen.trace, op)
    kernel = changes.kernel_of(seen.trace, node)
    activation = changes.activation_of(seen.trace, node)
    settings = changes.settings_of(seen.trace, node)
    return {
        "kernel": kernel and {"outputs": kernel.outputs, "inputs": kernel.inputs, "size": list(kernel.size)},
        "channels": changes.channels_of(seen.trace, node),
        "activations": list(dict.fromkeys([activation, *changes.ACTIVATIONS])) if activation else [],
        "activation": activation,
        "settings": [{"setting": name, "value": value} for name, value in settings.items()],
        "before": _before(session, seen, op) if session.edits else None,
    }


def _before(session: Session, seen: Seen, index: int) -> Before:
    """This input through the model as it was opened."""
    said, pictures = kept(session, seen, "before", lambda: _original(session, seen))
    return {"prediction": said, "thumbnail": pictures.get(index)}


def _original(session: Session, seen: Seen) -> tuple[Prediction | None, dict[int, Numbers]]:
    """What is said, and the small picture of each operation."""
    found = Seen(trace(session.original, seen.inputs, session.opened.keywords), seen.given)
    axes = layouts(found.trace)
    pictures = {}
    for node in found.trace.nodes:
        for output in node.outputs[:1]:
            value = found.trace.values[output]
            pictures[node.index] = thumbnail(value, axes.get(output) or usual(len(value.shape)))
    return prediction(session, found), pictures


def edit(session: Session, body: Edit) -> Edited:
    """Try something; answers with what was before and what is now."""
    with session.lock:
        seen = session.seen
        index = body["op"]
        node = node_at(seen.trace, index)
        change = _change(seen, node, body)
        before = _outcome(session, seen, index)
        _apply(session, [*session.tried, change], keep=True)
        return {
            "words": change.words,
            "edited": list(session.edits),
            "before": before,
            "after": _outcome(session, session.seen, index),
        }


def _change(seen: Seen, node: Node, body: Edit) -> Change:
    if body["what"] == "kernel":
        return changes.with_kernel(seen.trace, node, body["output"], body["input"], body["values"])
    if body["what"] == "channel":
        return changes.without_channel(seen.trace, node, body["channel"])
    if body["what"] == "activation":
        return changes.with_activation(seen.trace, node, body["to"])
    return changes.with_setting(seen.trace, node, body["setting"], body["value"])


def _apply(session: Session, tried: list[Change], *, keep: bool) -> None:
    """Send the input through the model with these changes; `keep`: all but the last are made already."""
    try:
        model = session.sandbox() if keep else copy.deepcopy(session.original)
    except (TypeError, RuntimeError) as error:
        raise TraceError(f"this model cannot be copied, so nothing can be tried on it: {error}") from error
    for change in tried[-1:] if keep else tried:
        model = change.apply(model)
    session.model, session.tried = model, tried
    session.edits = [change.words for change in tried[:-1]]
    session.again(tried[-1].words)


def undo(session: Session) -> Undone:
    """Take the last change back."""
    with session.lock:
        if len(session.tried) > 1:
            _apply(session, session.tried[:-1], keep=False)
        else:
            session.reset()
        return {"trace": session.seen.key, "edited": list(session.edits)}


def reset(session: Session) -> Undone:
    """The model as it was opened."""
    session.reset()
    return {"trace": session.seen.key, "edited": []}


def _outcome(session: Session, seen: Seen, index: int) -> Outcome:
    """What the model gave, and the operation."""
    output = next((leaf.index for leaf in leaves(seen.trace.output) if isinstance(leaf, Ref)), None)
    nodes = seen.trace.nodes
    made = nodes[index].outputs if index < len(nodes) else ()
    return {
        "prediction": prediction(session, seen),
        "shape": list(seen.trace.values[made[0]].shape) if made else [],
        "output": [] if output is None else list(seen.trace.values[output].shape),
        "failure": failure(session, seen, None),
    }
