"""A forward that failed → why, where, and the line that mends it.

    Trace that failed ── Scene ── the first rule that knows it ──▶ Finding

A check is a function from the scene to a finding, or None where the error is not of its kind. Where none
knows it, the operation, the shapes it was given and torch's own words are shown, and nothing is made up.
"""
