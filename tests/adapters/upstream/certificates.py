"""Servers with certificates that are made on the spot."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import trio
import trustme

from sluicegate.adapters.upstream.tls import TlsSettings
from tests.adapters.upstream.upstreams import Server


def server_context(certificate: trustme.LeafCert, *, newest: bool = True) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if not newest:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    certificate.configure_cert(context)
    return context


def secured(
    handler: Callable[[trio.SSLStream[trio.SocketStream]], Awaitable[None]],
    context: ssl.SSLContext,
    *,
    says_goodbye: bool = False,
) -> Server:
    """Put a server behind TLS. A client that goes away during the handshake, or without goodbye, is no error."""

    async def wrapped(stream: trio.SocketStream) -> None:
        try:
            await handler(trio.SSLStream(stream, context, server_side=True, https_compatible=not says_goodbye))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await stream.aclose()

    return wrapped


def trusting(ca: trustme.CA, folder: object) -> TlsSettings:
    path = f"{folder}/ca.pem"
    ca.cert_pem.write_to_path(path)
    return TlsSettings(ca_file=path)
