"""Lists in lists."""

from typing_extensions import TypeAliasType

MathML = TypeAliasType("MathML", "str | list[MathML]")  # a name, then texts and elements
