"""Shared by all tests: this folder on the path, so that tests can import `flights`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
