"""Domain rules and the database of the knowledge base; the only owner of truth."""
