"""The blueprint that the pages of the briefcase share."""

from flask import Blueprint

LARGEST_ID = 2**31 - 1

blueprint = Blueprint("briefcase", __name__)
