"""A service account of the tests' own, and a provider that has it."""

from functools import cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sluicegate.adapters.providers.vertex import Vertex, VertexSettings
from sluicegate.pipeline.config.kinds import Secret

EMAIL = "robot@shop.iam.gserviceaccount.com"


@cache
def pems() -> tuple[str, bytes]:
    """Return a private key, and its public one."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def info(**fields: Any) -> dict[str, Any]:
    """Return what stands in a key file."""
    return {
        "type": "service_account",
        "project_id": "shop",
        "private_key_id": "kid-1",
        "private_key": pems()[0],
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
        **fields,
    }


def key_file(**fields: Any) -> Secret:
    """Return a key file."""
    return Secret(msgspec.json.encode(info(**fields)).decode())


def vertex(**settings: Any) -> Vertex:
    """A translator, by default with a token that is given."""
    if not {"api_key", "access_token", "credentials"} & settings.keys():
        settings["access_token"] = Secret("ya29.static-0123456789")
    return Vertex("cloud", VertexSettings(type="vertex", **{"project": "shop", **settings}))
