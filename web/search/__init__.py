"""The search pages: results, suggestions while typing, the time lock and the browser's own search box."""

from web.search.address import Address
from web.search.views import blueprint

__all__ = ["Address", "blueprint"]
