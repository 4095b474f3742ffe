"""Whether a message is what static/messages.d.ts says: the types are read from there."""

import re
from pathlib import Path
from typing import Any

TYPES = Path(__file__).parents[2] / "convscope" / "web" / "static" / "messages.d.ts"
PLAIN = {"number": (int, float), "string": (str,), "boolean": (bool,), "null": (type(None),)}
PLAIN["Uint8Array<ArrayBuffer>"] = (bytes,)


class Contract:
    """The interfaces and types of messages.d.ts."""

    def __init__(self, text: str | None = None) -> None:
        text = TYPES.read_text(encoding="utf-8") if text is None else text
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
        self.types: dict[str, str] = {}
        for found in re.finditer(r"export interface (\w+)( extends (\w+))? \{", text):
            body = text[found.end() - 1 : _closing(text, found.end() - 1) + 1]
            self.types[found[1]] = f"{found[3]} & {body}" if found[3] else body
        for found in re.finditer(r"export type (\w+) =", text):
            self.types[found[1]] = _split(text[found.end() :], ";")[0]

    def faults(self, value: Any, kind: str, where: str = "") -> list[str]:
        """What is wrong with a value of a type; an empty list where nothing is."""
        kind = kind.strip()
        options = [each for each in _split(kind, "|") if each.strip()]
        if len(options) > 1:
            all_faults = [self.faults(value, each, where) for each in options]
            return [] if any(not each for each in all_faults) else min(all_faults, key=len)
        parts = _split(kind, "&")
        if len(parts) > 1:
            fields = {name: field for part in parts for name, field in self._fields(part).items()}
            return self._object(value, fields, where)
        return self._single(value, kind, where)

    def _single(self, value: Any, kind: str, where: str) -> list[str]:
        if kind.endswith("[]"):
            if not isinstance(value, list):
                return [f"{where}: {type(value).__name__} is no list"]
            inner = (
                kind[:-2].strip().removeprefix("(").removesuffix(")")
                if kind[:-2].endswith(")")
                else kind[:-2]
            )
            return [
                fault for at, each in enumerate(value) for fault in self.faults(each, inner, f"{where}[{at}]")
            ]
        if kind.startswith("{"):
            return self._object(value, self._fields(kind), where)
        if kind.startswith('"'):
            return [] if value == kind.strip('"') else [f"{where}: {value!r} is not {kind}"]
        if kind in PLAIN:
            fits = isinstance(value, PLAIN[kind]) and (kind == "boolean" or not isinstance(value, bool))
            return [] if fits else [f"{where}: {value!r} is no {kind}"]
        if kind.startswith("Record<"):
            inner = _split(kind[7:-1], ",")[1]
            return [
                fault for key, each in value.items() for fault in self.faults(each, inner, f"{where}.{key}")
            ]
        if found := re.fullmatch(r'(\w+)\["(\w+)"\]', kind):
            return self.faults(value, self._fields(found[1])[found[2]], where)
        return self.faults(value, self.types[kind], where)

    def _object(self, value: Any, fields: dict[str, str], where: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        wanted = {name.rstrip("?") for name in fields}
        needed = {name for name in fields if not name.endswith("?")}
        faults = [f"{where}.{name}: missing" for name in sorted(needed - value.keys())]
        faults += [f"{where}.{name}: not in the contract" for name in sorted(value.keys() - wanted)]
        for name, kind in fields.items():
            if name.rstrip("?") in value:
                faults += self.faults(value[name.rstrip("?")], kind, f"{where}.{name.rstrip('?')}")
        return faults

    def _fields(self, kind: str) -> dict[str, str]:
        kind = kind.strip()
        if not kind.startswith("{"):
            whole = self.types[kind]
            parts = _split(whole, "&")
            return {name: field for part in parts for name, field in self._fields(part).items()}
        found = (_split(each, ":", most=1) for each in _split(kind[1:-1], ";") if each.strip())
        return {name.strip(): field.strip() for name, field in found}


def _closing(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place
    raise ValueError("a brace is not closed")


def _split(text: str, sign: str, most: int = 10**9) -> list[str]:
    """Split at a sign, but not inside of brackets or words."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += (letter in "{([<") - (letter in "})]>")
        if letter == sign and depth == 0 and not quoted and len(parts) <= most:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
