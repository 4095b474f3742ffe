"""Every case of the battery as it is shown: numbers are read back from the result and added up again.

As text, as a page's MathML, as a notebook's HTML and as a message; the drawn view in `test_drawn.py`.
"""

import json
import math
import re
from functools import cache
from xml.etree import ElementTree

import pytest
import torch

from convscope.explaining import explain, explain_gradient, read
from tests.explaining.reading import (
    ANY,
    NotAFormulaError,
    Reader,
    add,
    ends,
    from_mathml,
    from_text,
    multiplied,
    negative,
    sides,
)
from tests.explaining.test_battery import CASES, nodes, places, seen, tensor_arguments

# Operation → how a line of it looks that nothing can be worked out of, and why.
WORDS = {
    **dict.fromkeys(
        ("sort", "topk", "kthvalue", "median", "nanmedian"),
        ("^number ", "a place in an order, and its number; the terms are all of them"),
    ),
    "prod": (r"·… \(", "the factors that are counted are in no message"),
}


def is_words(explanation, line):
    """Whether there is nothing to work out."""
    looks, _ = WORDS.get(explanation.op, ("^$", ""))
    return re.search(looks, line) is not None


@cache
def explained(place):
    """A number of each operation of a case and, where it has one, a gradient."""
    case = CASES[place]
    result, generator = seen(case), torch.Generator().manual_seed(6)
    found = []
    for op in case.ops:
        node = next(each for each in nodes(result, case) if each.op == op)
        shape = result.values[node.outputs[0]].shape
        reading = read(result, node)
        found += [(explain(result, node, at, 0), reading) for at in places(shape, generator, 1)[-1:]]
        if not case.gradients:
            continue
        for argument in list(tensor_arguments(reading))[:1]:
            at = places(reading.shape(argument), generator, 1)[-1:]
            found += [(explain_gradient(result, node, argument, each), reading) for each in at]
    return found


NUMBERED = pytest.mark.parametrize("place", range(len(CASES)), ids=[case.name for case in CASES])


def meets(one, other):
    """Whether two shown numbers may be the same."""
    if any(map(math.isnan, (*one, *other))):
        return True
    finite = [abs(each) for each in (*one, *other) if math.isfinite(each)]
    slack = 1e-9 * max(finite, default=0.0)
    return one[0] <= other[1] + slack and other[0] <= one[1] + slack


def number_of(message):
    """A number of a message with all its digits; null stands for what is none."""
    return ANY if message is None else (message, message)


def flat(nested):
    """The numbers of lists in lists."""
    return [number for each in nested for number in flat(each)] if isinstance(nested, list) else [nested]


def hidden_among(terms):
    """What a sum's "… (7 more)" come to: all terms, less those that stand before."""
    lists = [flat(each) for each in (terms["values"], *terms["factors"].values())] if terms else [[]]

    def of(parts, count):
        shown = parts[len(parts) - (len(lists[0]) - count) :]
        assert 0 < len(shown) == len(lists[0]) - count, "as many as there are terms, shown or counted"
        if None in lists[0]:
            return ANY
        fitting = [values for values in lists if all(is_among(part, values) for part in shown)]
        assert fitting, "what is shown is a term, or its first factor where the others are alike"
        values = fitting[0]
        total = math.fsum(values)
        rest = (total, total)
        for part in shown:
            rest = add(rest, negative(part))
        return rest

    return of


def is_among(part, values):
    return any(meets(part, number_of(each)) for each in values)


def check_formula(signs, terms, result, looked_up):
    """Both sides of what is shown, and the number that comes out."""
    worked, said = (Reader(each, hidden_among(terms), looked_up).value() for each in sides(signs))
    assert meets(worked, said), f"{worked} is not {said}"
    assert meets(said, number_of(result)), f"{said} is not {result}"


def check_written(shown, terms, result, looked_up):
    """A formula with numbers in both of its ways to be written."""
    check_formula(from_text(shown["text"]), terms, result, looked_up)
    check_formula(from_mathml(["mrow", *shown["math"]]), terms, result, looked_up)


def numbers_at(reading):
    """What a formula's "input[0, 2]" is in the trace."""

    def of(name, places):
        found = reading.output_gradient if name == "gradient" else reading.arguments.get(name)
        if found is None:
            raise NotAFormulaError(name)
        found = reading[name] if name in reading.arguments else found
        for place in (each for one in places for each in one):
            found = found[place]
        return number_of(float(found))

    return of


def check_terms(terms):
    """Factors times one another are the terms, and these together the result."""
    if terms is None:
        return
    values = flat(terms["values"])
    factors = [flat(factor) for factor in terms["factors"].values()]
    if None in values or any(None in factor for factor in factors):
        return
    if factors:
        assert values == pytest.approx([math.prod(each) for each in zip(*factors, strict=True)])
    rule = {"sum": math.fsum, "max": max, "min": min}[terms["rule"]]
    assert terms["result"] == pytest.approx(rule(values), rel=1e-12, abs=1e-300)


def check_message(explanation):
    """What travels: nothing is lost on the way, and everything adds up."""
    found = json.loads(json.dumps(explanation.as_dict(), allow_nan=False))
    assert found == explanation.as_dict()
    result, network = found["result"], found["network"]
    if None not in (result, network):
        assert found["difference"] == network - result
        assert abs(found["difference"]) <= found["bound"]
    check_terms(found["terms"])
    for step in found["steps"]:
        check_terms(step["terms"])
        check_gate(step["gate"], found["steps"])
    return found


def check_gate(gate, steps):
    """A gate's parts and biases are what is squashed."""
    if gate:
        parts = [steps[gate[part]]["value"] for part in ("input", "hidden")]
        reset = 1.0 if gate["reset"] is None else gate["reset"]
        before = parts[0] + gate["input_bias"] + reset * (parts[1] + gate["hidden_bias"])
        assert gate["before"] == pytest.approx(before)


def check_text(words, found):
    """The terminal's lines: terms, shown or counted, their sums, the bias, and the proof."""
    proof = dict(re.findall(r"^  (bias|result|network|difference) {3,}(\S+)", words, re.M))
    for name in ("result", "network", "difference"):
        assert meets(ends(proof[name]), number_of(found[name])), name
    assert ("bias" in proof) == (found["bias"] is not None)
    if found["bias"] is not None:
        assert meets(ends(proof["bias"]), number_of(found["bias"]))
    if found["terms"] is None:
        return
    total = re.search(r"^  (\d+) terms?, .*:$", words, re.M)
    listed = words[total.end() :].strip().partition("\n\n")[0] if total else ""
    lines = re.findall(r"^    +(?:(\S+(?: × +\S+)*) = +)?([−\d∞n]\S*)(?:   \S.*)?$", f"    {listed}", re.M)
    counted = re.search(r"^    … (\d+) smaller ones", words, re.M)
    assert total, words
    assert (
        len(lines) + int(counted[1] if counted else 0) == int(total[1]) == len(flat(found["terms"]["values"]))
    )
    for factors, term in lines:
        worked = (1.0, 1.0) if factors else ends(term)
        for factor in filter(None, factors.split("×")):
            worked = multiplied(worked, ends(factor))
        assert meets(worked, ends(term)), (factors, term)
    parts = re.findall(r"^ {4,}\d+  +(\S+)$", words.partition("  The sum of each ")[2], re.M)
    if parts or not counted:
        check_sum(parts or [term for _, term in lines], found["terms"])


def check_sum(shown, terms):
    """Shown numbers added up."""
    worked = (0.0, 0.0)
    for each in shown:
        worked = add(worked, ends(each))
    if terms["rule"] == "sum":
        assert meets(worked, number_of(terms["result"])), (worked, terms["result"])


def check_html(words, found):
    """A notebook's page: formulas, each window's products, and the proof."""
    closed = re.sub(r"<(wbr|br)>", "", words.partition("</style>")[2])
    page = ElementTree.fromstring(re.sub(r"=(\w+)(?=[ >])", r'="\1"', closed))
    formulas = [
        line for line in page.iter("span") if line.get("class") == "sum" and line.find("math") is not None
    ]
    steps = found["steps"] if len(found["steps"]) > 1 else []
    shown = [each["numbers"]["math"] for each in (found, *steps)]
    assert [[nested(part) for math in line.iter("math") for part in math] for line in formulas] == shown
    rows = {row.find("th").text: row.find("td").text for row in page.iter("tr") if row.find("th") is not None}
    for name, key in (("computed here", "result"), ("the network's own number", "network")):
        assert meets(ends(rows[name]), number_of(found[key]))
    totals = []
    for window in page.iter("div"):
        if window.get("class") == "windows":
            totals += check_window(window)
    more = re.search(r"… \d+ more, together (\S+)</p>", words)
    if totals and found["terms"]["rule"] == "sum":
        check_sum([*totals, *([more[1]] if more else [])], found["terms"])


def nested(element):
    """An element as lists."""
    words = [element.text] if element.text and not len(element) else []
    return [element.tag, *words, *map(nested, element)]


def check_window(window):
    """Cell times cell is the product's cell (three digits each), and these add up where all are drawn."""
    grids = [[cell.text for cell in table.iter("td")] for table in window.iter("table")]
    *factors, products = [[ANY if each == "…" else ends(each, 3) for each in grid] for grid in grids]
    for place, product in enumerate(products):
        worked = (1.0, 1.0)
        for factor in factors:
            worked = multiplied(worked, factor[place])
        assert not factors or meets(worked, product)
    total = [each.text.removeprefix("Σ ") for each in window.iter("span") if each.get("class") == "sum"]
    if total and len(products) < 144:
        worked = (0.0, 0.0)
        for product in products:
            worked = add(worked, product)
        assert meets(worked, ends(total[0]))
    return total


@NUMBERED
def test_what_is_shown_adds_up(place):
    for explanation, _ in explained(place):
        found = check_message(explanation)
        words = str(explanation)
        assert found["numbers"]["text"] in words
        check_text(words, found)
        check_html(explanation._repr_html_(), found)


@NUMBERED
def test_a_formula_with_its_numbers_comes_to_what_it_says(place):
    for explanation, reading in explained(place):
        found = explanation.as_dict()
        for line in found["steps"] or [found]:
            terms, result = line["terms"] or found["terms"], line.get("value", found["result"])
            if not is_words(explanation, line["numbers"]["text"]):
                check_written(line["numbers"], terms, result, numbers_at(reading))
