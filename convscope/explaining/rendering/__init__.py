"""How explanations are shown: as text, as Python, as MathML and HTML, as a message; one file each.

They walk the trees of `formula.py`, and none of them reads what another wrote.
"""
