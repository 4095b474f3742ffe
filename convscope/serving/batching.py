"""One thread computes: whatever has come in meanwhile goes through the network together.

Nobody waits for a batch to fill: computing begins as soon as a turn of the loop brings no more, and while it
lasts, the next batch gathers. So batches are as large as the load is heavy.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from convscope.errors import ConvscopeError
from convscope.serving.limits import ServiceLimits
from convscope.serving.metrics import Metrics
from convscope.serving.models import ServedModel


class BusyError(ConvscopeError):
    """More is waiting than the service takes on."""


class _Job(NamedTuple):
    model: ServedModel
    inputs: Tensor  # (sample, channel, *space)
    answer: "asyncio.Future[Tensor]"
    loop: asyncio.AbstractEventLoop


class Batcher:
    """Answers samples, together with those of others.

    Args:
        limits: how many may wait, and go at once.
        metrics: is told how large batches are.
    """

    def __init__(self, limits: ServiceLimits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics
        self._jobs: deque[_Job] = deque()
        self._waiting, self._ended, self._gathering = 0, False, False
        self._some = threading.Condition()
        self._worker = threading.Thread(target=self._work, name="batches", daemon=True)
        self._worker.start()

    @property
    def waiting(self) -> int:
        """Samples that wait."""
        return self._waiting

    async def answer(self, model: ServedModel, inputs: Tensor) -> Tensor:
        """What a model says of samples: (sample, class) or (sample,), float64.

        Raises:
            BusyError: too many wait.
        """
        loop = asyncio.get_running_loop()
        job = _Job(model, inputs, loop.create_future(), loop)
        with self._some:
            if self._waiting and self._waiting + len(inputs) > self._limits.queue:
                raise BusyError(f"{self._waiting:,} samples are waiting already.\n  Try again later.")
            self._jobs.append(job)
            self._waiting += len(inputs)
        if not self._gathering:
            self._gathering = True
            loop.call_soon(self._gather, loop, 0)
        return await job.answer

    def _gather(self, loop: asyncio.AbstractEventLoop, before: int) -> None:
        """Once in a turn of the loop: wake the thread as soon as no more has come in since the last one."""
        if before < self._waiting < self._limits.batch:
            loop.call_soon(self._gather, loop, self._waiting)
            return
        self._gathering = False
        with self._some:
            self._some.notify()

    def close(self) -> None:
        """Compute what waits, then end."""
        with self._some:
            self._ended = True
            self._some.notify()
        self._worker.join()

    def _work(self) -> None:
        while jobs := self._next():
            wanted = [job for job in jobs if not job.answer.cancelled()]
            if wanted:
                self._compute(wanted)

    def _next(self) -> Sequence[_Job]:
        """The jobs that stand first and are for one model; none once all is over."""
        with self._some:
            while not self._jobs and not self._ended:
                self._some.wait()
            taken: list[_Job] = []
            size = 0
            while self._jobs and (not taken or self._fits(taken[0], self._jobs[0], size)):
                taken.append(self._jobs.popleft())
                size += len(taken[-1].inputs)
            self._waiting -= size
        return taken

    def _fits(self, first: _Job, job: _Job, size: int) -> bool:
        return job.model is first.model and size + len(job.inputs) <= self._limits.batch

    def _compute(self, jobs: Sequence[_Job]) -> None:
        sizes = [len(job.inputs) for job in jobs]
        self._metrics.batch(sum(sizes))
        try:
            said = jobs[0].model.answers(torch.cat([job.inputs for job in jobs]))
        except BaseException as error:  # noqa: BLE001 - whoever asked is told; the thread goes on
            self._tell(jobs, [_failing(error)] * len(jobs))
            return
        self._tell(jobs, [_setting(piece) for piece in said.split(sizes)])

    def _tell(self, jobs: Sequence[_Job], tell: Sequence[Callable[["asyncio.Future[Tensor]"], None]]) -> None:
        """All at once: waking the loop up costs more than an answer."""

        def telling() -> None:
            for job, each in zip(jobs, tell, strict=True):
                if not job.answer.done():
                    each(job.answer)

        try:
            jobs[0].loop.call_soon_threadsafe(telling)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return


def _setting(piece: Tensor) -> Callable[["asyncio.Future[Tensor]"], None]:
    return lambda answer: answer.set_result(piece)


def _failing(error: BaseException) -> Callable[["asyncio.Future[Tensor]"], None]:
    return lambda answer: answer.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
