"""Which array of a file is what: samples, labels, parts; by their names, else by their shapes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from convscope.data.containers.member import Header, Member
from convscope.data.dataset import PARTS, DataSettings
from convscope.data.files import groups
from convscope.data.files.listing import PART_NAMES
from convscope.errors import DataError
from convscope.shapes import show

INPUTS = frozenset(
    [
        *("x", "data", "features", "images", "image", "imgs", "img", "input", "inputs", "pictures"),
        *("samples", "signal", "signals", "volumes", "voxels"),
    ]
)
LABELS = frozenset(["y", "labels", "label", "targets", "target", "ans"])
NAMES = frozenset(["class_names", "classes", "label_names"])
KIND, MAPPING = "kind", "mapping"
NO_GROUP = (None, "none")
SHOWN = 12  # names in a message
WANTED = "X and y, or X_train, y_train, X_test and y_test"


class ArrayRoles(NamedTuple):
    """Keys of the arrays.

    Attributes:
        inputs: part ("" where there is but one) → key of its samples.
        labels: the same for their labels.
        groups: the same for what says which samples belong together; empty where nobody asks for it.
        classes: of the names of the classes.
        kind: of a text that says what the samples are.
        mapping: of a table of label and character, which EMNIST has.
        remarks: what was guessed.
    """

    inputs: dict[str, str]
    labels: dict[str, str]
    groups: dict[str, str]
    classes: str | None = None
    kind: str | None = None
    mapping: str | None = None
    remarks: tuple[str, ...] = ()

    def keys(self) -> list[str]:
        """All that has to be read."""
        single = (self.classes, self.kind, self.mapping)
        several = (*self.inputs.values(), *self.labels.values(), *self.groups.values())
        return [*several, *(key for key in single if key is not None)]


def roles(
    members: Mapping[str, Member], source: object, settings: DataSettings = DataSettings()
) -> ArrayRoles:
    """Tell the arrays apart.

    Args:
        members: all that there are.
        source: what the person gave, for messages.
        settings: `label` (or `target`) and `group` name arrays.

    Raises:
        DataError: no samples and labels, or several that could be; says what there is.
    """
    named = _by_name(list(members), source, settings)
    if _complete(named):
        return named._replace(remarks=_unused(named, members))
    several = named.inputs and named.labels
    found = None if several else _by_shape(members, named)
    if found is None:
        raise DataError(_unclear(members, source))
    return found


def _by_name(keys: Sequence[str], source: object, settings: DataSettings) -> ArrayRoles:
    words = {key: _words(key) for key in keys}
    common = set.intersection(*map(set, words.values())) - PART_NAMES.keys() if len(words) > 1 else set()
    label, group = settings.label or settings.target, settings.group
    wanted = {
        "labels": LABELS if label is None else _own(label, keys, source),
        "groups": frozenset() if group in NO_GROUP else _own(str(group), keys, source),
        "inputs": INPUTS,
    }
    found: dict[str, dict[str, str]] = {role: {} for role in wanted}
    single: dict[str, str] = {}
    for key in keys:
        part, rest = _part(words[key])
        names = {"_".join(rest), "_".join(word for word in rest if word not in common)}
        role = next((role for role, known in wanted.items() if names & known), None)
        if role is not None and found[role].setdefault(part, key) != key:
            raise DataError(f"{source} holds both {found[role][part]} and {key}.\n  Keep only one of them.")
        for what, known in (("classes", NAMES), ("kind", {KIND}), ("mapping", {MAPPING})):
            if names & known and role is None:
                single[what] = key
    if wanted["groups"] & wanted["labels"]:
        raise groups.are_classes(str(group), source)
    classes, kind, mapping = (single.get(what) for what in ("classes", "kind", "mapping"))
    return ArrayRoles(found["inputs"], found["labels"], found["groups"], classes, kind, mapping)


def _words(key: str) -> list[str]:
    """The words of a name, in lower case; Xtrain and testY are two.

    >>> _words("X_train"), _words("train_32x32/X"), _words("testY")
    (['x', 'train'], ['train', '32x32', 'x'], ['test', 'y'])
    """
    found: list[str] = []
    for word in re.findall(r"[^\W_]+", key.lower()):
        if word[0] in "xy" and word[1:] in PART_NAMES:
            found += [word[0], word[1:]]
        elif word[-1] in "xy" and word[:-1] in PART_NAMES:
            found += [word[:-1], word[-1]]
        else:
            found.append(word)
    return found


def _part(words: Iterable[str]) -> tuple[str, list[str]]:
    parts = [PART_NAMES[word] for word in words if word in PART_NAMES]
    return (parts[0] if parts else ""), [word for word in words if word not in PART_NAMES]


def _own(name: str, keys: Sequence[str], source: object) -> frozenset[str]:
    """The words of an array that the person named, without its part."""
    words = "_".join(_part(_words(name))[1])
    if not any("_".join(_part(_words(key))[1]).endswith(words) for key in keys):
        raise DataError(f"{source} holds no array '{name}'; it holds {_listed(keys)}.")
    return frozenset([words])


def _complete(found: ArrayRoles) -> bool:
    parts = found.inputs.keys()
    return bool(parts) and parts == found.labels.keys() and not ("" in parts and len(parts) > 1)


def _unused(found: ArrayRoles, members: Mapping[str, Member]) -> tuple[str, ...]:
    others = [key for key in members if key not in found.keys()]  # noqa: SIM118 - no mapping
    return (f"arrays that are not used: {_listed(others)}",) if others else ()


def _by_shape(members: Mapping[str, Member], named: ArrayRoles) -> ArrayRoles | None:
    """The only pair of arrays that can be samples and their labels; None where there is none, or another."""
    headers = {key: member.header() for key, member in members.items()}
    labels = list(named.labels.values()) or [key for key, header in headers.items() if _is_labels(header)]
    inputs = list(named.inputs.values()) or [key for key, header in headers.items() if _is_inputs(header)]
    pairs = [(x, y) for x in inputs for y in labels if x != y and _fit(headers[x], headers[y])]
    if len(pairs) > 1 and len({x for x, _ in pairs}) == 1:  # amounts beside the classes
        pairs = [(x, y) for x, y in pairs if headers[y].dtype.kind in "buiUS"]
    if len(pairs) != 1 or any(part in PARTS for part in (*named.inputs, *named.labels)):
        return None
    ((x, y),) = pairs
    said = f"the samples are {x} ({show(headers[x].shape)}), their labels {y}: by their shapes"
    found = named._replace(inputs={"": x}, labels={"": y})
    return found._replace(remarks=(said, *_unused(found, members)))


def _is_labels(header: Header) -> bool:
    return max(header.shape, default=0) > 1 and sum(size != 1 for size in header.shape) == 1


def _is_inputs(header: Header) -> bool:
    return sum(size != 1 for size in header.shape) > 1 and header.dtype.kind in "buif"


def _fit(x: Header, y: Header) -> bool:
    return max(y.shape) in (x.shape[0], x.shape[-1])


def _unclear(members: Mapping[str, Member], source: object) -> str:
    found = _listed(members) or "no arrays"
    lines = [f"{source} holds {found}; expected {WANTED}."]
    if members:
        shapes = [f"{key}: {show(header.shape)} of {header.dtype}" for key, header in _headers(members)]
        lines += ["It is not clear which are the samples, and which the labels:", *map("  {}".format, shapes)]
        lines += ["Name the labels: --label NAME; or save the arrays under names as above."]
        if len(members) > 2 and len({header.shape for _, header in _headers(members)}) == 1:
            lines += ["If each is a sample, put the files of each class into a folder of its own."]
        files = {key.partition("/")[0] for key in members if "/" in key}
        lines += ["If these are several data sets, give the path of one file."] if len(files) > 1 else []
    return "\n  ".join(lines)


def _headers(members: Mapping[str, Member]) -> list[tuple[str, Header]]:
    return [(key, member.header()) for key, member in list(members.items())[:SHOWN]]


def _listed(keys: Iterable[str]) -> str:
    keys = list(keys)
    return ", ".join(keys[:SHOWN]) + (f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else "")
