"""The briefcase: its page, the small form behind F, its folders, packs and exports."""

from web.briefcase import acts, pages
from web.briefcase.blueprint import blueprint

__all__ = ["acts", "blueprint", "pages"]
