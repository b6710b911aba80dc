"""A certificate in files, as a server is given it, and the context of a client that trusts who signed it."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certified:
    """Makes the files in a folder.

    Attributes:
        authority: Who signed it.
        certificate: The certificate's file.
        key: Its key's file.
        context: A client's.
        settings: The section ``server`` that uses them.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self.authority = authority = trustme.CA()
        leaf = authority.issue_cert(*(names or ("127.0.0.1", "localhost")))
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        leaf.private_key_pem.write_to_path(self.key)
        for blob in leaf.cert_chain_pems:
            blob.write_to_path(self.certificate, append=True)
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)
        self.settings = {"tls": {"certificate": str(self.certificate), "key": str(self.key)}}
