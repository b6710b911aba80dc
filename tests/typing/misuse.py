"""Uses of the library that a strict type checker must refuse: each line that is wrong ends in the error's code.

Read by mypy in tests/typing/test_typing.py, never run.
"""

from __future__ import annotations

from sluicegate import Client, GatewayBuilder, open_gateway


async def misuse(gateway: Client) -> None:
    await gateway.chat("a/b", 7)  # wrong: arg-type
    await gateway.chat("a/b", "Hello", timeout="5s")  # wrong: arg-type
    await gateway.embed("a/b", [1, 2])  # wrong: list-item
    async with gateway.chat("a/b", "Hello"):  # wrong: attr-defined
        pass
    open_gateway(42)  # wrong: arg-type
    GatewayBuilder().model("fast", 7)  # wrong: arg-type
    GatewayBuilder().use("a name")  # wrong: arg-type
