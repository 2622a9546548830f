"""Turns what authors write into safe HTML and plain text, bounded in time, without losing a word."""

import logging
import re
from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Literal

from kb.markup.anchors import Heading, anchor_headings
from kb.markup.attributes import Loss
from kb.markup.pieces import SPLIT_ABOVE, split
from kb.markup.plain import read
from kb.markup.sanitizing import (
    SANITIZER_VERSION,
    MarkupTooLarge,
    sanitizer_version,
    scan,
)
from kb.markup.worker import RenderingFailed, Worker, shared_worker

__all__ = [
    "SANITIZER_VERSION",
    "Heading",
    "MarkupTooLarge",
    "Rendered",
    "plain_text",
    "render",
    "sanitizer_version",
]

log = logging.getLogger(__name__)

Format = Literal["markdown", "html"]

_PIECE_SECONDS = 2.0
# More than one piece may use up, so that one bad piece leaves time for the good ones.
_SOURCE_SECONDS = 2.5
_SECONDS_PER_CHARACTER = 1 / 100_000
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_SENTENCES = {
    Loss.ACTIVE: "已移除脚本、内嵌页面、多媒体或表单等不能保存的内容，共 {count} 处。",
    Loss.IMAGE: "有 {count} 张图片未能保留（站外或内嵌图片），已改为文字说明；请作为附件上传后再插入。",
    Loss.LINK: "有 {count} 个链接的地址不安全或无法识别，已移除地址、保留文字。",
}


@dataclass(frozen=True)
class Rendered:
    """A page: safe ``html``, its plain ``text``, its ``headings``, and sentences on what was ``lost``."""

    html: str
    text: str
    headings: tuple[Heading, ...]
    lost: tuple[str, ...]


def render(source: str, fmt: Format, *, limit: int = 200_000) -> Rendered:
    """Render and sanitise a source; safe to call from any thread.

    Args:
        source: What the author wrote or pasted.
        fmt: ``markdown`` or ``html``.
        limit: Most characters the source may have.

    Returns:
        The page. Markup that cannot be rendered in its time (2.5 s and 1 s for every
        100,000 characters) is shown as the author typed it, and ``lost`` says so.

    Raises:
        MarkupTooLarge: if the source is longer than ``limit``, or HTML nested more than 64 deep.
    """
    if len(source) > limit:
        raise MarkupTooLarge(f"正文最多 {limit:,} 个字符，现在是 {len(source):,} 个字符，请拆分后再保存。")
    text = _readable(source)
    if fmt == "html":
        scan(text)
    parts = split(text) if fmt == "markdown" else [text]
    html, losses, failed = _render_parts(parts, fmt, shared_worker())
    html, headings = anchor_headings(html)
    lost = [sentence.format(count=losses[loss]) for loss, sentence in _SENTENCES.items() if losses[loss]]
    if failed:
        lost.append(
            f"有 {failed} 段内容的标记过于复杂，未能排版，已按原文显示；文字没有丢失，请简化后再保存。"
        )
    return Rendered(html, read(html), headings, tuple(lost))


def plain_text(html: str) -> str:
    """Return the text of HTML: one line for each block or list item, table cells joined by `` | ``.

    Space is folded as a browser does, except in preformatted text. The result depends on ``html``
    alone, so character offsets into it stay true; the time is linear in its length.

    Args:
        html: Clean HTML, as ``render`` returns it.
    """
    return read(html)


def _readable(source: str) -> str:
    without_surrogates = _SURROGATES.sub("\ufffd", source).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", without_surrogates.replace("\x0c", "\n"))


def _render_parts(parts: list[str], fmt: Format, worker: Worker) -> tuple[str, Counter[Loss], int]:
    left = _SOURCE_SECONDS + sum(map(len, parts)) * _SECONDS_PER_CHARACTER
    html: list[str] = []
    losses: Counter[Loss] = Counter()
    failed = 0
    for number, part in enumerate(parts):
        seconds = min(left, _PIECE_SECONDS + max(0, len(part) - SPLIT_ABOVE) * _SECONDS_PER_CHARACTER)
        try:
            if seconds <= 0:
                raise RenderingFailed("the time for the whole source is used up")
            answer, took = worker.render({"format": fmt, "source": part, "piece": number}, seconds)
        except RenderingFailed as error:
            log.warning("piece %d of %d shown as typed: %s", number + 1, len(parts), error)
            html.append(_as_typed(part, fmt))
            failed += 1
            left -= seconds
            continue
        left -= took
        html.append(answer["html"])
        losses.update({Loss(name): count for name, count in answer["losses"].items()})
    return "\n".join(html), losses, failed


def _as_typed(part: str, fmt: Format) -> str:
    if fmt == "html":
        return f"<pre>{escape(part, quote=False)}</pre>"
    paragraphs = re.split(r"\n[ \t]*\n", part)
    escaped = (escape(paragraph.strip("\n"), quote=False) for paragraph in paragraphs if paragraph.strip())
    return "\n".join("<p>" + paragraph.replace("\n", "<br>\n") + "</p>" for paragraph in escaped)
