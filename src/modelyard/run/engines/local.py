"""The engine of one machine: worker processes, started afresh, each with its share of the cores.

Why processes and not threads: learners hold the interpreter's lock between their parallel parts, and one that is killed
for want of memory must not take the run with it. Why spawned: a forked child inherits threads and locks.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelyard.errors import ModelyardError
from modelyard.errors.run import WorkerDied
from modelyard.run.cache import Cache
from modelyard.run.data import Data
from modelyard.run.message import Done, Shared, receive, send, shared, task
from modelyard.run.spill import write_data
from modelyard.run.work import FoldScores, Piece, Setting, finished, refused

Answer = tuple[Piece, FoldScores] | ModelyardError
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


class Local:
    """`rows`: the folder that the rows are written to, once per digest."""

    def __init__(self, workers: int, cores: int, rows: Path) -> None:
        self.workers, self.cores, self.rows = workers, max(1, cores // workers), rows

    def work(
        self, pieces: Sequence[Piece], data: Data, setting: Setting, cache: Cache
    ) -> Iterator[tuple[Piece, FoldScores]]:
        """Each piece with its scores, as they come. Raises WorkerDied; the processes are gone when it returns."""
        place = self.rows / setting.data
        write_data(data, place)
        todo: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        for piece in sorted(pieces, key=lambda one: -len(one.rows.train)):
            todo.put(piece)
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        told = shared(setting, place, cache.folder, self.cores)
        hands = [_Hand(told, self.cores, todo, answers, cache) for _ in range(min(self.workers, len(pieces)))]
        try:
            for _ in pieces:
                answer = answers.get()
                if isinstance(answer, ModelyardError):
                    raise answer
                yield answer
        finally:
            for hand in hands:
                hand.stop(todo)


class _Hand:
    """One worker process and the thread that speaks with it."""

    def __init__(
        self,
        told: Shared,
        cores: int,
        todo: queue.SimpleQueue[Piece | None],
        answers: queue.SimpleQueue[Answer],
        cache: Cache,
    ) -> None:
        environment = {**os.environ, **dict.fromkeys(THREADS, str(cores))}
        command = [sys.executable, "-m", "modelyard.run.worker"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the run, which ends its workers
        )
        self.told, self.todo, self.answers, self.cache = told, todo, answers, cache
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self) -> None:
        try:
            self._pieces()
        except ModelyardError as error:
            self.answers.put(error)
        except OSError:
            self.answers.put(self._died())

    def _pieces(self) -> None:
        given, answers = self.process.stdin, self.process.stdout
        if given is None or answers is None:
            raise WorkerDied("a worker has no pipes")
        send(given, self.told)
        while (piece := self.todo.get()) is not None:
            send(given, task(piece))
            done = receive(answers, Done)
            if done is None:
                raise self._died()
            self.answers.put((piece, self._scores(piece, done)))

    def _scores(self, piece: Piece, done: Done) -> FoldScores:
        if done.error:
            return refused(done.error)
        found = finished(piece, self.cache)
        if found is None:
            raise WorkerDied(f"the scores of {piece.recipe.name} on fold {piece.fold} are not in the cache")
        return found

    def _died(self) -> WorkerDied:
        return WorkerDied(f"a worker process ended with code {self.process.wait(timeout=10)}")

    def stop(self, todo: queue.SimpleQueue[Piece | None]) -> None:
        todo.put(None)
        self.process.terminate()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
