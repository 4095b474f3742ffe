"""What the page can ask for: address → who answers.

An answer takes the session and what was asked, and returns plain lists, numbers and words: a message of
static/messages.d.ts. Its arguments are the words of the address, see `dispatch.py`.
"""

from collections.abc import Callable
from typing import Any

from convscope.web.messages.channels.channel import channel
from convscope.web.messages.channels.layer import layer
from convscope.web.messages.channels.number import number
from convscope.web.messages.channels.step import step
from convscope.web.messages.data.likeness import nearest, plane
from convscope.web.messages.data.results import check, results
from convscope.web.messages.data.runs import runs, versus
from convscope.web.messages.data.samples import samples
from convscope.web.messages.data.session import session
from convscope.web.messages.network.graph import graph
from convscope.web.messages.network.operation import operation
from convscope.web.messages.trying.attribution import attribution
from convscope.web.messages.trying.filters import filtered, filters
from convscope.web.messages.trying.input import choose_input
from convscope.web.messages.trying.whatif import choices, edit, reset, undo

GET: dict[str, Callable[..., Any]] = {
    "session": session,
    "graph": graph,
    "operation/{op}": operation,
    "layer/{op}": layer,
    "channel/{op}/{channel}": channel,
    "number/{op}": number,
    "step/{op}": step,
    "edit/{op}": choices,
    "attribution": attribution,
    "filters": filters,
    "samples": samples,
    "results": results,
    "check": check,
    "plane": plane,
    "nearest": nearest,
    "runs": runs,
    "versus": versus,
}
POST: dict[str, Callable[..., Any]] = {
    "input": choose_input,
    "edit": edit,
    "undo": undo,
    "reset": reset,
    "filter": filtered,
}
FREE = {
    "session",
    "samples",
    "results",
    "check",
    "plane",
    "nearest",
    "runs",
    "versus",
    "save",
}  # nobody waits for them
