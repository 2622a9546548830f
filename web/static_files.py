"""Serves CSS, JavaScript and icons under an address that changes with their content."""

import hashlib
from pathlib import Path

from flask import Flask, Response, current_app, request, send_from_directory

YEAR = 365 * 24 * 3600
EXTENSION = "kb_static_path"


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

    app.extensions[EXTENSION] = f"/static/{version}/"
    app.add_url_rule("/static/<version_asked>/<path:filename>", endpoint="static", view_func=serve)
    app.jinja_env.globals["static_address"] = static_address
    app.url_default_functions.setdefault(None, []).append(add_version)


def static_address(filename: str) -> str:
    """Return the address of a shipped file, whose name must need no quoting."""
    return f"{request.script_root}{current_app.extensions[EXTENSION]}{filename}"


def tree_version(folder: Path) -> str:
    """Return a short hash over the names and contents of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
