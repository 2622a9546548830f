"""Serves CSS, JavaScript and icons under an address that changes with their content."""

import hashlib
from pathlib import Path

from flask import Flask, Response, send_from_directory

YEAR = 365 * 24 * 3600


def install(app: Flask, folder: Path) -> None:
    """Serve ``folder`` as ``/static/<version>/…`` under the endpoint ``static``.

    One version over all files stands in the path, so that modules and style sheets that name each
    other by relative addresses move to a new release together.
    """
    version = tree_version(folder)

    def serve(version_asked: str, filename: str) -> Response:
        answer = send_from_directory(folder, filename, max_age=0)
        if version_asked == version:
            answer.cache_control.clear()
            answer.cache_control.public = True
            answer.cache_control.max_age = YEAR
            answer.cache_control.immutable = True
        return answer

    def add_version(endpoint: str, values: dict[str, object]) -> None:
        if endpoint == "static":
            values.setdefault("version_asked", version)

    app.add_url_rule("/static/<version_asked>/<path:filename>", endpoint="static", view_func=serve)
    app.url_default_functions.setdefault(None, []).append(add_version)


def tree_version(folder: Path) -> str:
    """Return a short hash over the names and contents of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
