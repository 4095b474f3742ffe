"""Sizes that a layer refuses: fractions, negative ones, groups that do not divide them."""

import ast
import re
from math import gcd, isfinite
from typing import Any

from convscope.lint.finding import Finding, rule
from convscope.lint.making.failure import MakingFailure
from convscope.shapes import half_padding, short

SIZES = (
    *("in_features", "out_features", "in_channels", "out_channels", "kernel_size", "groups", "num_features"),
    *("num_channels", "num_groups", "normalized_shape", "input_size", "hidden_size", "num_layers"),
    *("num_embeddings", "embedding_dim", "embed_dim", "num_heads", "d_model", "nhead", "num_parameters"),
)
COUNTS = ("in_features", "out_features", "in_channels", "out_channels", "num_features", "num_channels")


@rule(
    "making",
    "non-integer-size",
    why="A size counts things: channels, features, rows. A division with / gives a "
    "fraction in Python, even where it comes out even; // gives a whole number.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(16 / 2, 2))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(16 // 2, 2))
    """,
)
def fractions(failure: MakingFailure) -> Finding | None:
    """A size that is no whole number: 128 / 2 is 64.0."""
    if not isinstance(failure.error, TypeError | ValueError):
        return None
    wrong = {n: failure.settings[n] for n in SIZES if isinstance(failure.settings.get(n), float | str)}
    wrong |= {n: None for n in SIZES if n in failure.settings and failure.settings[n] is None}
    wrong |= {n: failure.settings[n] for n in COUNTS if isinstance(failure.settings.get(n), tuple | list)}
    if not wrong:
        return None
    name, value = next(iter(wrong.items()))
    node = failure.argument(name)
    what = f"{name} of {failure.called} is {value!r}, which is no whole number."
    if value is None:
        return Finding(
            what, "A size has to be known when the layer is made.", advice=f"Give {name} a number."
        )
    if isinstance(value, tuple | list):
        what = f"{name} of {failure.called} is {value}: one number is meant."
        advice = "A layer that takes all numbers together is given their product, after nn.Flatten()."
        return Finding(what, "It counts one axis.", advice=advice)
    if isinstance(value, str):
        fixes = failure.with_argument(name, int(value)) if value.isdigit() else ()
        return Finding(what, "In quotes it is text, not a number.", fixes=fixes)
    if not isfinite(value):
        return Finding(what, "A size counts things: channels, features or rows.", advice="Write how many.")
    whole = _floored(failure, node) if node else ""
    cause = (
        "A division with / gives a fraction in Python, even where it comes out even; // gives a whole number."
    )
    if not whole:
        whole = (
            f"int({failure.written(node)})"
            if node and not isinstance(node, ast.Constant)
            else str(int(value))
        )
        cause = "A size counts things: channels, features or rows."
    return Finding(what, cause, fixes=failure.with_argument(name, whole))


def _floored(failure: MakingFailure, node: ast.expr) -> str:
    """The expression with // for each /; "" where it has none."""
    tree = ast.parse(failure.written(node), mode="eval")
    divisions = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]
    for each in divisions:
        each.op = ast.FloorDiv()
    return ast.unparse(tree) if divisions else ""


@rule(
    "making",
    "indivisible-groups",
    why="Each group takes an equal share of the channels that come in and of those "
    "that leave, so the number of groups divides both.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 3, groups=2))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 3, groups=1))
    """,
)
def groups(failure: MakingFailure) -> Finding | None:
    """Channels that cannot be split into so many groups."""
    given, message = failure.settings, failure.message
    if "num_groups" in given and isinstance(failure.error, ValueError | ZeroDivisionError):
        return _norm_groups(failure, given["num_channels"], given["num_groups"])
    if "divisible by groups" not in message and "groups must be a positive" not in message:
        return None
    came, leave, asked = given["in_channels"], given["out_channels"], given["groups"]
    best = _below(gcd(came, leave), asked)
    who = "in_channels" if came % max(asked, 1) else "out_channels"
    what = f"{failure.called} cannot split {given[who]} {who} into {asked} groups."
    cause = (
        f"Each group takes an equal share of the {came} channels that come in and of the {leave} that leave."
    )
    possible = ", ".join(str(n) for n in range(1, gcd(came, leave) + 1) if not gcd(came, leave) % n)
    more = ""
    if who == "out_channels" and asked == came:
        up = -(-leave // came) * came
        more = (
            f" With a group for each channel (depthwise), out_channels is a multiple of {came}, such as {up}."
        )
    return Finding(
        what,
        cause,
        fixes=failure.with_argument("groups", best),
        advice=f"groups can be {possible} here.{more}",
    )


def _norm_groups(failure: MakingFailure, channels: int, asked: int) -> Finding:
    what = f"nn.GroupNorm cannot split {channels} channels into {asked} groups."
    cause = "Each group is brought to mean 0 and spread 1 by itself, and all have equally many channels."
    node = failure.argument("num_groups")
    other = failure.argument("num_channels")
    call = failure.call
    if channels and asked > channels and not asked % channels and node and other and call:
        first, second = failure.written(other), failure.written(node)
        fix = failure.replaced(call, f"{failure.written(call.func)}({first}, {second})")
        return Finding(
            what,
            cause,
            fixes=(fix,),
            advice="The groups come first, then the channels: the two were exchanged.",
        )
    best = _below(channels, asked)
    return Finding(
        what, cause, fixes=failure.with_argument("num_groups", best), advice=f"{best} divides {channels}."
    )


def _below(number: int, most: int) -> int:
    """The largest divisor that is not above a limit."""
    return next((n for n in range(min(max(most, 1), number), 0, -1) if not number % n), 1)


@rule(
    "making",
    "indivisible-heads",
    why="Each head of attention works on an equal part of the features, so the number of heads divides them.",
    example="""
        from torch import nn


        def Net():
            return nn.MultiheadAttention(10, 3)
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.MultiheadAttention(10, 2)
    """,
)
def heads(failure: MakingFailure) -> Finding | None:
    """Attention heads that do not divide the features."""
    if "embed_dim must be divisible by num_heads" not in failure.message:
        return None
    width = failure.settings.get("embed_dim", failure.settings.get("d_model", 0))
    name = "num_heads" if "num_heads" in failure.parameters else "nhead"
    asked = failure.settings.get(name, 1)
    what = f"{failure.called} cannot share {width} features among {asked} heads."
    best = _below(width, asked)
    return Finding(
        what,
        "Each head works on an equal part of the features.",
        fixes=failure.with_argument(name, best),
        advice=f"{best} divides {width}.",
    )


@rule(
    "making",
    "same-padding-with-stride",
    why="padding='same' means as large as before, and a stride makes it smaller. Half "
    "of the kernel on either side gives an axis of n / stride, rounded up.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 5, stride=2, padding="same"))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Conv2d(3, 8, 5, stride=2, padding=2))
    """,
)
def same_padding(failure: MakingFailure) -> Finding | None:
    """padding="same" with a stride."""
    if "padding='same' is not supported for strided" not in failure.message:
        return None
    kernel, dilation, stride = (failure.settings[n] for n in ("kernel_size", "dilation", "stride"))
    sizes = kernel if isinstance(kernel, tuple) else (kernel,)
    spread = dilation if isinstance(dilation, tuple) else (dilation,) * len(sizes)
    padding = short(half_padding(sizes, spread))
    return Finding(
        f"{failure.called} cannot have padding='same' and stride={stride} at once.",
        "'same' means as large as before, and a stride makes it smaller.",
        fixes=failure.with_argument("padding", padding),
        advice=f"With padding={padding}, half of the kernel, an axis of n becomes n / stride, rounded up"
        + (" (an even kernel may lose one)." if any(k % 2 == 0 for k in sizes) else "."),
    )


@rule(
    "making",
    "non-positive-size",
    why="A size is 1 at least. Where it was computed, the input is often smaller than the network takes.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, -2))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2))
    """,
)
def negative(failure: MakingFailure) -> Finding | None:
    """A size below 1."""
    if "negative dimension" not in failure.message and "greater than zero" not in failure.message:
        return None
    wrong = [
        (n, failure.settings[n]) for n in SIZES if n in failure.settings and _lowest(failure.settings[n]) < 1
    ]
    if not wrong:
        return None
    name, value = wrong[0]
    node = failure.argument(name)
    what = f"{name} of {failure.called} is {short(value)}: a size is 1 at least."
    if node is not None and re.fullmatch(r"-\s*\d+", failure.written(node)):
        fix = failure.with_argument(name, abs(_lowest(value)))
        return Finding(what, "It is written with a minus.", fixes=fix)
    written = f"`{failure.written(node)}` comes to {short(value)}" if node else "It comes to that"
    advice = "Look at what it is computed from: often the input is smaller than the network takes."
    return Finding(what, f"{written} for this input.", advice=advice)


def _lowest(value: Any) -> float:  # noqa: ANN401
    numbers = value if isinstance(value, tuple) else (value,)
    return min((n for n in numbers if isinstance(n, int)), default=1)


@rule(
    "making",
    "dropout-probability",
    why="The p of a dropout is the share of the numbers that are set to 0, between 0 "
    "and 1: not a percentage.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2), nn.Dropout(50))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2), nn.Dropout(0.5))
    """,
)
def probability(failure: MakingFailure) -> Finding | None:
    """Dropout of 50."""
    found = re.search(r"probability has to be between 0 and 1, but got (-?[\d.]+)", failure.message)
    if not found:
        return None
    value = float(found[1])
    what = f"{failure.called} takes a probability between 0 and 1, and got {found[1]}."
    fixes = failure.with_argument("p", f"{value / 100:g}") if 1 < value <= 100 else ()
    return Finding(what, "It is the share of the numbers that are set to 0.", fixes=fixes)
