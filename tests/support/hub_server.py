"""A hub of models on the loopback address, which the real huggingface_hub library talks to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["Hub", "serving"]


@dataclass
class Hub:
    """What the server holds and what it was asked."""

    folders: dict[str, Path] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    licence: str = "apache-2.0"
    broken: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def commit(self, model: str) -> str:
        """A commit that changes with the content of config.json."""
        return sha1((self.folders[model] / "config.json").read_bytes()).hexdigest()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve a hub while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            hub.asked.append(f"{self.command} {path}")
            parts = path.strip("/").split("/")
            api = parts[:2] == ["api", "models"]
            model = "/".join(parts[2:4] if api else parts[:2])
            rest = parts[4:] if api else parts[2:]
            if hub.broken:
                self._say(503, b"", {})
            elif model not in hub.folders:
                self._say(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif rest[:1] == ["revision"] and rest[1] not in ("main", hub.commit(model)):
                self._say(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            elif api:
                self._json(self._tree(model) if rest[:1] == ["tree"] else self._info(model))
            elif model in hub.gated:
                self._say(403, b"", {"X-Error-Code": "GatedRepo"})
            else:
                data = (hub.folders[model] / rest[2]).read_bytes()
                told = {"X-Repo-Commit": hub.commit(model), "ETag": f'"{sha1(data).hexdigest()}"'}
                self._say(200, data, told)

        def _info(self, model: str) -> object:
            files = sorted(hub.folders[model].iterdir())
            return {
                "id": model,
                "sha": hub.commit(model),
                "gated": "manual" if model in hub.gated else False,
                "cardData": {"license": hub.licence},
                "tags": [],
                "siblings": [{"rfilename": f.name, "size": f.stat().st_size} for f in files],
            }

        def _tree(self, model: str) -> object:
            return [
                {
                    "type": "file",
                    "path": file.name,
                    "size": file.stat().st_size,
                    "oid": sha1(file.read_bytes()).hexdigest(),
                }
                for file in sorted(hub.folders[model].iterdir())
            ]

        def _json(self, content: object) -> None:
            self._say(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

        def _say(self, code: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
