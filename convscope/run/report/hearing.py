"""Sounds inside a page: small WAV files in data: URIs, as many as its budget has room for."""

import base64
import io
import wave

import numpy as np
from torch import Tensor

BUDGET = 600_000  # characters of a page that its sounds may take
EACH = BUDGET // 24  # up to which a sound has 16 bits, beyond 8
RATE = 16_000  # frames a second from which on neighbours are averaged
LOUD = 0.9  # of the largest number: sounds are brought to one loudness


class Player:
    """Turns samples into what an <audio> plays, until the budget is spent."""

    def __init__(self, rate: float | None) -> None:
        self.rate, self.left = rate, BUDGET

    def uri(self, sample: Tensor) -> str:
        """A sound, (channel, time), as data: URI; "" where it is none, or there is no room left."""
        if not self.rate:
            return ""
        step = max(1, round(self.rate / RATE))
        mono = sample.float().mean(0).numpy()
        if step > 1:
            mono = mono[: len(mono) // step * step].reshape(-1, step).mean(1)
        deep = 2 * len(mono) * 4 / 3 <= EACH
        said = f"data:audio/wav;base64,{base64.b64encode(_wav(mono, round(self.rate / step), deep)).decode()}"
        if len(said) > self.left:
            return ""
        self.left -= len(said)
        return said


def _wav(mono: np.ndarray, rate: int, deep: bool) -> bytes:
    values = np.nan_to_num(mono - mono.mean())
    values = values * (LOUD / max(float(np.abs(values).max(initial=0)), 1e-9))
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2 if deep else 1)
        file.setframerate(rate)
        whole = (values * 32767).astype("<i2") if deep else (values * 127 + 128).round().astype(np.uint8)
        file.writeframes(whole.tobytes())
    return content.getvalue()
