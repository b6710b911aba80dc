"""The server's own certificate: whether it can be used, said at the start and in words that name the file."""

from __future__ import annotations

import ssl
from pathlib import Path

from sluicegate.pipeline.config.sections import ServerTlsSettings


class UnusableCertificate(OSError):
    """The server cannot prove who it is. The message names the file, and what is wrong with it."""


class _Encrypted(Exception):
    """A passphrase is asked for. Without this, OpenSSL would ask for it at the terminal."""


def check_certificate(settings: ServerTlsSettings) -> None:
    """Check that a server can use these files. Does nothing where TLS is off.

    Raises:
        UnusableCertificate: It cannot.
    """
    if not settings.certificate:
        return
    _read("certificate", settings.certificate)
    _read("key", settings.key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.certificate, settings.key, _passphrase)
    except _Encrypted as error:
        raise _unusable("key", settings.key, "it is encrypted, and there is no way to give its passphrase") from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            reason = f"it is not the key of the certificate {settings.certificate}"
            raise _unusable("key", settings.key, reason) from error
        raise _unusable(*_culprit(settings), error.reason or "OpenSSL cannot read it") from error


def _read(name: str, path: str) -> None:
    """Look at a file: OpenSSL's own errors do not tell which of the two it means."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _unusable(name, path, error.strerror or str(error)) from error
    mark = b"CERTIFICATE-----" if name == "certificate" else b"PRIVATE KEY-----"
    if mark not in content:
        what = "certificate" if name == "certificate" else "private key"
        raise _unusable(name, path, f"there is no {what} in it, in the form that is called PEM")


def _culprit(settings: ServerTlsSettings) -> tuple[str, str]:
    """Return which of the files it is that OpenSSL cannot read: the certificate, unless that can be read by itself."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(settings.certificate)
    except ssl.SSLError:
        return "certificate", settings.certificate
    return "key", settings.key


def _passphrase() -> str:
    raise _Encrypted


def _unusable(name: str, path: str, reason: str) -> UnusableCertificate:
    return UnusableCertificate(f"cannot use server.tls.{name} {path}: {reason}")
