"""Choosing among targets: what is known of them, the orders that strategies put them in, and the tree of a model."""
