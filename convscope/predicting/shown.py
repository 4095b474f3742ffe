"""Which of many predictions are shown first."""

from collections.abc import Sequence

FIRST = 10  # that are shown where the truth is known, and more would say no more


def shown(truth: Sequence[object]) -> list[int]:
    """All where nothing is known yet; otherwise what comes after all that is known, gaps, and the rest."""
    unknown = [place for place, true in enumerate(truth) if true is None]
    known = [place for place, true in enumerate(truth) if true is not None]
    if not known or not unknown:
        return unknown or known[:FIRST]
    newest = [place for place in unknown if place > known[-1]]
    gaps = unknown[: len(unknown) - len(newest)]
    if newest:
        gaps = gaps[: max(0, FIRST - len(newest))]
    return [*newest, *gaps, *known[len(known) - max(0, FIRST - len(newest) - len(gaps)) :]]
