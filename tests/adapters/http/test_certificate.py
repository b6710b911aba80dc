"""Each way in which a certificate cannot be used has words of its own, and they name the file."""

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from sluicegate.adapters.http.certificate import UnusableCertificate, check_certificate
from sluicegate.pipeline.config.sections import ServerTlsSettings
from tests.adapters.http.certified import Certified


def check(certificate, key):
    check_certificate(ServerTlsSettings(certificate=str(certificate), key=str(key)))


def test_a_certificate_and_its_key_pass_and_so_does_none_at_all(certified):
    check(certified.certificate, certified.key)
    check_certificate(ServerTlsSettings())


def test_both_may_stand_in_one_file(certified, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(certified.key.read_bytes() + certified.certificate.read_bytes())
    check(both, both)


@pytest.mark.parametrize("which", ["certificate", "key"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "in it, in the form that is called PEM"),
        (b"\x30\x82\x01\x0a", "in it, in the form that is called PEM"),
        ("damaged", ""),
    ],
    ids=["missing", "empty", "binary", "damaged"],
)
def test_a_file_that_is_not_what_it_should_be_is_named(certified, which, content, reason):
    path = getattr(certified, which)
    if content is None:
        path.unlink()
    elif content == "damaged":
        path.write_bytes(path.read_bytes().replace(b"\nM", b"\n!", 1))
    else:
        path.write_bytes(content)
    with pytest.raises(UnusableCertificate) as caught:
        check(certified.certificate, certified.key)
    told = str(caught.value)
    assert told.startswith(f"cannot use server.tls.{which} {path}: ")
    assert told.endswith(reason)
    assert len(told.splitlines()) == 1


def test_a_folder_is_no_file(certified, tmp_path):
    with pytest.raises(UnusableCertificate, match="Is a directory"):
        check(tmp_path, certified.key)


def test_the_key_of_another_certificate_is_refused(certified, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    other = Certified(folder)
    with pytest.raises(UnusableCertificate) as caught:
        check(certified.certificate, other.key)
    told = f"cannot use server.tls.key {other.key}: it is not the key of the certificate {certified.certificate}"
    assert str(caught.value) == told


def test_a_key_with_a_passphrase_is_refused_and_nothing_is_asked_at_the_terminal(certified):
    key = load_pem_private_key(certified.key.read_bytes(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    certified.key.write_bytes(sealed)
    with pytest.raises(UnusableCertificate, match=r"key\.pem: it is encrypted"):
        check(certified.certificate, certified.key)
