"""The native parts: optional, so that an install without a compiler still works (and `modelyard doctor` says so).

-ffp-contract=off is a promise, not a preference: a fused multiply-add rounds once where numpy rounds twice, and then
native and numpy answers would differ.
"""

import sys

from setuptools import Extension, setup

if sys.platform == "win32":
    raise SystemExit("Modelyard runs on Linux and macOS. On Windows: run under WSL 2.")

FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-std=c11"]

setup(
    ext_modules=[
        Extension(
            "modelyard.scoring._kernel",
            ["src/modelyard/scoring/_kernel.c"],
            depends=["src/modelyard/scoring/_forest.h", "src/modelyard/scoring/_masks.h"],
            extra_compile_args=FLAGS,
            libraries=["m"],
            optional=True,
        ),
        Extension(
            "modelyard.scoring._text",
            ["src/modelyard/scoring/_text.c"],
            extra_compile_args=FLAGS,
            libraries=["m"],
            optional=True,
        ),
        Extension("modelyard.rows._scan", ["src/modelyard/rows/_scan.c"], extra_compile_args=FLAGS, optional=True),
        Extension("modelyard.frame._lines", ["src/modelyard/frame/_lines.c"], extra_compile_args=FLAGS, optional=True),
        *(
            Extension(
                f"modelyard.frame.{name}",
                [f"src/modelyard/frame/{name}.c"],
                depends=["src/modelyard/frame/_columns.h"],
                extra_compile_args=FLAGS,
                optional=True,
            )
            for name in ("_records", "_copied")
        ),
    ]
)
