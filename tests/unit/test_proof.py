"""The proof asks CoreDNS in DNS' own words."""

from __future__ import annotations

import dns.message
import dns.rcode
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from kinstall.steps.proof import NAME, Resolves, answers, query


def reply(address: str, *, rcode: int = 0) -> str:
    """A DNS server's answer, as od prints it."""
    message = dns.message.make_response(dns.message.from_wire(query()))
    message.set_rcode(dns.rcode.from_text(str(rcode)))
    if address:
        message.answer.append(dns.rrset.from_text(f"{NAME}.", 5, "IN", "A", address))
    return message.to_wire().hex(" ")


# as CoreDNS 1.14 sent it: names are not compressed
COREDNS = """
 6b 69 85 00 00 01 00 01 00 00 00 00 0a 6b 75 62 65 72 6e 65 74 65 73 07 64 65 66 61 75 6c 74 03 73 76 63 07 63 6c 75 73 74 65 72
 05 6c 6f 63 61 6c 00 00 01 00 01 0a 6b 75 62 65 72 6e 65 74 65 73 07 64 65 66 61 75 6c 74 03 73 76 63 07 63 6c 75 73 74 65 72
 05 6c 6f 63 61 6c 00 00 01 00 01 00 00 00 05 00 04 0a 60 00 01
"""


def test_an_answer_of_coredns() -> None:
    assert answers(COREDNS) == ["10.96.0.1"]


def test_an_answer() -> None:
    assert answers(reply("10.96.0.1")) == ["10.96.0.1"]
    assert Resolves("10.96.0.10", "10.96.0.1").met(reply("10.96.0.1"))
    assert not Resolves("10.96.0.10", "10.96.0.1").met(reply("10.96.0.2"))


def test_no_answer() -> None:
    assert answers("") == []
    assert answers(reply("", rcode=3)) == []


@given(st.binary(max_size=200))
def test_nothing_that_a_host_sends_breaks_it(data: bytes) -> None:
    assert isinstance(answers(data.hex()), list)
