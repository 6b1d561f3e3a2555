"""What docs/object-stores.md shows is what the commands answer, over a real S3 server."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

from modelyard.objects.bucket import Bucket
from object_stores import KEY, SECRET, Seaweed, ask

PAGE = Path(__file__).parents[2] / "docs/object-stores.md"
BLOCK = re.compile(r"^<!-- runnable with an S3 server -->\n```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ELLIPSIS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_the_commands_of_the_page_answer_what_it_shows(seaweed: Seaweed, tmp_path: Path) -> None:
    ask(seaweed.filer, "POST", "/buckets/flights/", 201)
    bucket = Bucket(seaweed.connection("flights"))
    for month in (1, 2):
        rows = "".join(f"{i % 24},{i % 7},{(i * 13) % 50 - 5}\n" for i in range(200))
        bucket.put_absent(f"raw/2013-0{month}.csv", f"hour,weekday,late\n{rows}".encode())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LAKE_ENDPOINT": seaweed.api, "LAKE_ACCESS_KEY": KEY,
                   "LAKE_SECRET_KEY": SECRET, "NO_COLOR": "1", "COLUMNS": "120"}  # fmt: skip
    (block,) = BLOCK.findall(PAGE.read_text())
    for said in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = said.partition("\n")
        ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False,
                             env=environment)  # fmt: skip
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        if shown.strip():
            same = doctest.OutputChecker().check_output(shown.strip(), ran.stdout.strip(), ELLIPSIS)
            assert same, f"{command}\n{ran.stdout}"
