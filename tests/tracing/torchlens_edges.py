"""What TorchLens says of a few networks, as JSON: `python -m tests.tracing.torchlens_edges`.

In a process of its own, since it replaces torch's functions for good.
"""

import json
import sys

import torch
import torchlens

from tests.tracing.edge_networks import networks, plain


def edges(model, x):
    """Each operation's name, and the places of those whose results it takes, seen through identities."""
    every = list(torchlens.trace(model, x).layer_list)
    ops = [each for each in every if each.func_name not in (None, "none", "identity")]
    place = {each.label: {index} for index, each in enumerate(ops)}
    for each in every:  # in the order in which they ran
        if each.func_name == "identity":
            place[each.label] = parents(each, place)
    return [(plain(each.func_name), sorted(parents(each, place))) for each in ops]


def parents(each, place):
    """A parent that ran once is named without the number of its run."""
    found = [place.get(name) or place.get(f"{name}:1") or set() for name in each.parents]
    return set().union(*found)


if __name__ == "__main__":
    found = {name: edges(model.eval(), torch.zeros(1, 3, 32, 32)) for name, model in networks().items()}
    sys.stdout.write(json.dumps(found))
