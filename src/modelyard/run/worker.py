"""A worker process: `python -m modelyard.run.worker`, pieces in on standard input, answers out on standard output.

It ends when its input does, so it never outlives the process that started it. What libraries print goes to standard
error, for standard output is the channel.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from modelyard.project.local import with_local_kinds
from modelyard.run.cache import Cache
from modelyard.run.learn import Memory
from modelyard.run.message import Done, Shared, Task, piece_of, receive, send, setting_of
from modelyard.run.spill import open_data
from modelyard.run.work import perform
from modelyard.step.registry import Registry


def serve(given: IO[bytes], answers: IO[bytes]) -> None:
    told = receive(given, Shared)
    if told is None:
        return
    setting, data = setting_of(told), open_data(Path(told.rows))
    registry = with_local_kinds(Registry.installed(), Path(told.folder))
    fold, memory = -1, Memory(Cache(Path(told.cache)))
    while (task := receive(given, Task)) is not None:
        if task.fold != fold:
            fold, memory = task.fold, Memory(Cache(Path(told.cache)))
        scores = perform(piece_of(task, registry), data, setting, memory)
        send(answers, Done(key=task.key, error=scores.error))


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
