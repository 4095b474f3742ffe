"""One number with its proof."""

from typing import Any

from convscope.explain import explain, explain_gradient
from convscope.explain.receptive import box_on_input
from convscope.web.messages.numbers import Message, plain
from convscope.web.session import Session


def number(
    session: Session, index: int, at: tuple[int, ...], gradient: str, output: int, target: int
) -> Message:
    """The message `OneNumber` of static/messages.d.ts."""
    trace = session.seen.trace
    if gradient:
        found = explain_gradient(session.with_gradients(target), index, gradient, at, output)
        box = None
    else:
        found = explain(trace, index, at, output)
        box = box_on_input(trace, trace[index], found.at)
    return finite(found.as_dict()) | {"box": None if box is None else box.tolist(), "python": found.python()}


def finite(message: Any) -> Any:  # noqa: ANN401 - any message
    """JSON knows neither infinity nor NaN: null stands for them."""
    match message:
        case dict():
            return {key: finite(value) for key, value in message.items()}
        case list() | tuple():
            return [finite(value) for value in message]
        case float():
            return plain(message)
    return message
