"""What was measured, for programs and for people: a JSON document, a table for the terminal, a page for the browser."""
