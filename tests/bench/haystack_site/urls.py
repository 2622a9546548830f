"""The one page: Haystack's own search view."""

from django.urls import path
from haystack.generic_views import SearchView

urlpatterns = [path("search/", SearchView.as_view(), name="haystack_search")]
