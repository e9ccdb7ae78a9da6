"""A process that uses the embedded server, as a program of its own, told what to do line by line.

`python postgres_user.py HOME [UID GID]`; with a uid it becomes that user before it does anything.
Answers every line with one line of JSON: `{"answer": …}` or `{"error": …}`.
"""

import json
import os
import sys
from pathlib import Path

from lma_graph.kernel.postgres import EmbeddedPostgres
from lma_graph.kernel.postgres.processes import recorded_pid


def main(home: str, *identity: str) -> None:
    if identity:  # only now: this user may not be able to read the interpreter's modules
        uid, gid = map(int, identity)
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    server = EmbeddedPostgres(Path(home))

    def start() -> dict[str, object]:
        server.start()
        return {"url": server.url(), "data": str(server.data), "pid": recorded_pid(server.data)}

    for line in sys.stdin:
        try:
            said: dict[str, object] = {"answer": {"start": start, "stop": server.stop}[line.strip()]()}
        except Exception as error:  # noqa: BLE001 - the test judges it
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
