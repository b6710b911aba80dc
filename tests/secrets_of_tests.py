"""The secrets that tests use. None of them may stand in what the program logs or prints while a test runs.

Who makes one up says so by `secret`; tests/conftest.py looks for all of them in what was captured of each test.
"""

SECRETS: set[str] = set()


def secret(text: str) -> str:
    """Remember a secret, and return it."""
    SECRETS.add(text)
    return text


def shown_in(sections: list[tuple[str, str]]) -> list[str]:
    """Name the sections of captured output that have a secret in them."""
    return [name for name, content in sections if any(text in content for text in SECRETS)]
