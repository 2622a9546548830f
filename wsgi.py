"""WSGI entry point: ``app`` for any WSGI server; run as a script it starts the whole product."""

import sys

from web.app import create_app
from web.cli import run

if __name__ == "__main__":
    sys.exit(run(["upgrade"]) or run(["serve"]))

app = create_app()
