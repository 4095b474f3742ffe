"""Which parts of the input a class's score depends on."""

import time
from math import ceil
from typing import Any

import torch
from torch import Tensor

from convscope.attribution import Attribution, attribute
from convscope.errors import ShapeError
from convscope.tracing import Ref
from convscope.tracing.structure import leaves, tensors_of
from convscope.web.messages.asked import one_of
from convscope.web.messages.kept import demand_class, kept
from convscope.web.messages.numbers import exact, sentence
from convscope.web.messages.scores import scores_of, scores_value
from convscope.web.session import Seen, Session
from convscope.web.types.parts import Sentence
from convscope.web.types.trying import AttributionMessage

METHODS = {
    "gradient": "gradient",
    "integrated": "integrated-gradients",
    "integrated-gradients": "integrated-gradients",
    "gradcam": "grad-cam",
    "grad-cam": "grad-cam",
    "occlusion": "occlusion",
}
ENOUGH = 2.0  # seconds that may be spent on runs of the model
STEPS = (12, 50)  # of integrated gradients: at least, at most
WINDOWS = (4, 15)  # positions of the cover on an axis: at least, at most
BATCH = 16
WORDS = {
    "gradient": "How fast the score rises with each number: d score/d input, with its sign.",
    "integrated-gradients": "What each number adds to the score on the way from an input of zeros: "
    "(input − 0) · mean gradient, over {steps} steps. Together {total}; the score rises by {rise}.",
    "grad-cam": "Where {layer} found evidence: ReLU(Σ mean gradient · map), enlarged to the input.",
    "occlusion": "How far the score falls when a window of {window} is covered with zeros, moved by "
    "{stride}; a place under several windows has the mean of their falls.",
}


def attribution(session: Session, method: str = "gradient", class_: int | None = None) -> AttributionMessage:
    """The message `Attribution` of static/messages.d.ts."""
    seen = session.seen
    method = METHODS[one_of(method, list(METHODS), "method of attribution")]
    scores = scores_of(seen.trace)
    said = int(scores[0].argmax()) if scores is not None else 0
    target = said if class_ is None else class_
    demand_class(seen, target)
    return kept(session, seen, f"{method} {target}", lambda: _attribution(session, seen, method, target))


def _attribution(session: Session, seen: Seen, method: str, target: int) -> AttributionMessage:
    if len(seen.inputs) != 1 or session.opened.keywords:
        raise ShapeError("attribution is for models with one input; this one takes several.")
    given = seen.inputs[0]
    if not (given.is_floating_point() or given.dtype == torch.uint8):
        raise ShapeError(
            "these inputs are not measured but counted (words, categories): they have no gradient."
        )
    options = _options(session, given.float(), method, target)
    found = attribute(session.model, given.float(), _asker(seen, target), method, batch=BATCH, **options)
    names = session.opened.classes
    return {
        "method": method,
        "target": names[target] if target < len(names) else str(target),
        "numbers": exact(_on_the_input(found.values[0])),
        "words": _words(found),
    }


def _on_the_input(values: Tensor) -> Tensor:
    """(channel, time) as it is; of planes and volumes the sum over the channels, (1, *space)."""
    return values if values.dim() < 3 else values.sum(0, keepdim=True)


def _asker(seen: Seen, target: int) -> Any:  # noqa: ANN401 - a class or a function
    """The class, or what picks its scores out of a model's output that is more than scores."""
    if isinstance(seen.trace.output, Ref):
        return target
    value = scores_value(seen.trace)
    refs = tensors_of(seen.trace.output)
    place = refs.index(value) if value in refs else 0

    def pick(output: Any) -> Tensor:  # noqa: ANN401
        tensors = [leaf for leaf in leaves(output) if isinstance(leaf, Tensor)]
        return tensors[place][:, target]

    return pick


def _options(session: Session, given: Tensor, method: str, target: int) -> dict[str, Any]:  # noqa: ARG001
    """As fine as a few seconds allow."""
    if method not in ("integrated-gradients", "occlusion"):
        return {}
    began = time.perf_counter()
    with torch.no_grad():
        session.model(given.clone())
    runs = int(ENOUGH / max(time.perf_counter() - began, 1e-4))
    if method == "integrated-gradients":
        return {"steps": max(STEPS[0], min(STEPS[1], runs // 3))}
    space = given.shape[2:]
    each = max(WINDOWS[0], min(WINDOWS[1], int(runs ** (1 / max(1, len(space))))))
    stride = tuple(max(1, ceil(size / each)) for size in space)
    window = tuple(min(size, 2 * step) for size, step in zip(space, stride, strict=True))
    return {"window": window, "stride": stride}


def _words(found: Attribution) -> Sentence:
    settings = {
        name: " × ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in found.settings.items()
    }
    gap = 0.0 if found.gap is None else float(found.gap[0])
    total = float(found.values[0].double().sum())
    added = {"total": f"{total:.4g}", "rise": f"{total - gap:.4g}"}
    return sentence(WORDS[found.method], layer=found.layer, **added, **settings)
