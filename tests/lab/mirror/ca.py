"""The lab's certificate authority, and one certificate for every name that the mirror impersonates."""

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .settings import LAB

PEM = serialization.Encoding.PEM
NOW = datetime.datetime.now(datetime.UTC)
SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")


def ensure_ca(folder: Path) -> None:
    """ca.crt and ca.key, and bundle.crt: this machine's trusted authorities and ours."""
    if not (folder / "ca.crt").exists():
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        draft = _draft("kinstall lab CA", key, _name("kinstall lab CA"), key, days=3650)
        draft = draft.add_extension(x509.BasicConstraints(True, 0), True).add_extension(usage, True)
        _write(folder / "ca.crt", key, draft.sign(key, hashes.SHA256()))
    trusted = SYSTEM.read_bytes() if SYSTEM.exists() else b""
    (folder / "bundle.crt").write_bytes(trusted + (folder / "ca.crt").read_bytes())


def server_context(folder: Path, names: list[str]) -> ssl.SSLContext:
    """A context whose one certificate is good for all names."""
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    authority_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the lab's CA has an elliptic curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    draft = _draft("kinstall lab mirror", key, authority.subject, authority_key, days=300)
    draft = draft.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    draft = draft.add_extension(x509.BasicConstraints(False, None), True)
    draft = draft.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    _write(folder / "mirror.crt", key, draft.sign(authority_key, hashes.SHA256()), authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mirror.crt", folder / "mirror.key")
    return context


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _draft(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    )


def _write(path: Path, key: ec.EllipticCurvePrivateKey, *certs: x509.Certificate) -> None:
    secret = path.with_suffix(".key")
    secret.touch(mode=0o600)
    secret.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    path.write_bytes(b"".join(cert.public_bytes(PEM) for cert in certs))


if __name__ == "__main__":
    ensure_ca(LAB / "ca")
