"""Calls of other packages, on what is here: for scripts that people already have.

Part of the roof: each module is a thin door, and no room looks at it.
"""
