"""Fills and serves the tutorials' site: ``python -m tests.bench.haystack_site.serve fill CORPUS`` or ``… web PORT``."""

import json
import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.haystack_site.settings")


def fill(corpus: Path) -> None:
    """Make the tables, store every article of the corpus and index them with Haystack's command."""
    from django.core.management import call_command

    from tests.bench.haystack_site.models import Article

    call_command("migrate", run_syncdb=True, verbosity=0)
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines() if line.strip()]
    Article.objects.bulk_create(
        [Article(title=(row["title"] or row["body"][:40])[:400], body=row["body"]) for row in rows],
        batch_size=200,
    )
    call_command("rebuild_index", interactive=False, verbosity=0)


def serve(port: int, threads: int) -> None:
    """Serve with the server and the number of threads that the product has."""
    import waitress
    from django.core.wsgi import get_wsgi_application

    waitress.serve(get_wsgi_application(), host="127.0.0.1", port=port, threads=threads, ident=None)


def main() -> None:
    """Do what the arguments say."""
    django.setup()
    if sys.argv[1] == "fill":
        fill(Path(sys.argv[2]))
    else:
        serve(int(sys.argv[2]), int(sys.argv[3]))


if __name__ == "__main__":
    main()
