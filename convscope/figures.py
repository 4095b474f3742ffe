"""Figures as people write them, the same in terminal, tables and reports."""

import math

UNITS = {1e12: "trillion", 1e9: "billion", 1e6: "million"}
LARGEST = 1e15  # from here on, and below SMALLEST, powers of ten are easier to read
SMALLEST = 1e-4
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, digits: int = 4) -> str:
    """Write a figure that is no share to so many digits, whole ones in full; nothing known is a dash.

    >>> number(1.93214), number(-0.5), number(12345.67), number(None)
    ('1.932', '-0.5', '12,346', '–')
    >>> number(1629123), number(8.1e9), number(0.0000012), number(4e21)
    ('1.629 million', '8.1 billion', '1.2×10⁻⁶', '4×10²¹')
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    rounded = float(f"{value:.{digits - 1}e}")
    size = abs(rounded)
    if size and (size < SMALLEST or size >= LARGEST):
        mantissa, exponent = f"{rounded:e}".split("e")
        return f"{_plain(float(mantissa), digits)}×10{str(int(exponent)).translate(RAISED)}"
    for unit, name in UNITS.items():
        if size >= unit:
            return f"{_plain(rounded / unit, digits)} {name}"
    return _plain(value, digits)


def signed(value: float, digits: int = 3) -> str:
    """Write a figure with its sign.

    >>> signed(0.5), signed(-2e6), signed(0)
    ('+0.5', '-2 million', '0')
    """
    return f"+{number(value, digits)}" if value > 0 else number(value, digits)


def percent(share: float | None, digits: int = 2) -> str:
    """Write a share; what is not quite nothing or all is not written so; nothing known is a dash.

    >>> percent(0.98765), percent(0.999999), percent(0.00001), percent(1), percent(None)
    ('98.77 %', '> 99.99 %', '< 0.01 %', '100.00 %', '–')
    """
    if share is None:
        return "–"
    least = 10.0**-digits  # percent
    if 0 < share < least / 200:
        return f"< {least:.{digits}f} %"
    return f"> {100 - least:.{digits}f} %" if 1 - least / 200 < share < 1 else f"{100 * share:.{digits}f} %"


def passes(epochs: float) -> str:
    """Write how many epochs.

    >>> passes(1), passes(0.5), passes(8.0)
    ('1 epoch', '0.5 epochs', '8 epochs')
    """
    return f"{epochs:g} epoch{'' if epochs == 1 else 's'}"


def _plain(value: float, digits: int) -> str:
    """Without a power of ten: so many digits, but never fewer than those before the point."""
    before = math.floor(math.log10(abs(value))) + 1 if value else 1
    places = max(0, digits - before)
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text
