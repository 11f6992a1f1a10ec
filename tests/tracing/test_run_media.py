"""What a run logs that is no number, from the program to the one who reads it back."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # It ships no types.
import pytest
from PIL import Image as Pillow
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client
from weave_core.errors import ConfigError
from weave_core.histograms import binned

PIXELS = (np.arange(12 * 10 * 3) % 251).astype("uint8").reshape(12, 10, 3)


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


def opened(content: bytes) -> Any:
    """The pixels of a picture."""
    return np.asarray(Pillow.open(io.BytesIO(content)))


@pytest.mark.usefixtures("tracing")
def test_pictures_sounds_and_pages_come_back_as_they_were_logged(client: Client) -> None:
    """By key and step; snapshots of what changes later; the same bytes are one blob."""
    changing = PIXELS.copy()
    with weave_core.run(id="media") as run:
        run.log({"loss": 1.0, "sample": weave_core.Image(changing, caption="first")}, step=0)
        changing[:] = 0
        run.log({"sample": Pillow.fromarray(PIXELS)}, step=5)
        run.log(
            {
                "sample": [weave_core.Image(PIXELS.transpose(2, 0, 1)), weave_core.Image(changing)],
                "nested": {"sound": weave_core.Audio(np.zeros(800), sample_rate=8_000)},
                "film": weave_core.Video(np.zeros((3, 3, 12, 10), "uint8"), fps=2),
                "page": weave_core.Html("<b>bold</b>"),
                "text": weave_core.Markdown("# Head"),
            },
            step=9,
        )
    stored = client.run(run.id)
    pictures = list(stored.media("sample"))

    assert stored.media_keys == ["film", "nested.sound", "page", "sample", "text"]
    assert [medium.step for medium in pictures] == [0, 5, 9, 9]
    for medium in pictures[:3]:
        assert np.array_equal(opened(medium.read()), PIXELS)
    assert pictures[0].info["digest"] == pictures[2].info["digest"]
    assert (pictures[0].caption, pictures[0].info["width"]) == ("first", 10)
    [sound], [film], [page], [text] = (
        list(stored.media(key)) for key in ("nested.sound", "film", "page", "text")
    )
    assert (sound.kind, sound.read()[:4], sound.info["sample_rate"]) == ("audio", b"RIFF", 8_000)
    assert (film.kind, film.read()[:4], film.info["frames"]) == ("video", b"GIF8", 3)
    assert (page.read(), text.read()) == (b"<b>bold</b>", b"# Head")
    assert stored.history().to_arrow().to_pydict() == {"step": [0], "loss": [1.0]}
    assert stored.info.last_step == 9
    assert stored.info.problems == {}


@pytest.mark.usefixtures("tracing")
def test_boxes_and_masks_lie_over_a_picture(client: Client, tmp_path: Path) -> None:
    """With labels, scores and groups; a mask is a picture of its classes."""
    classes = np.zeros((12, 10), "int64")
    classes[2:5] = 3
    picture = weave_core.Image(
        PIXELS,
        boxes=[{"box": (1, 2, 5, 6), "label": "cat", "score": np.float32(0.5), "group": "g"}],
        masks={"truth": classes},
        labels={3: "sky"},
    )
    with weave_core.run(id="marked") as run:
        run.log({"seen": picture})
    [medium] = client.run(run.id).media("seen")
    medium.save(tmp_path / "seen.png")

    assert medium.info["boxes"] == [
        {"box": [1, 2, 5, 6], "label": "cat", "score": 0.5, "group": "g"}
    ]
    assert medium.info["labels"] == {"3": "sky"}
    [mask] = medium.info["masks"]
    assert mask["name"] == "truth"
    assert np.array_equal(opened(client.get_blob(mask["digest"])), classes)
    assert np.array_equal(opened((tmp_path / "seen.png").read_bytes()), PIXELS)
    with pytest.raises(ConfigError, match="a box of an image has 3 numbers"):
        weave_core.Image(PIXELS, boxes=[{"box": (1, 2, 3)}])


@pytest.mark.usefixtures("tracing")
def test_a_table_comes_back_as_a_data_frame(client: Client) -> None:
    """Rows, mappings and data frames; pictures in cells; cells of any kind; a frame as it is."""
    frame = pd.DataFrame({"x": [1, 2], "when": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    table = weave_core.Table(columns=["picture", "label", "score"])
    table.add_row(weave_core.Image(PIXELS), "7", np.float64(0.25))
    table.add_row(None, {"odd": {1}}, float("nan"))
    with weave_core.run(id="tables") as run:
        run.log({"rows": table, "frame": frame, "maps": weave_core.Table([{"a": 1, "b": "x"}])})
    stored = client.run(run.id)
    [rows], [back], [maps] = (list(stored.media(key)) for key in ("rows", "frame", "maps"))

    assert (rows.info["rows"], rows.info["columns"]) == (2, ["picture", "label", "score"])
    first, second = rows.to_rows()
    assert np.array_equal(opened(client.get_blob(first["picture"]["digest"])), PIXELS)
    assert (first["label"], first["score"], second["score"]) == ("7", 0.25, None)
    assert list(back.to_pandas()["x"]) == [1, 2]
    assert str(back.to_pandas()["when"][0]).startswith("2026-01-01")
    assert maps.to_arrow().to_pydict() == {"a": [1], "b": ["x"]}
    assert rows.to_arrow().column_names == ["picture", "label", "score"]
    with pytest.raises(ConfigError, match="a row of 1 cells for the 2 columns"):
        weave_core.Table([["a"]], columns=["a", "b"])


@pytest.mark.usefixtures("tracing")
def test_a_table_of_a_gigabyte_is_cut_and_says_so(client: Client) -> None:
    """The first rows are kept; how many there were is told, and the training goes on."""
    text = "x" * 1_000
    with weave_core.run(id="large") as run:
        run.log({"table": weave_core.Table([[text]] * 250_000, columns=["text"])})
        run.log({"loss": 1.0})
    [table] = client.run(run.id).media("table")
    assert table.info["rows"] == 250_000
    assert 30_000 < len(table.to_rows()) < 40_000
    assert client.run(run.id).history(["loss"]).to_pandas()["loss"].tolist() == [1.0]


def test_memory_does_not_grow_with_a_table(run_program: Any) -> None:
    """What is made of 160 MB takes no more than a few times the 32 MiB that are kept of it."""
    code = (
        "import resource, numpy as np, pandas as pd, weave_core\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "table = weave_core.Table(pd.DataFrame(np.zeros((200_000, 100))))\n"
        "before = peak()\n"
        "made = table.content.make()\n"
        "print(len(made), peak() - before)\n"
    )
    size, grown = map(int, run_program(code).stdout.split())
    assert size > 32_000_000
    assert grown * (1 if sys.platform == "darwin" else 1024) < 4 * size


@pytest.mark.usefixtures("tracing")
def test_a_picture_with_holes_is_a_picture(client: Client) -> None:
    """NaN is black, and nothing is said about it: warnings of ours would stop strict programs."""
    pixels = np.full((2, 2), np.nan)
    pixels[0, 0] = 1.0
    with weave_core.run(id="holes") as run:
        run.log({"picture": weave_core.Image(pixels)})
    [picture] = client.run(run.id).media("picture")
    assert opened(picture.read()).tolist() == [[255, 0], [0, 0]]


@pytest.mark.usefixtures("tracing")
def test_a_histogram_counts_what_was_there_at_the_step(client: Client) -> None:
    """Values as they were, what is not finite apart, counts that are given; 512 bars at most."""
    weights = np.linspace(-1, 1, 1_001)
    with weave_core.run(id="spread") as run:
        run.log({"weights": weave_core.Histogram(weights, bins=4)}, step=0)
        weights[:2] = np.nan, np.inf
        run.log({"weights": weave_core.Histogram(weights.tolist(), bins=4)}, step=1)
        run.log({"weights": weave_core.Histogram(counts=[1, 2], edges=[0, 1, 2])}, step=2)
        run.log({"odd": weave_core.Histogram(["a"]), "loss": 2.0}, step=3)
    told = [medium.info for medium in client.run(run.id).media("weights")]

    assert told[0]["counts"] == np.histogram(np.linspace(-1, 1, 1_001), bins=4)[0].tolist()
    assert (told[0]["edges"][0], told[0]["edges"][-1], told[0]["mean"]) == (-1, 1, pytest.approx(0))
    assert (told[1]["bad_count"], sum(told[1]["counts"])) == (2, 999)
    assert (told[2]["counts"], told[2]["edges"]) == ([1, 2], [0, 1, 2])
    assert "odd" in client.run(run.id).info.problems
    with pytest.raises(ConfigError, match="2 counts and 2 edges"):
        weave_core.Histogram(counts=[1, 2], edges=[0, 1])


@pytest.mark.parametrize("values", [[], [3], [float("nan")], [-1e308, 1e308], [1, 1 + 1e-16]])
def test_bars_of_any_numbers_hold_all_that_are_finite(values: list[float]) -> None:
    """No number is lost, in a list or in an array, and both agree."""
    told, of_array = binned(values, 8), binned(np.array(values, dtype=float), 8)
    finite = int(np.isfinite(values).sum())
    assert sum(told["counts"]) == sum(of_array["counts"]) == finite
    assert told["edges"] == pytest.approx(of_array["edges"])


@pytest.mark.usefixtures("tracing")
def test_bodies_are_kept_as_points_and_files(client: Client, tmp_path: Path) -> None:
    """A cloud, thinned where it is large; a mesh and a molecule by their files."""
    (tmp_path / "cube.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    (tmp_path / "water.pdb").write_text("HETATM    1  O   HOH A   1       0.0     0.0     0.0\n")
    points = np.random.default_rng(1).random((700_000, 3))
    with weave_core.run(id="bodies") as run:
        run.log({"cloud": weave_core.Object3D(points), "few": weave_core.Object3D([[0, 1, 2, 3]])})
        run.log({"mesh": weave_core.Object3D(tmp_path / "cube.obj")})
        run.log({"water": weave_core.Molecule(str(tmp_path / "water.pdb"))})
    stored = client.run(run.id)
    [cloud], [few], [mesh], [water] = (
        list(stored.media(key)) for key in ("cloud", "few", "mesh", "water")
    )
    assert (cloud.info["points"], cloud.info["format"]) == (700_000, "points")
    assert cloud.read().count(b"],[") == 233_333
    assert few.read() == b"[[0.0,1.0,2.0,3.0]]"
    assert (mesh.info["format"], mesh.read()[:2]) == ("obj", b"v ")
    assert (water.kind, water.info["format"]) == ("molecule", "pdb")
    with pytest.raises(ConfigError, match="Molecule was given"):
        weave_core.Molecule("water.txt")


@pytest.mark.usefixtures("tracing")
def test_what_can_not_be_kept_stops_no_training(client: Client) -> None:
    """Wrong values and too many are told once; what stands beside them is kept."""
    with weave_core.run(id="wrong") as run:
        run.log({"mixed": [weave_core.Image(PIXELS), 3], "text": "abc", "loss": 1.0})
        run.log({"many": [weave_core.Image(PIXELS)] * 130, "empty": []})
        run.log({"gone": Pillow.Image()})
    found = client.run(run.id)
    assert {"mixed", "text", "many", "empty"} <= found.info.problems.keys()
    assert len(list(found.media("many"))) == 100
    assert found.info.state == "finished"
    assert found.history().to_pandas()["loss"].tolist() == [1.0]


@pytest.mark.usefixtures("tracing")
def test_media_go_back_with_the_run(client: Client) -> None:
    """Rewinding takes back what was logged behind the step; a step that comes again is replaced."""
    with weave_core.run(id="back") as run:
        for step in range(4):
            run.log({"text": weave_core.Markdown(str(step))})
    with weave_core.run(id="back", rewind_to=1) as run:
        assert run.step == 2
        run.log({"text": weave_core.Markdown("again")})
    assert [medium.read() for medium in client.run("back").media("text")] == [b"0", b"1", b"again"]
