"""Certificates are read where there is TLS, and checked everywhere."""

import ssl

import pytest

from weave_core.certificates import believed


@pytest.mark.parametrize(("url", "believes"), [("https://a.example", True), ("http://b", False)])
def test_authorities_are_believed_for_tls_alone(*, url: str, believes: bool) -> None:
    """Without TLS none is read; with it or not, a certificate that none vouches for is refused."""
    context = believed(url)
    assert bool(context.cert_store_stats()["x509_ca"]) is believes
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
