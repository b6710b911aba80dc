"""What a package re-exports, it exports for type checkers too: each name as itself (`x as x`), and no other name."""

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

import sluicegate

SOURCE = Path(sluicegate.__file__).parent
PUBLIC = {
    "sluicegate": {
        "Answer",
        "ChatStream",
        "Client",
        "ConfigError",
        "Delta",
        "Embeddings",
        "GatewayBuilder",
        "GatewayError",
        "Images",
        "Moderations",
        "Ranking",
        "Sound",
        "Message",
        "MessageEvent",
        "MessageStream",
        "Response",
        "ResponseEvent",
        "ResponseStream",
        "Transcript",
        "open_gateway",
    },
    "sluicegate.library": {
        "Answer",
        "ChatStream",
        "Client",
        "Delta",
        "Embeddings",
        "GatewayBuilder",
        "Images",
        "Moderations",
        "Ranking",
        "Sound",
        "Message",
        "MessageEvent",
        "MessageStream",
        "Response",
        "ResponseEvent",
        "ResponseStream",
        "Transcript",
        "open_gateway",
    },
}


def imports_of(package: str) -> list[ast.alias]:
    file = SOURCE.parent.joinpath(*package.split("."), "__init__.py")
    nodes = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ImportFrom)]
    return [alias for node in nodes if node.module != "__future__" for alias in node.names]


@pytest.mark.parametrize("package", PUBLIC)
def test_each_name_is_exported_as_itself(package):
    assert {alias.name: alias.asname for alias in imports_of(package)} == {name: name for name in PUBLIC[package]}


def test_every_export_is_documented():
    assert [name for name in PUBLIC["sluicegate"] if not getattr(sluicegate, name).__doc__] == []


def test_the_version_is_the_installed_one():
    assert sluicegate.__version__ == version("sluicegate")
