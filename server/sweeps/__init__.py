"""The search brain: what a sweep is to try, what to try next, which trials not to finish."""
