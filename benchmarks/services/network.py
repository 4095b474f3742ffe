"""The run that the environment names, and a request's numbers."""

import os

import torch

import convscope


def loaded():
    torch.set_num_threads(int(os.environ.get("THREADS", "1")))
    return convscope.load(os.environ["RUN"]).model().eval()


def tensor_of(document):
    given = document["inputs"][0]
    return torch.tensor(given["data"], dtype=torch.uint8).reshape(given["shape"])
