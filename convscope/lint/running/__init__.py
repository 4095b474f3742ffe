"""What runs but is wrong, or may be. Only what the trace proves is said.

A check is a function from the trace to its findings. A good model gives none: tests ask that of every network
of the house.
"""
