"""BentoML, with its adaptive batches. It has a program of its own that reads this file for `Served`."""

import os
import sys
from pathlib import Path

import bentoml
import numpy as np
import torch
from network import loaded


@bentoml.service(workers=1, traffic={"timeout": 60})
class Served:
    def __init__(self):
        self.model = loaded()

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=60_000)
    def infer(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(torch.from_numpy(x.astype(np.uint8))).numpy()


if __name__ == "__main__":
    folder, port = Path(__file__).parent, sys.argv[1]
    words = ["serve", "with_bentoml:Served", "--port", port, "--working-dir", str(folder)]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", *words])
