"""What the model said: a row of scores, if it gives one."""

from torch import Tensor

from convscope.explaining import Role, known
from convscope.network.model import probabilities
from convscope.tracing import Ref, Trace
from convscope.tracing.structure import leaves
from convscope.web.messages.numbers import plain
from convscope.web.session import Seen, Session
from convscope.web.types.parts import Prediction

MOST_CLASSES = 50_000


def scores_value(trace: Trace) -> int | None:
    """Index of the first output that is one row of floats: (1, class)."""
    for leaf in leaves(trace.output):
        if isinstance(leaf, Ref):
            value = trace.values[leaf.index]
            fits = len(value.shape) == 2 and value.shape[0] == 1 and 1 < value.shape[1] <= MOST_CLASSES
            if value.dtype.is_floating_point:
                return leaf.index if fits and value.tensor is not None else None
    return None


def scores_of(trace: Trace) -> Tensor | None:
    """(1, class); None where the model gives something else."""
    index = None if trace.failure else scores_value(trace)
    return None if index is None else trace.tensor(index)


def prediction(session: Session, seen: Seen) -> Prediction | None:
    """The message `Prediction` of static/messages.d.ts."""
    scores = scores_of(seen.trace)
    if scores is None:
        return None
    count, names = scores.shape[1], session.opened.classes
    said = scores[0].double() if _are_probabilities(seen.trace) else probabilities(scores[0])
    label = seen.label
    return {
        "classes": list(names) if len(names) == count else [str(place) for place in range(count)],
        "logits": [plain(value) for value in scores[0].tolist()],
        "probabilities": [plain(value) for value in said.tolist()],
        "truth": label if label is not None and 0 <= label < count else None,
    }


def _are_probabilities(trace: Trace) -> bool:
    """A model that ends in a softmax of its own has said what it believes."""
    index = scores_value(trace)
    made = None if index is None else trace.maker(trace.values[index])
    entry = made and known(made.op)
    return entry is not None and entry.role is Role.SHARES and entry.range == (0, 1)


def true_class(session: Session, seen: Seen) -> str | None:
    """The name of the input's class."""
    label, names = seen.label, session.opened.classes
    if label is None:
        return None
    return names[label] if 0 <= label < len(names) else str(label)
