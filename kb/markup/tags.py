"""Names the kinds of HTML tags that sanitising and reading tell apart."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


HEADINGS = _names("h1 h2 h3 h4 h5 h6")
CELLS = _names("td th")
BLOCKS = HEADINGS | _names(
    "p blockquote ul ol li dl dt dd table caption thead tbody tfoot tr figure figcaption div details summary "
    "pre hr"
)
INLINE = _names("br strong b em i u s del ins sub sup mark small code kbd samp a img")
ALLOWED = BLOCKS | CELLS | INLINE

# Their content is machinery, not text, so it goes with them.
DROPPED_WITH_CONTENT = _names(
    "script style title noscript iframe noembed noframes object applet svg math template xml canvas audio "
    "video select datalist"
)
# What an author should be told is gone; style and head come with every paste and are not missed.
ACTIVE = _names(
    "script iframe object applet embed svg math canvas audio video form input select textarea button"
)
VOID = _names("area base br col embed hr img input link meta param source track wbr")

# An opening tag closes these when they stand open on top, as authors may leave them unclosed.
CLOSES: dict[str, frozenset[str]] = {
    "p": _names("p"),
    "li": _names("li p"),
    "dt": _names("dt dd p"),
    "dd": _names("dt dd p"),
    "td": _names("td th p"),
    "th": _names("td th p"),
    "tr": _names("tr td th p"),
    "option": _names("option"),
}
