"""What travels with a network: what goes in, how that is made ready, what comes out, where it comes from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convscope.run import Run
from convscope.run.settings import RunSettings

LAYOUTS = {1: "time", 2: "height, width", 3: "depth, height, width"}


@dataclass(frozen=True)
class Card:
    """Facts about a network that leaves; nothing in it tells where the data or the run lay.

    Attributes:
        fields: name → text, number, list or table; what is not known is not there.
    """

    fields: Mapping[str, Any]

    @classmethod
    def of(cls, run: Run) -> "Card":
        """The card of a run."""
        settings, facts = run.settings, run.settings.facts
        known = {
            "producer": f"convscope {facts.versions['convscope']}",
            "run": run.name,
            "created": facts.created,
            "network": settings.network.own[1] if settings.network.own else settings.network.name,
            "kind": facts.kind,
            "task": facts.task,
            ("target" if facts.regression else "classes"): (
                facts.classes[0] if facts.regression else list(facts.classes)
            ),
            "input": f"(sample, channel, {LAYOUTS[len(facts.space)]})",
            "shape": [facts.channels, *facts.space],
            "values": "uint8" if facts.values == "uint8" else "float32",
            "limits": list(facts.limits or ()),
            "features": list(facts.features),
            "columns": list(facts.columns),
            "rate": facts.rate,
            "preparation": _preparation(settings),
            "data": facts.fingerprint,
        }
        return cls({name: value for name, value in known.items() if value not in (None, [], {})})

    def texts(self) -> dict[str, str]:
        """Name → text, as formats that know only texts hold it: what is no text is JSON."""
        return {
            name: value if isinstance(value, str) else as_json(value) for name, value in self.fields.items()
        }


def as_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can be
    """On one line, names as they are."""
    return json.dumps(value, ensure_ascii=False)


def _preparation(settings: RunSettings) -> dict[str, Any]:
    """How a file became a sample, as `convscope train` calls it."""
    document = settings.model_dump(mode="json", exclude_none=True)["data"]
    return {name: value for name, value in document.items() if name not in ("source", "val", "test", "fold")}
