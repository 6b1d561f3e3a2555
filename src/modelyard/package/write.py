"""Write a model down: into a folder beside, every file synced, then one rename. A reader sees all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from modelyard.package.codec import encode
from modelyard.package.keys import PrivateKey
from modelyard.package.manifest import ARRAYS, DOCUMENT, FORMAT, MANIFEST, SIGNATURE, Manifest, canonical, digest, entry
from modelyard.package.model import Model
from modelyard.package.sign import sign
from modelyard.package.synced import sync_folder, write_new


def write(model: Model, folder: Path, key: PrivateKey) -> str:
    """Make `folder` (whose parent exists) the package of `model`; the digest that names it. A folder that already
    holds the same package is left as it is."""
    files, name = contents(model, key)
    write_files(files, folder)
    return name


def contents(model: Model, key: PrivateKey) -> tuple[dict[str, bytes], str]:
    """The files of the package and its digest, nothing written yet."""
    encoded = encode(model)
    data = {DOCUMENT: encoded.document, ARRAYS: encoded.flat}
    manifest = Manifest(
        format=FORMAT,
        name=model.name,
        created=model.created,
        files={name: entry(content) for name, content in data.items()},
        arrays=encoded.extents,
        libraries={"modelyard": version("modelyard"), "numpy": version("numpy")},
    )
    signed = canonical(manifest)
    return {**data, MANIFEST: signed, SIGNATURE: sign(signed, key)}, digest(signed)


def write_files(files: dict[str, bytes], folder: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        for name, content in files.items():
            write_new(temporary / name, content)
        sync_folder(temporary)
        if folder.exists() and (folder / MANIFEST).read_bytes() == files[MANIFEST]:
            return
        temporary.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
