"""The rules by which a network is judged, and their pages."""

from convscope.cli.options import Json
from convscope.cli.show import columns, write, write_json


def rule(name: str | None = None, /, *, as_json: Json = False) -> None:
    """Explain a rule: what it finds in a network, why that is wrong, an example, and the example mended.

    Args:
        name: As a finding names it, such as linear-width; all of them are listed if not given.
    """
    from convscope.lint import RULES, STAGES, of_stage, page

    if name is not None:
        found = page(name)
        write_json(found.as_dict()) if as_json else write(str(found))
    elif as_json:
        write_json([each.as_dict() for each in RULES.values()])
    else:
        for stage, title in STAGES.items():
            write(
                columns(
                    [title.lower(), "what it finds"], [[each.name, each.what] for each in of_stage(stage)]
                )
            )
            write("")
        write("More of one: convscope rule NAME")
