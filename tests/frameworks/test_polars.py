"""What a run has logged as a polars data frame."""

import math

import polars as pl
import pytest

import weave_core
from weave_core import Client


@pytest.mark.usefixtures("traced")
def test_points_are_a_polars_frame(client: Client, project: str) -> None:
    """A row a step and a column a key; null is "not logged there", NaN is what was logged."""
    with weave_core.run() as run:
        run.log({"loss": 2.0, "val": {"loss": math.nan}}, step=0)
        run.log({"loss": 1.0}, step=5)
    told = client.run(run.id, project).history(["loss", "val.loss"], x="runtime").to_polars()
    assert told.drop("runtime").schema == {
        "step": pl.Int64,
        "loss": pl.Float64,
        "val.loss": pl.Float64,
    }
    assert told["step"].to_list() == [0, 5]
    assert told.filter(pl.col("loss") < 2)["step"].to_list() == [5]
    assert told["val.loss"].is_null().to_list() == [False, True]
    assert math.isnan(told["val.loss"][0])
    assert told["runtime"].is_sorted()
