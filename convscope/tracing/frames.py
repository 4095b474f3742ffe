"""Which line of the person's own code an operation comes from."""

import linecache
import sys
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType

import torch

from convscope.tracing.graph import Source

HERE = str(Path(__file__).parent)
FOREIGN = (str(Path(torch.__file__).parent), HERE, "<eval_with_key>", "<frozen", "<string>")
LIBRARIES = ("/site-packages/keras/", "/site-packages/torch/")
AROUND_KERAS = str(Path(HERE).parent / "network" / "keras_network.py")
START = str(Path(HERE) / "forward.py")


def caller() -> Source | None:
    """The innermost frame that is neither torch's nor ours; None when nothing but torch runs in the model."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name == AROUND_KERAS or (name == START and frame.f_code.co_name == "_forward"):
            return None  # what lies further out called us
        if not _is_foreign(name):
            return Source(name, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return None


def raised_at(traceback: TracebackType | None) -> Source | None:
    """The innermost line of the person's own code that an exception came through."""
    found = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not _is_foreign(code.co_filename):
            found = Source(code.co_filename, traceback.tb_lineno, code.co_name)
        traceback = traceback.tb_next
    return found


def with_text(source: Source | None) -> Source | None:
    """The same with the words of the line."""
    return source and source._replace(text=linecache.getline(source.file, source.line).strip())


@cache
def _is_foreign(file: str) -> bool:
    return file.startswith(FOREIGN) or any(library in file for library in LIBRARIES)
