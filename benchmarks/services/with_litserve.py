"""LitServe, with its batches and its fast queue."""

import sys

import litserve
import torch
from network import loaded, tensor_of


class Served(litserve.LitAPI):
    def setup(self, device):  # noqa: ARG002
        self.model = loaded()

    def decode_request(self, request):
        return tensor_of(request)

    def batch(self, inputs):
        return torch.cat(inputs)

    def predict(self, x):
        return self.model.predict(x)

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"data": output.tolist()}


if __name__ == "__main__":
    api = Served(max_batch_size=64, batch_timeout=0.001, api_path="/infer")
    server = litserve.LitServer(api, accelerator="cpu", fast_queue=True)
    server.run(port=int(sys.argv[1]), log_level="error", generate_client_file=False)
