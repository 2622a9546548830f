"""Addresses written dozens of times on a page: Flask is asked once for their shape, not each time."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from flask import current_app, request, url_for

# The largest number that a row can have; an address with a larger one is no address of ours.
LARGEST_ID = 2**31 - 1
EXTENSION = "kb_address_shapes"
# What stands for the number while the shape is found out; no row has it.
NUMBER = LARGEST_ID - 1
# What Werkzeug leaves as it is in a query, so that both ways write the same address.
SAFE = "!$'()*,/:;?@"

Shape = tuple[str, str]


def address_of(endpoint: str, number: int, **parameters: object) -> str:
    """Return the address of a page about one thing, as ``url_for`` does.

    Args:
        endpoint: An endpoint whose only variable part is a number called ``article_id``.
        number: The number.
        parameters: The query; ``None`` is left out.
    """
    before, after = _shape(endpoint, lambda: url_for(endpoint, article_id=NUMBER))
    return f"{before}{number}{after}{query_of(parameters)}"


def list_address(endpoint: str, parameters: Mapping[str, object]) -> str:
    """Return the address of a page without variable parts, with a query."""
    return _shape(endpoint, lambda: url_for(endpoint))[0] + query_of(parameters)


def query_of(parameters: Mapping[str, object]) -> str:
    """Return parameters as the query of an address, with its question mark; empty if there are none."""
    kept = [(name, str(value)) for name, value in parameters.items() if value is not None]
    return f"?{urlencode(kept, safe=SAFE)}" if kept else ""


def _shape(endpoint: str, make: Callable[[], str]) -> Shape:
    shapes: dict[tuple[str, str], Shape] = current_app.extensions.setdefault(EXTENSION, {})
    key = (request.script_root, endpoint)
    found = shapes.get(key)
    if found is None:
        before, _number, after = make().partition(str(NUMBER))
        found = shapes[key] = (before, after)
    return found
