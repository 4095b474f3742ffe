"""Going on with what was begun, a single run or a study of several."""

from pathlib import Path
from typing import Any

from convscope import recipe, repeating
from convscope.errors import SettingsError
from convscope.repeating import Repeated
from convscope.run import Run, folders
from convscope.watching import shown


def resume(
    run: str | Path | Run,
    *,
    epochs: float | None = None,
    data: Any = None,  # noqa: ANN401 - as `train`
    device: str | None = None,
    threads: int | None = None,
    runs: str | Path = folders.ROOT,
    progress: bool | None = None,
) -> Run | Repeated:
    """Go on with a run, or with what is left of a study, and return it, trained to its end.

    An interrupted run comes to the same bits as if it had not been. With more `epochs` a finished run is
    trained on too, also one that stopped early: patience counts anew. With a constant learning rate its last
    weights are those of a run of so many epochs at once; any other schedule is laid out over all of them.

    Args:
        run: itself, its folder, its name in `runs`, or "latest"; or those of a study.
        epochs: how many in all, more than it was set to.
        data: where its data are now, or the arrays (X, y) that it was trained on; None: where they were.
        device: where to compute from now on; as it was, if not given.
        threads: how many from now on. With another device or number the last bits may differ.
        runs: the folder of runs.
        progress: show how far it is, as `convscope.train` does.

    Returns:
        The same run; what changed stands in its settings, and in its report. Of a study what it found: it
        goes on as it was begun, so nothing may be given but its data.

    Raises:
        ConvscopeError: something the person can put right.

    >>> from tempfile import mkdtemp
    >>> from convscope import train
    >>> begun = train("digits", network="plain", epochs=1, schedule="constant", threads=1, runs=mkdtemp())
    >>> len(resume(begun.path, epochs=2).history)
    2
    """
    study = None if isinstance(run, Run) else folders.find_study(run, runs)
    if study is None:
        events = recipe.go_on(run, epochs=epochs, data=data, device=device, threads=threads, runs=runs)
        return recipe.last(shown(events, progress))
    for name, value in {"epochs": epochs, "device": device, "threads": threads}.items():
        if value is not None:
            raise SettingsError(
                name, f"{study.name} is a study and goes on as it was begun.\n  Leave it out."
            )
    return repeating.last(shown(repeating.resume(study, data), progress))
