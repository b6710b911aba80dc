"""Redis under trio: many callers on one connection, and the store that is built on it."""
