"""The engines that are compared: the product, Whoosh as tutorials set it up, SQLite FTS5 and Tantivy."""
