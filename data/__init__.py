"""Shipped, read-only data: the lexicon and the sample knowledge."""
