"""Text analysis, query planning and search engines behind the ports that kb owns."""
