"""What a service takes on at most; more is refused, so that it goes on for everybody else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceLimits:
    """ServiceLimits of a service.

    Attributes:
        body: bytes of a request.
        queue: samples that may wait.
        seconds: that a request may take.
        batch: samples that are computed at once.
    """

    body: int = 32 * 2**20
    queue: int = 4096
    seconds: float = 30.0
    batch: int = 64
