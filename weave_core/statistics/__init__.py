"""Statistics of scores: every number with an interval, every difference with a test.

On the ground floor, since whoever ran an evaluation and whoever compares stored ones must get the
same numbers.  scipy and numpy do the distributions; they are imported when something is computed.
"""
