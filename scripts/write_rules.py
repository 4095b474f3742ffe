"""Write docs/rules.md from the table of rules. A test fails where the two differ; run this then."""

from pathlib import Path

from convscope.lint import STAGES, of_stage

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"
INTRODUCTION = """\
# Rules

What can be found wrong with a network; `convscope rule NAME` prints one of them. Written here by
`scripts/write_rules.py`. Each example was run: the first has the mistake, the second has not. `torch`,
`nn` and `F` (torch.nn.functional) are imported before those that are no whole file.
"""


def rules() -> str:
    """The whole page."""
    sections = [INTRODUCTION]
    for stage, title in STAGES.items():
        pages = of_stage(stage)
        sections += [f"## {title}\n", ", ".join(f"[{each.name}](#{each.name})" for each in pages) + ".\n"]
        sections += map(str, pages)
    return "\n".join(sections)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(rules(), encoding="utf-8")
