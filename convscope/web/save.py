"""Take away: the explorer as one HTML file, with the answers to everything that can be pressed inside.

The file holds a few samples. Each has its own table of answers, by the address that the page asks for;
pressing another sample turns to another table.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convscope.errors import DataError
from convscope.outputs import Output, OutputForm, head
from convscope.web.gathering import collected
from convscope.web.inline import inlined
from convscope.web.later import Later
from convscope.web.messages.data.results import PATIENCE
from convscope.web.session import Session
from convscope.web.table import SavedAnswers
from convscope.web.types.data import Saving

BUDGET = 20 * 2**20  # bytes of the file
TITLE = b"<title>convscope</title>"  # of index.html
PAGE = OutputForm("page", (".html", ".htm"), lambda path: TITLE in head(path))


@dataclass(frozen=True)
class SavedPage:
    """A page that is ready to be written.

    Attributes:
        html: all of it.
        samples: inputs that are in it.
    """

    html: bytes
    samples: int


def save(
    session: Session,
    path: Path,
    samples: Sequence[int] | None = None,
    budget: int = BUDGET,
    *,
    force: bool = False,
) -> int:
    """Write the explorer as one HTML file, whole or not at all; gives its size in bytes.

    Args:
        session: what is on the screen; it stays as it is.
        path: where to; an older page that is there is replaced.
        samples: places in the data; None: the one on the screen and a few wrong, right and unsure ones.
        budget: bytes that the file may have, about; what lies deepest is left out first.
        force: replace any other file, too.

    Raises:
        DataError: it may not stand there, or cannot be written; see `convscope.outputs`.
    """
    output = Output(path, PAGE, force=force)
    output.demand()
    made = page(session, samples, budget)
    output.write(made.html)
    return len(made.html)


def page(session: Session, samples: Sequence[int] | None = None, budget: int = BUDGET) -> SavedPage:
    """Make the page, so that its size can be told before it is written."""
    table = collected(copy.copy(session), samples, budget - len(_written(SavedAnswers("", 0))))
    return SavedPage(_written(table), len(table.inputs))


def _written(table: SavedAnswers) -> bytes:
    return inlined(table.as_dict()).encode()


def prepared(session: Session) -> SavedPage:
    """The page of what is on the screen, made once, in the background; waits for it."""
    with session.lock:
        making = session.seen.kept.setdefault("save", Later(lambda: page(session)))
    found = making.get(PATIENCE)
    if found is None:
        raise DataError("the page is still being made.\n  Come back in a while.")
    return found


def stated(session: Session) -> Saving:
    """The message `Saving` of static/messages.d.ts: what the file holds, before it is written."""
    made = prepared(session)
    return {"bytes": len(made.html), "samples": made.samples, "name": name(session)}


def name(session: Session) -> str:
    """What the file is called: letters, digits and dashes of the title."""
    plain = re.sub(r"[^\w.-]+", "-", Path(session.title).name).strip("-.")
    return f"{plain or 'convscope'}.html"
