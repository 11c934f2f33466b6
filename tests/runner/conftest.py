"""Runners in folders of their own."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.runner.jobs import Runner
from tests.runner.standin import StandIn, Told


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner that nothing was asked of yet."""
    return Runner(tmp_path / "runyard")


@pytest.fixture
def server() -> Iterator[StandIn]:
    """A server that knows one job."""
    with StandIn(Told()) as found:
        yield found


@pytest.fixture(scope="session")
def uv(tmp_path_factory: pytest.TempPathFactory) -> str:
    """uv, installed as the runner does it on a machine that has none."""
    runner = Runner(tmp_path_factory.mktemp("uv"))
    runner.variables["PATH"] = os.pathsep.join(
        one for one in runner.variables["PATH"].split(os.pathsep) if not (Path(one) / "uv").exists()
    )
    runner.variables["HOME"] = str(runner.folder)
    with StandIn() as server:
        server.told.kind = "build"
        server.told.definition = {"environment": {"python": {"condaDependencies": {"dependencies": []}}}}
        assert runner.work(server) == 0, runner.said
        assert "This machine has no uv" in server.told.log("azureml-logs/20_image_build_log.txt")
    found = runner.folder / "uv" / "bin" / "uv"
    assert found.is_file()
    return str(found)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for 127.0.0.1, in one file; its authority's certificate is ca.pem beside it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _signed("Authority", "Authority", authority_key.public_key(), authority_key, ca=True)
    made = _signed("127.0.0.1", "Authority", key.public_key(), authority_key, ca=False)
    plain = serialization.NoEncryption()
    file = tmp_path / "both.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    (tmp_path / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return file


def _signed(
    subject: str, issuer: str, key: ec.EllipticCurvePublicKey, by: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        .sign(by, hashes.SHA256())
    )


@pytest.fixture
def secure(certificate: Path) -> Iterator[StandIn]:
    """A server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with StandIn(context=context) as found:
        yield found
