"""Where the peers answer otherwise and Hairpin is right: every class with the sentence that makes it so.

A difference is explained when every part in which the two messages differ is explained. A class that explains
nothing any more fails the test, so that the table does not outlive its reasons.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import dns.name
import dns.rdatatype

from answers import TC, Answer, RRsets
from questions import AD, CD, DO, Question
from zones import CHILD, MAIN, OTHER

ANY = int(dns.rdatatype.ANY)
CNAME, DNAME, NS, DS, SOA, SVCB, HTTPS, RRSIG, NSEC = (int(dns.rdatatype.from_text(text)) for text in (
    "CNAME", "DNAME", "NS", "DS", "SOA", "SVCB", "HTTPS", "RRSIG", "NSEC"))
NOERROR, SERVFAIL, REFUSED, YXDOMAIN = 0, 2, 5, 6


@dataclasses.dataclass
class Reason:
    """One class of differences."""

    name: str
    peers: tuple[str, ...]
    parts: frozenset[str]  # What it explains.
    sentence: str          # Why ours is right, from the standard.
    applies: Callable[[Question, Answer, Answer], bool]
    count: int = 0


def _of(section: RRsets, *types: int) -> RRsets:
    return {key: value for key, value in section.items() if key[1] in types}


def _is_within(smaller: RRsets, larger: RRsets) -> bool:
    return all(larger.get(key) == value for key, value in smaller.items())


def _is_referral(answer: Answer) -> bool:
    return answer.rcode == NOERROR and bool(_of(answer.body.authority, NS)) and not _of(answer.body.authority, SOA)


def _follows(answer: Answer) -> bool:
    """Whether the answer section leads somewhere else than to the name asked."""
    return bool(_of(answer.body.answer, CNAME, DNAME))


def _zone_of(name: bytes) -> bytes:
    """The apex of the zone that it falls into."""
    return max((apex for apex in _APEXES if name.lower().endswith(apex)), key=len, default=b"")


def _leaves_zone(question: Question, ours: Answer) -> bool:
    """Whether a chain ends in another zone than it began in."""
    ends = [*ours.body.answer, *ours.body.authority]
    return _follows(ours) and any(_zone_of(owner) != _zone_of(question.name) for owner, _, _ in ends)


def _is_below(name: bytes, apex: bytes) -> bool:
    return name.lower().endswith(apex) and len(name) > len(apex)


_APEXES = [dns.name.from_text(apex).to_wire() for apex in (MAIN, CHILD, OTHER, "hidden.test.")]
_HIDING = dns.name.from_text("dn.hidden.test.").to_wire()
ALL = ("knot", "nsd", "bind")
SECTIONS = frozenset({"answer", "authority", "additional", "owner case"})
ADDITIONAL = frozenset({"additional"})

REASONS = [
    Reason("ANY is answered with one RRset", ALL, SECTIONS | {"TC"},
           'RFC 8482 section 4.1: one RRset of those at the name is a full answer to ANY; which one is ours to choose.',
           lambda question, ours, theirs: question.rtype == ANY and ours.rcode == theirs.rcode
           and len(ours.body.answer) <= 2),
    Reason("addresses of SVCB targets", ALL, ADDITIONAL,
           'RFC 9460 section 4.1: "authoritative DNS servers SHOULD return A, AAAA, and SVCB records in the Additional '
           'section for any TargetNames that are in the zone."',
           lambda question, ours, theirs: question.rtype in (SVCB, HTTPS)
           and _is_within(theirs.body.additional, ours.body.additional)),
    Reason("addresses of name servers in a referral", ALL, ADDITIONAL,
           'RFC 1034 section 4.3.2 step 3b: "Put whatever addresses are available into the additional section, using '
           'glue RRs if the addresses are not available from authoritative data or the cache."',
           lambda question, ours, theirs: _is_referral(ours) and _is_within(theirs.body.additional,
                                                                            ours.body.additional)),
    Reason("addresses beside an answer", ALL, ADDITIONAL,
           'RFC 1034 section 4.3.2 step 6: "Using local data only, attempt to add other RRs which may be useful to the '
           'additional section of the query." An attempt; resolvers ask for what they need.',
           lambda question, ours, theirs: question.rtype == NS and bool(_of(ours.body.answer, NS))
           and not ours.body.additional),
    Reason("the DS goes with a referral", ALL, frozenset({"authority"}),
           'RFC 4035 section 3.1.4: "If a DS RRset is present at the delegation point, the name server MUST return both '
           'the DS RRset and its associated RRSIG RR(s) in the Authority section along with the NS RRset."',
           lambda question, ours, theirs: _is_referral(ours) and question.way.edns_flags == DO
           and ours.body.authority.items() - theirs.body.authority.items()
           == _of(ours.body.authority, DS).items()),
    Reason("the case of names that were not asked", ALL, frozenset({"owner case"}),
           'RFC 4343 section 4.1: output keeps the case of the zone or, by compression, that of the question; servers '
           'compress differently. That the name asked is answered as it was asked is checked of every answer of ours.',
           lambda question, ours, theirs: True),
    Reason("CD and AD are cleared", ("bind",), frozenset({"CD", "AD"}),
           'RFC 4035 section 3.1.6: "A security-aware name server SHOULD clear the CD bit when composing an '
           'authoritative response." AD says that data was found authentic, and nothing was checked.',
           lambda question, ours, theirs: not ours.has(CD | AD)),
    Reason("an extended error says why", ALL, frozenset({"options"}),
           'RFC 8914 section 2: the option may stand in any response to a query with an OPT, whatever its RCODE.',
           lambda question, ours, theirs: ours.rcode == REFUSED and ours.opt is not None
           and ours.opt[3] == frozenset({15})),
    Reason("names in RDATA are not compressed, and so less fits", ALL, SECTIONS | {"TC", "RCODE"},
           'RFC 1035 section 4.1.4: "Programs are free to avoid using pointers in messages they generate, although '
           'this will reduce datagram capacity, and may cause truncation." What did not fit is asked again over TCP; '
           'until then nothing of the message counts (RFC 2181 section 9).',
           lambda question, ours, theirs: not question.way.tcp and ours.has(TC)),
    Reason("what fits is not truncated", ("bind", "nsd"), SECTIONS | {"TC"},
           'RFC 2181 section 9: "The TC bit should be set in responses only when an RRSet is required as a part of the '
           'response, but could not be included in its entirety."',
           lambda question, ours, theirs: not ours.has(TC) and theirs.has(TC)),
    Reason("a chain is followed into other zones of ours", ALL, SECTIONS | {"RCODE"},
           'RFC 1034 section 4.3.2 step 3a: "change QNAME to the canonical name in the CNAME RR, and go back to step '
           '1", which looks for the nearest zone anew.',
           lambda question, ours, theirs: _leaves_zone(question, ours)
           and _is_within(theirs.body.answer, ours.body.answer)),
    Reason("RRSIG and NSEC of an alias in an unsigned zone", ("knot", "bind"), SECTIONS | {"RCODE"},
           'RFC 1034 section 4.3.2 step 3a: "If the data at the node is a CNAME, and QTYPE doesn\'t match CNAME, copy the '
           'CNAME RR into the answer section ... and go back to step 1." RFC 4035 section 2.5 puts RRSIG and NSEC '
           'beside a CNAME in signed zones only.',
           lambda question, ours, theirs: question.rtype in (RRSIG, NSEC) and _follows(ours)
           and not theirs.body.answer),
    Reason("ANY is answered with the CNAME that a DNAME makes", ("knot", "nsd"), SECTIONS | {"RCODE"},
           'RFC 1034 section 4.3.2 step 3a goes on only where "QTYPE doesn\'t match CNAME", and ANY matches it, as it '
           'does where the CNAME is stored. BIND does the same.',
           lambda question, ours, theirs: question.rtype == ANY and bool(_of(ours.body.answer, DNAME))
           and _is_within(ours.body.answer, theirs.body.answer)),
    Reason("a chain is followed further", ("knot",), SECTIONS | {"RCODE"},
           'RFC 1034 section 4.3.2 step 3a, as above, has no bound. Knot stops earlier than we do (16 links).',
           lambda question, ours, theirs: len(theirs.body.answer) >= 5 and _follows(ours)
           and _is_within(theirs.body.answer, ours.body.answer)),
    Reason("a loop is answered with what the zone says", ("bind",), SECTIONS | {"RCODE", "options"},
           'RFC 1034 section 3.6.2: "CNAME chains should be followed and CNAME loops signalled as an error", said of '
           'who follows them, the resolver; the data of the zone is what was asked for.',
           lambda question, ours, theirs: theirs.rcode == SERVFAIL and _follows(ours)),
    Reason("what is below a DNAME is redirected", ("knot",), SECTIONS | {"RCODE", "AA"},
           'RFC 6672 section 2.4: "Resource records MUST NOT exist at any subdomain of the owner of a DNAME RR"; where '
           'they do, section 3.2 step 3.C redirects on the way down, before they are reached.',
           lambda question, ours, theirs: _is_below(question.name, _HIDING)),
    Reason("a backslash in a label", ("nsd",), SECTIONS | {"RCODE"},
           'RFC 1035 section 5.1: "\\X where X is any character other than a digit (0-9), is used to quote that '
           'character so that its special meaning does not apply." NSD reads a quoted backslash at the end otherwise.',
           lambda question, ours, theirs: b"z\\" in question.name.lower()),
    Reason("a DNAME's target that is too long is YXDOMAIN", ("knot", "nsd"), frozenset({"RCODE", "authority", "options"}),
           'RFC 6672 section 2.2: where the substitution fails, YXDOMAIN and the DNAME are the answer; BIND agrees. Knot '
           'says NXDOMAIN with a SOA, NSD adds an extended error of no meaning (0).',
           lambda question, ours, theirs: ours.rcode == YXDOMAIN and not ours.body.authority),
]


def explain(peer: str, question: Question, ours: Answer, theirs: Answer, parts: set[str]) -> set[str]:
    """The parts that no reason explains."""
    left = set(parts)
    for reason in REASONS:
        explains = left & reason.parts
        if explains and peer in reason.peers and reason.applies(question, ours, theirs):
            reason.count += 1
            left -= explains
    return left
