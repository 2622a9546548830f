"""The blueprint that the pages of the briefcase share."""

from flask import Blueprint

blueprint = Blueprint("briefcase", __name__)
