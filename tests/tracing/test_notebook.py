"""The notebook of the manual, cell by cell, as IPython runs them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from support.manual import blocks_of

if TYPE_CHECKING:
    import subprocess

Run = Callable[..., "subprocess.CompletedProcess[str]"]

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "notebook.md"
KERNEL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in json.loads(sys.argv[1]):
    shell.run_cell(cell, store_history=True).raise_error()
"""


def run_cells(run_program: Run, folder: Path, cells: list[str]) -> str:
    """What `cells` print in one session."""
    return run_program(KERNEL, json.dumps(cells), IPYTHONDIR=str(folder)).stdout


def test_the_cells_of_the_guide_run_and_know_each_other(run_program: Run, tmp_path: Path) -> None:
    """The code of an operation is there with the helper and the constant of other cells."""
    cells = [block.text for block in blocks_of(GUIDE) if block.is_python]
    said = run_cells(run_program, tmp_path, cells)

    assert "write_letter" in said
    assert "@weave_core.op\ndef write_letter(name: str) -> str:" in said
    assert 'return f"Dear {name} ({TONE})"' in said
    assert "TONE = 'friendly'" in said


def test_a_cell_that_is_run_again_is_another_version(run_program: Run, tmp_path: Path) -> None:
    """A changed helper in another cell counts; the same cell again does not."""
    begin = "import weave_core\nweave_core.init('n', 'offline')\nTONE = 1\nversions = []"
    helper = "def helper():\n    return {}"
    answer = (
        "@weave_core.op\ndef answer():\n    return helper(), TONE\n"
        "versions.append(answer.call()[1].otel_span.attributes['weave_core.op.version'])"
    )
    cells = [begin, helper.format(1), answer, answer, helper.format(2), answer, "TONE = 2", answer]
    said = run_cells(
        run_program, tmp_path, [*cells, "print([versions.index(v) for v in versions])"]
    )

    assert said.strip().splitlines()[-1] == "[0, 0, 2, 3]"
