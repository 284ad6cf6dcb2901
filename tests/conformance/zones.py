"""The zones that every name server under test is given: one of everything that master files can say.

TYPES holds one record of each type as people write it. The zones are built from it and from what makes
answers differ: cuts, wildcards, DNAMEs, aliases, empty non-terminals, odd labels, large RRsets.
"""

from __future__ import annotations

import dataclasses

import dns.name
import dns.rdata
import dns.rdatatype

MAIN, CHILD, OTHER = "conf.test.", "hosted.conf.test.", "other.test."

KEY = "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
DIGEST = "2bb183af5f22588179a53b0a98631fad1a292118f29b4b1d0a5f3f5b4c0d5e6f"

# Owner "t-<type>" and, but for what stands alone or at cuts, the owner "all".
TYPES = {
    "A": "192.0.2.11",
    "AAAA": "2001:db8::11",
    "AFSDB": "1 Afs.conf.test.",
    "APL": "1:192.0.2.0/24 !2:2001:db8::/32",
    "CAA": '128 issue "ca.example.net; policy=ev"',
    "CDNSKEY": f"257 3 13 {KEY}",
    "CDS": f"12345 13 2 {DIGEST}",
    "CERT": "PKIX 1 RSASHA256 AQIDBAUGBwgJ",
    "CSYNC": "66 3 A NS AAAA",
    "DHCID": "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
    "DNSKEY": f"256 3 13 {KEY}",
    "EUI48": "00-00-5e-00-53-2a",
    "EUI64": "00-00-5e-ef-10-00-00-2a",
    "GPOS": '"-32.6882" "116.8652" "10.0"',
    "HINFO": '"PC; \\"quoted\\"" "Linux\\092\\200"',
    "HIP": "2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p rvs.conf.test.",
    "HTTPS": '1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 key65333="x"',
    "IPSECKEY": "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
    "ISDN": '"150862028003217" "004"',
    "KEY": f"256 3 13 {KEY}",
    "KX": "10 Kx.conf.test.",
    "L32": "10 10.1.2.0",
    "L64": "10 2001:0db8:1140:1000",
    "LOC": "52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m",
    "LP": "10 l64.conf.test.",
    "MB": "mb.conf.test.",
    "MG": "mg.conf.test.",
    "MINFO": "r.conf.test. e.conf.test.",
    "MR": "mr.conf.test.",
    "MX": "10 Mail.conf.test.",
    "NAPTR": '100 50 "s" "http+I2L+I2C+I2R" "!^.*$!sip:a@b!i" _http._tcp.conf.test.',
    "NID": "10 0014:4fff:ff20:ee64",
    "NSAP": "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
    "NSAP-PTR": "nsap.conf.test.",
    "OPENPGPKEY": KEY,
    "PTR": "Ptr.conf.test.",
    "PX": "10 map822.conf.test. mapx400.conf.test.",
    "RP": "mbox.conf.test. txt.conf.test.",
    "RT": "10 relay.conf.test.",
    "SMIMEA": f"3 1 1 {DIGEST}",
    "SPF": '"v=spf1 -all"',
    "SRV": "0 5 5060 Sip.conf.test.",
    "SSHFP": f"4 2 {DIGEST}",
    "SVCB": "2 Svc.conf.test. alpn=dot port=853 no-default-alpn mandatory=alpn",
    "TALINK": "h.conf.test. t.conf.test.",
    "TLSA": f"3 1 1 {DIGEST}",
    "TXT": '"one" two "with \\"quotes\\" and \\\\" "\\000\\255" ""',
    "TYPE65400": "\\# 6 c00c0a0bff00",
    "URI": '10 1 "https://example.net/path"',
    "WKS": "\\# 9 c000020b0600000040",
    "X25": '"311061700956"',
}


@dataclasses.dataclass
class TestZone:
    """One zone: its name and its records as (owner relative or absolute, TTL, type, RDATA)."""

    __test__ = False  # Not a test, whatever its name begins with.
    apex: str
    records: list[tuple[str, int, str, str]] = dataclasses.field(default_factory=list)

    def add(self, owner: str, rtype: str, rdata: str, ttl: int = 300) -> None:
        self.records.append((owner, ttl, rtype, rdata))

    def text(self, generic: frozenset[str] = frozenset()) -> str:
        """A master file; the types in `generic` as RFC 3597 writes what has no text."""
        lines = [f"$ORIGIN {self.apex}"]
        for owner, ttl, rtype, rdata in self.records:
            if rtype in generic:
                rtype, rdata = _generic(rtype, rdata)
            lines.append(f"{owner} {ttl} IN {rtype} {rdata}")
        return "\n".join(lines) + "\n"

    def owners(self) -> list[dns.name.Name]:
        """Every owner, and every name between it and the apex, in canonical order."""
        apex = dns.name.from_text(self.apex)
        names = set()
        for owner, *_ in self.records:
            name = dns.name.from_text(owner, apex)
            while name != apex:
                names.add(name)
                name = name.parent()
        return [apex, *sorted(names)]

    def types_at(self) -> dict[dns.name.Name, set[int]]:
        apex = dns.name.from_text(self.apex)
        types: dict[dns.name.Name, set[int]] = {}
        for owner, _, rtype, _ in self.records:
            types.setdefault(dns.name.from_text(owner, apex), set()).add(type_number(rtype))
        return types


# dnspython does not read these; their RDATA is written as that of another type.
_WRITTEN_AS = {"KEY": "DNSKEY", "MB": "NS", "MG": "NS", "MR": "NS", "MINFO": "RP", "TALINK": "RP"}


def type_number(text: str) -> int:
    return 58 if text == "TALINK" else int(dns.rdatatype.from_text(text))


def _generic(rtype: str, text: str) -> tuple[str, str]:
    number = f"TYPE{type_number(rtype)}"
    if text.startswith("\\#"):
        return number, text
    wire = dns.rdata.from_text("IN", _WRITTEN_AS.get(rtype, rtype), text).to_wire()
    return number, f"\\# {len(wire)} {wire.hex()}"


def _add_apex(zone: TestZone) -> None:
    # A serial that is ahead of the clock: Hairpin keeps it (RFC 1982).
    zone.add("@", "SOA", f"Ns1.conf.test. hostmaster.{zone.apex} 3000000007 3600 600 604800 120", 3600)
    zone.add("@", "NS", "ns1.conf.test.", 3600)
    zone.add("@", "NS", "ns.other.test.", 3600)


def _add_names(zone: TestZone) -> None:
    zone.add("@", "MX", "10 mail", 3600)
    zone.add("@", "TXT", '"apex"')
    zone.add("ns1", "A", "192.0.2.53")
    zone.add("ns1", "AAAA", "2001:db8::53")
    zone.add("www", "A", "192.0.2.1")
    zone.add("www", "A", "192.0.2.2")
    zone.add("www", "AAAA", "2001:db8::1")
    zone.add("MiXeD.CaSe", "A", "192.0.2.3")
    zone.add("a.b.c.d.e", "TXT", '"four empty non-terminals"')
    zone.add("f.b.c.d.e", "A", "192.0.2.4")
    # Labels that are hard to order, to print or to compare.
    for number, label in enumerate(("a", "x.a", "a\\000nul", "y.a\\000nul", "a\\000", "\\000", "b\\255", "sp\\032ace",
                                    "dot\\.ted", "\\@", "z\\\\", "-", "_tcp", "*x", "x*", "\\010", "\\200\\201",
                                    "l" * 63, "1", "\\091", "q\\064", "\\096", "\\123", "a-", "aa"), 1):
        zone.add(label, "A", f"192.0.2.{100 + number}")
    zone.add(".".join("m" * 60 for _ in range(4)), "A", "192.0.2.5")  # 254 octets with the apex.


def _add_types(zone: TestZone) -> None:
    for rtype, rdata in TYPES.items():
        zone.add(f"t-{rtype.lower()}", rtype, rdata)
        if rtype not in ("DNSKEY", "CDS", "CDNSKEY", "KEY"):
            zone.add("all", rtype, rdata)


def _add_wildcards(zone: TestZone) -> None:
    zone.add("*.wild", "A", "192.0.2.7")
    zone.add("*.wild", "TXT", '"wild"')
    zone.add("real.wild", "TXT", '"real"')
    zone.add("x.ent.wild", "A", "192.0.2.8")        # An empty non-terminal beside the asterisk.
    zone.add("*.sub.wild", "A", "192.0.2.9")        # A wildcard below what a wildcard would cover.
    zone.add("cut.wild", "NS", "ns.cut.wild")
    zone.add("ns.cut.wild", "A", "192.0.2.10")
    zone.add("alias.wild", "CNAME", "any.wild")
    zone.add("below.*.mid", "TXT", '"the asterisk is an empty non-terminal"')
    zone.add("*.star.*.mid", "TXT", '"an asterisk in the middle and in front"')
    zone.add("*.wc", "CNAME", "www")
    zone.add("*.wcmissing", "CNAME", "missing")
    zone.add("*.wcwild", "CNAME", "through.wild")
    zone.add("*.wcself", "CNAME", "again.wcself")
    zone.add("*.wccut", "CNAME", "host.cut1")
    zone.add("*.UPPER", "MX", "10 Mail")


def _add_aliases(zone: TestZone) -> None:
    for owner, target in {
            "alias": "www", "alias2": "alias", "alias3": "ALIAS2", "toapex": "@", "dangling": "missing",
            "danglingbelow": "x.www", "toent": "c.d.e", "towild": "any.wild", "todname": "x.dn", "tocut": "cut1",
            "tobelowcut": "host.cut1", "toout": "www.elsewhere.example.", "toother": "www.other.test.",
            "toothermissing": "missing.other.test.", "tohosted": "www.hosted", "tobig": "txtbig", "tonul": "a\\000nul",
            "toocc": "occluded.cut1", "loopself": "loopself", "loop1": "loop2", "loop2": "loop3", "loop3": "loop1",
            "toloop": "loop1", "tosvc": "svc"}.items():
        zone.add(owner, "CNAME", target)
    for number in range(10):
        zone.add(f"chain{number}", "CNAME", f"chain{number + 1}")
    zone.add("chain10", "A", "192.0.2.12")


def _add_dnames(zone: TestZone) -> None:
    zone.add("dn", "DNAME", "target")
    zone.add("dn", "TXT", '"at the owner of a DNAME"')
    zone.add("dn", "A", "192.0.2.13")
    zone.add("x.target", "A", "192.0.2.14")
    zone.add("*.wtarget", "A", "192.0.2.15")
    zone.add("dnwild", "DNAME", "wtarget")
    zone.add("dnout", "DNAME", "elsewhere.example.")
    zone.add("dnother", "DNAME", "other.test.")
    zone.add("dncut", "DNAME", "cut1")
    zone.add("dndn", "DNAME", "dn")
    zone.add("dnping", "DNAME", "dnpong")
    zone.add("dnpong", "DNAME", "dnping")
    zone.add("dnlong", "DNAME", ".".join("o" * 60 for _ in range(3)))
    zone.add("dnapex", "DNAME", "@")


def _add_cuts(zone: TestZone) -> None:
    zone.add("cut1", "NS", "ns.cut1")                # In-domain glue.
    zone.add("cut1", "NS", "Ns.Deep.cut1")
    zone.add("cut1", "DS", f"12345 13 2 {DIGEST}")
    zone.add("ns.cut1", "A", "192.0.2.20")
    zone.add("ns.cut1", "AAAA", "2001:db8::20")
    zone.add("ns.deep.cut1", "A", "192.0.2.21")
    zone.add("cut2", "NS", "ns.cut1")                # Sibling glue.
    zone.add("cut2", "NS", "ns.cut2")
    zone.add("ns.cut2", "AAAA", "2001:db8::22")
    zone.add("cut3", "NS", "ns.elsewhere.example.")  # Out of the zone.
    zone.add("cut4", "NS", "ns1")                    # Authoritative data of the zone.
    zone.add("cut5", "NS", "nowhere.cut5")           # No glue at all.
    zone.add("x.y.cut6", "NS", "ns.x.y.cut6")        # Below empty non-terminals.
    zone.add("ns.x.y.cut6", "A", "192.0.2.23")
    zone.add("cut7", "NS", "ns.cut8")                # Each other's glue.
    zone.add("cut8", "NS", "ns.cut7")
    zone.add("ns.cut7", "A", "192.0.2.24")
    zone.add("ns.cut8", "A", "192.0.2.25")
    zone.add("cut8", "DS", f"23456 8 2 {DIGEST}")
    zone.add("cut8", "DS", f"34567 13 2 {DIGEST}")
    zone.add("hosted", "NS", "ns1.conf.test.", 3600)
    zone.add("hosted", "DS", f"45678 13 2 {DIGEST}", 3600)
    for number in range(20):                         # Glue that does not fit.
        zone.add("wide", "NS", f"n{number}.wide")
        zone.add(f"n{number}.wide", "A", f"192.0.2.{number + 30}")
        zone.add(f"n{number}.wide", "AAAA", f"2001:db8::{number + 30}")
    # Occluded: no answer may hold it.
    zone.add("occluded.cut1", "TXT", '"occluded"')
    zone.add("alias.cut1", "CNAME", "www")
    zone.add("*.cut1", "A", "192.0.2.26")
    zone.add("inner.cut1", "NS", "ns.inner.cut1")
    zone.add("ns.inner.cut1", "A", "192.0.2.27")
    zone.add("dn.cut1", "DNAME", "target")


def _add_large(zone: TestZone) -> None:
    for number in range(90):
        zone.add("many", "A", f"198.51.100.{number + 1}")
    for number in range(24):
        zone.add("txtbig", "TXT", f'"{number:03}{"x" * 250}" "{"y" * 100}"')
    zone.add("txtone", "TXT", " ".join(f'"{"z" * 255}"' for _ in range(14)))
    for number in range(40):
        zone.add("mxbig", "MX", f"{number} mail{number}.Exchange")
    for octets in (*range(430, 500, 5), *range(1140, 1220, 5)):  # Around 512 and 1,232 with all else.
        strings = " ".join(f'"{"s" * min(200, octets - at)}"' for at in range(0, octets, 200))
        zone.add(f"size{octets}", "TXT", strings)


def _add_services(zone: TestZone) -> None:
    zone.add("svc", "HTTPS", "1 . alpn=h2")
    zone.add("svc", "HTTPS", "2 pool alpn=h2")
    zone.add("svc", "A", "192.0.2.80")
    zone.add("svc", "AAAA", "2001:db8::80")
    zone.add("pool", "A", "192.0.2.81")
    zone.add("pool", "HTTPS", "1 . alpn=h3")
    zone.add("svcalias", "HTTPS", "0 svc")
    zone.add("svcout", "HTTPS", "0 cdn.elsewhere.example.")
    zone.add("_dot", "SVCB", "1 ns1 alpn=dot port=853")


def make_zones() -> list[TestZone]:
    main, child, other = TestZone(MAIN), TestZone(CHILD), TestZone(OTHER)
    for zone in (main, child, other):
        _add_apex(zone)
    for add in (_add_names, _add_types, _add_wildcards, _add_aliases, _add_dnames, _add_cuts, _add_large,
                _add_services):
        add(main)
    for zone in (child, other):
        zone.add("www", "A", "192.0.2.60")
        zone.add("ns", "A", "192.0.2.61")
        zone.add("back", "CNAME", "www.conf.test.")
        zone.add("x.y.z", "TXT", '"deep"')
        zone.add("*.w", "A", "192.0.2.62")
    return [main, child, other]


def make_hidden_zone() -> TestZone:
    """Data below a DNAME, which RFC 6672 section 2.4 forbids and which not every server loads."""
    zone = TestZone("hidden.test.")
    _add_apex(zone)
    zone.add("dn", "DNAME", "target")
    zone.add("below.dn", "A", "192.0.2.70")
    zone.add("cut.dn", "NS", "ns.cut.dn")
    zone.add("ns.cut.dn", "A", "192.0.2.71")
    zone.add("*.dn", "A", "192.0.2.72")
    zone.add("x.target", "A", "192.0.2.73")
    return zone
