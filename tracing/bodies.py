"""Bodies in space that a run logs: clouds of points, meshes, molecules."""

from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError
from weave_core.media_contents import cloud_facts, cloud_json
from weave_core.tracing.media import Content, Media

__all__ = ["Molecule", "Object3D"]

_MESHES = ("obj", "gltf", "glb", "stl", "ply")
_MOLECULES = ("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf")


class Object3D(Media):
    """A cloud of points, or a mesh, to be logged with `run.log`.

    In the app it can be turned.

    Example:
        >>> run.log({"scan": weave_core.Object3D(points)})

    Args:
        data: An array of points x 3 (x, y, z), x 4 (and a category from 1 to 14), or x 6 (and red,
            green, blue to 255); or the path of an `obj`, `gltf`, `glb`, `stl` or `ply` file.
        caption: Shown with it.
    """

    kind = "object3d"

    def _content(self, data: Any) -> Content | None:
        if hasattr(data, "detach"):
            data = data.detach().cpu().float()
        if hasattr(data, "__array__"):
            return _cloud(data.__array__().copy())
        if isinstance(data, list) and data:
            return _cloud(data)
        return _of_file(self, data, _MESHES, super()._content)

    def _accepted(self) -> str:
        return f"give an array of points x 3, 4 or 6, or the path of a file: {', '.join(_MESHES)}"


class Molecule(Media):
    """A molecule, to be logged with `run.log`; in the app it can be turned.

    Example:
        >>> run.log({"ligand": weave_core.Molecule("ligand.pdb")})

    Args:
        data: The path of a file: `pdb`, `cif`, `sdf`, `mol2` and the like, or an RDKit molecule.
        caption: Shown with it.
    """

    kind = "molecule"

    def _content(self, data: Any) -> Content | None:
        if type(data).__module__.startswith("rdkit."):
            from rdkit import Chem  # Theirs, who has made one.

            text = Chem.MolToMolBlock(data).encode()
            return Content("chemical/x-mol", len(text), lambda: text, {"format": "mol"})
        return _of_file(self, data, _MOLECULES, super()._content)

    def _accepted(self) -> str:
        return f"give the path of a file: {', '.join(_MOLECULES)}"


def _of_file(medium: Media, data: Any, endings: tuple[str, ...], read: Any) -> Content | None:
    ending = Path(data).suffix[1:].lower() if isinstance(data, str | Path) else ""
    if ending not in endings:
        raise ConfigError(
            f"{type(medium).__name__} was given {str(data)[:200]!r}",
            medium._accepted(),  # noqa: SLF001  # It and its kin are one thing in two files.
        )
    content: Content | None = read(data)
    if content is None:
        return None
    return Content(content.media_type, content.size_bytes, content.make, {"format": ending})


def _cloud(points: Any) -> Content:
    facts, kept = cloud_facts(points)
    size_bytes = facts["points"] * facts["width"] * 8
    return Content("application/json", size_bytes, lambda: cloud_json(kept), facts)
