"""Moved to `convscope.trace.replay`."""

from convscope.trace.replay import run_again

__all__ = ["run_again"]
