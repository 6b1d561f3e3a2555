"""How learners' threads wait for each other in what the command starts, as the library itself tells."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import sys
from modelyard.cli import main
sys.argv = ["modelyard", "--version"]
try:
    main()
except SystemExit:
    import lightgbm
"""


@pytest.mark.parametrize(("asked", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_that_wait_sleep_unless_the_user_says_otherwise(asked: str | None, found: str) -> None:
    unset = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment = {**unset, "OMP_DISPLAY_ENV": "true", **({} if asked is None else {"OMP_WAIT_POLICY": asked})}
    told = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=environment)
    assert f"OMP_WAIT_POLICY = '{found}'" in told.stderr
