"""What a converter brings home from a file: HTML, images, and a count of what it had to leave behind."""

import base64
import json
from collections import Counter
from dataclasses import dataclass, field

from indexer.extract.outcome import Outcome
from kb.ports import LOSS_KINDS, ConversionLoss

MAX_HTML_CHARS = 600_000
MAX_IMAGES = 40
MAX_IMAGE_BYTES = 5 * 1024 * 1024
MAX_ALL_IMAGE_BYTES = 16 * 1024 * 1024
MAX_LOSSES = 60


@dataclass
class Findings:
    """Filled by one converter while it reads one file."""

    title: str = ""
    html: list[str] = field(default_factory=list)
    images: list[bytes] = field(default_factory=list)
    losses: Counter[tuple[str, str]] = field(default_factory=Counter)

    def lose(self, kind: str, count: int = 1, detail: str = "") -> None:
        """Note that something was left out ``count`` times."""
        if count > 0:
            self.losses[kind, detail[:80]] += count

    def keep_image(self, data: bytes) -> str | None:
        """Take an image along and return its address in the HTML, or ``None`` if there is no room."""
        total = sum(map(len, self.images))
        if (
            len(self.images) >= MAX_IMAGES
            or len(data) > MAX_IMAGE_BYTES
            or total + len(data) > MAX_ALL_IMAGE_BYTES
        ):
            return None
        self.images.append(data)
        return f"imported:{len(self.images) - 1}"


def encode(outcome: Outcome, found: Findings) -> bytes:
    """Return an answer of a child as UTF-8 JSON."""
    html = "".join(found.html)
    return json.dumps(
        {
            "outcome": outcome.name,
            "title": found.title[:200],
            "html": html,
            "images": [base64.b64encode(image).decode() for image in found.images],
            "losses": [[kind, count, detail] for (kind, detail), count in found.losses.items()][:MAX_LOSSES],
        },
        ensure_ascii=False,
    ).encode("utf-8", "replace")


def decode(raw: bytes) -> tuple[Outcome, Findings]:
    """Return what a child said, checked, because a hostile file may have taken it over.

    Raises:
        ValueError: if the answer is not what a child may say, or holds more than it may.
    """
    try:
        said = json.loads(raw)
        outcome, title, html = Outcome[said["outcome"]], said["title"], said["html"]
        images = [base64.b64decode(image, validate=True) for image in said["images"]]
        losses = [(kind, count, detail) for kind, count, detail in said["losses"]]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("malformed answer") from error
    if not isinstance(title, str) or not isinstance(html, str) or len(html) > MAX_HTML_CHARS:
        raise ValueError("malformed text")
    if len(images) > MAX_IMAGES or sum(map(len, images)) > MAX_ALL_IMAGE_BYTES or len(losses) > MAX_LOSSES:
        raise ValueError("too much")
    found = Findings(title[:200], [html], images)
    for kind, count, detail in losses:
        if kind not in LOSS_KINDS or type(count) is not int or not isinstance(detail, str):
            raise ValueError("malformed loss")
        found.lose(kind, count, detail)
    return outcome, found


def losses_of(found: Findings) -> tuple[ConversionLoss, ...]:
    """Return the losses as the port names them."""
    return tuple(ConversionLoss(kind, count, detail) for (kind, detail), count in found.losses.items())
