"""The rooms that a server imports, and the native parts, from the source beside this folder (see ../setup.py)."""

import sys

from setuptools import Extension, setup

if sys.platform == "win32":
    raise SystemExit("Modelyard runs on Linux and macOS. On Windows: run under WSL 2.")

SOURCE = "../src/modelyard"
FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-std=c11"]
ROOMS = ("errors", "schema", "rows", "scoring", "measure", "package", "store", "serve")

setup(
    package_dir={"modelyard": SOURCE},
    packages=["modelyard", *(f"modelyard.{room}" for room in ROOMS)],
    package_data={"modelyard": ["py.typed", "*.pyi"]},
    ext_modules=[
        Extension(
            "modelyard.scoring._kernel",
            [f"{SOURCE}/scoring/_kernel.c"],
            depends=[f"{SOURCE}/scoring/_forest.h", f"{SOURCE}/scoring/_masks.h"],
            extra_compile_args=FLAGS,
            libraries=["m"],
            optional=True,
        ),
        Extension(
            "modelyard.scoring._text",
            [f"{SOURCE}/scoring/_text.c"],
            extra_compile_args=FLAGS,
            libraries=["m"],
            optional=True,
        ),
        Extension("modelyard.rows._scan", [f"{SOURCE}/rows/_scan.c"], extra_compile_args=FLAGS, optional=True),
    ],
)
