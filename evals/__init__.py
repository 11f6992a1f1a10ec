"""Run a function many times and judge it: dataset, task, scorers, statistics, verdict."""
