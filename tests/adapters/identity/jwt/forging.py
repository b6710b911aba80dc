"""Tokens made by hand, right and wrong, and an identity provider on a real socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

SECRET = "8f4b1d2c9a7e6053f1e2d3c4b5a69788-of-the-tests"
KEY = "sk-of-ci-0123456789"
API_KEYS = [{"key": KEY, "name": "ci"}]
AUTH = {"api_keys": API_KEYS, "jwt": {"secret": SECRET}}
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})


def bearer(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def text(value: Any) -> str:
    """A part of a token; bytes are taken as they are."""
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def hs256(secret: str | bytes) -> Callable[[str], bytes]:
    raw = secret.encode() if isinstance(secret, str) else secret
    return lambda signed: hmac.new(raw, signed.encode(), hashlib.sha256).digest()


def forged(header: Any, claims: Any, sign: Callable[[str], bytes]) -> str:
    signed = f"{text(header)}.{text(claims)}"
    return f"{signed}.{b64(sign(signed))}"


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    made: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return made


def by_issuer(key: RSAKey | ECKey, claims: dict[str, Any], *, alg: str = "", **header: Any) -> str:
    """A token that an identity provider has signed."""
    alg = alg or ("RS256" if isinstance(key, RSAKey) else "ES256")
    head = {"alg": alg, "kid": key.kid, "typ": "JWT", **header}
    head = {name: value for name, value in head.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.max_header_length = 1 << 16
    return jws.serialize_compact(head, json.dumps(claims), key, registry=registry)


class IdentityProvider:
    """Serves its configuration and its keys, and counts how often it was asked."""

    def __init__(self, port: int, *keys: RSAKey | ECKey) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.keys = list(keys)
        self.asked: list[str] = []
        self.headers = ""
        self.body: bytes | None = None
        self.status = "200 OK"
        self.slow: trio.Event | None = None

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        made = {"iss": self.url, "aud": "gateway", "sub": "u-1", "iat": now, "exp": now + 600, **changes}
        return {name: value for name, value in made.items() if value is not None}

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {"issuer": self.url, "audience": "gateway", **changes}

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                data = await stream.receive_some()
                if not data:
                    return
                head += data
            path = head.split()[1].decode()
            self.asked.append(path)
            if self.slow is not None:
                await self.slow.wait()
            if path == "/.well-known/openid-configuration":
                value: Any = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
            else:
                value = {"keys": [key.as_dict(private=False) for key in self.keys]}
            body = json.dumps(value).encode() if self.body is None else self.body
            head_text = (
                f"HTTP/1.1 {self.status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{self.headers}\r\n"
            )
            await stream.send_all(head_text.encode() + body)


@asynccontextmanager
async def identity_provider(*keys: RSAKey | ECKey) -> AsyncIterator[IdentityProvider]:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    provider = IdentityProvider(listener.socket.getsockname()[1], *(keys or (RSA, EC)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, provider.serve, [listener])
        yield provider
        nursery.cancel_scope.cancel()
