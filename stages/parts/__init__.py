"""What stages are made of, apart from the stages themselves."""
