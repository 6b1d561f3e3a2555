"""From a store to a listening process: what `modelyard serve` runs.

Loopback until a token is given. The first look at the pointer happens before the port opens, so a server that answers
is warm; later looks happen in a thread.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from uvicorn import Config

from modelyard.errors.store import NoStore
from modelyard.serve.app import App, Append
from modelyard.serve.doors import Door, check_host, read_token
from modelyard.serve.drain import DrainingServer
from modelyard.serve.fence import forbid_unpickling
from modelyard.serve.log import open_log
from modelyard.serve.protocol import Protocol
from modelyard.serve.sockets import DEFAULT_PORT, allow_connections, listen
from modelyard.serve.swap import Swapper
from modelyard.store.place import Store
from modelyard.store.pointer import read_pointer
from modelyard.store.serving import Durability, Serving, read_serving, strictest


def serve(
    store: Store,
    names: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int | None = None,
    durability: Durability | None = None,
    token_file: Path | None = None,
    without: Sequence[str] = (),
    ready_file: Path | None = None,
) -> None:
    """Serve those models (all that the pointer names when none is given) until SIGTERM or SIGINT.

    `durability` and `without` are added to what `serving.json` says: the first replaces it, the second joins it.
    `ready_file`: where `{"pid": …, "host": …, "port": …}` is written once the port is open. Raises OpenToNetwork,
    BadToken, PortBusy, NoStore, BadPointer, BadServing."""
    if not store.root.is_dir():
        raise NoStore("there is no such folder", where=str(store.root))
    token_file = token_file or _token_file()
    token = read_token(token_file) if token_file else None
    check_host(host, token)
    forbid_unpickling()
    asked = names or tuple(read_pointer(store.pointer))
    settings = read_serving(store.serving)
    durability = durability or strictest([settings.get(name, Serving()).durability for name in asked])
    swapper = Swapper(store, names, durability, without)
    swapper.look()
    with open_log(store, durability) as append:
        run(append, swapper, Door(token), host, port, ready_file)


def run(append: Append, swapper: Swapper, door: Door, host: str, port: int | None, ready_file: Path | None) -> None:
    """Listen, serve, drain."""
    app = App(append, swapper.models, door)
    swapper.meters = app.meters
    allow_connections()
    bound = listen(host, port)
    chosen: int = bound.getsockname()[1]
    swapper.start()
    if port is None and chosen != DEFAULT_PORT:
        sys.stderr.write(
            f"serve: port {DEFAULT_PORT} is in use, {chosen} is taken instead (--port N chooses another)\n"
        )
    at = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"serve: {', '.join(swapper.models) or 'no model yet'} on http://{at}:{chosen}/v1/models\n")
    if ready_file is not None:
        _write_ready(ready_file, host, chosen)
    try:
        DrainingServer(_config(app), app).run(sockets=[bound])
    finally:
        swapper.stop()


def _config(app: App) -> Config:
    return Config(
        app,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )


def _token_file() -> Path | None:
    named = os.environ.get("MODELYARD_TOKEN_FILE")
    return Path(named) if named else None


def _write_ready(path: Path, host: str, port: int) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode({"pid": os.getpid(), "host": host, "port": port}))
    temporary.replace(path)
