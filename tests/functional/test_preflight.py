"""What is looked at before an order is placed: acme/ with a CA on loopback, resolvers and secondaries beside it."""

from __future__ import annotations

import re

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from support.acme_rig import STATES
from support.cli import run_cli
from support.resolver import BindResolver
from support.udp_responder import UdpResponder

ZONE = "pl-demo.example.net."
DELEGATED = "pl-demo 60 IN NS ns1.example.org.\n"
DS = "pl-demo 60 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n"


def with_rcode(query, rcode):
    response = dns.message.make_response(query)
    response.set_rcode(rcode)
    return response


def answers(**by_type):
    """A resolver that answers these records, and NOERROR without any for other types."""
    def made(query):
        question = query.question[0]
        response = dns.message.make_response(query)
        records = by_type.get(dns.rdatatype.to_text(question.rdtype), {}).get(question.name.to_text())
        if records:
            response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", question.rdtype, records))
        return response
    return made


def held(rig, fake, *options: str) -> str:
    """The sentence with which an order is held; nothing was asked of the CA but an account."""
    run = rig.run("until-problem", *options)
    assert run.problem.startswith("wanted ")
    assert fake.count("new-order") == 0
    assert "ordering" not in run.states()
    return run.problem.removeprefix("wanted ")


def test_where_all_is_well_the_order_goes_on_and_nothing_is_kept(rig, fake, tmp_path):
    with BindResolver(tmp_path / "resolver", DELEGATED, ZONE, rig.dns_port) as resolver:
        run = rig.run(f"resolvers={resolver.port}")
    assert run.states() == STATES
    assert "not all could be looked at" not in run.output + run.errors
    assert rig.rows("SELECT * FROM acme_preflights") == []


def test_a_ds_at_the_parent_of_an_unsigned_zone_holds_the_order(rig, fake, tmp_path):
    with BindResolver(tmp_path / "resolver", DELEGATED + DS, ZONE, rig.dns_port) as resolver:
        text = held(rig, fake, f"resolvers={resolver.port}")
    assert "has a DS record, but the zone is not signed" in text
    assert "have the DS record removed at the parent" in text
    assert rig.rows("SELECT zone_apex, outcome FROM acme_preflights") == [(ZONE, "problem")]


def test_a_zone_that_nobody_delegated_holds_the_order(rig, fake, tmp_path):
    with BindResolver(tmp_path / "resolver", "", "elsewhere.example.net.", rig.dns_port) as resolver:
        text = held(rig, fake, f"resolvers={resolver.port}")
    assert "pl-demo.example.net does not exist for resolvers outside: delegate it at its parent to ns1.example.org" in text


def test_caa_above_our_zones_count(rig, fake, tmp_path):
    records = DELEGATED + '@ 60 IN CAA 0 issue "other-ca.example"\n'
    with BindResolver(tmp_path / "resolver", records, ZONE, rig.dns_port) as resolver:
        text = held(rig, fake, f"resolvers={resolver.port}")
    assert "the CAA records of example.net forbid the CA to issue for nur1.pl-demo.example.net" in text
    assert re.search(r'add  0 issue "fake-ca.example; accounturi=https://127.0.0.1:\d+/account/\d+; '
                     r'validationmethods=dns-01"  at example.net', text)


def test_caa_of_the_zone_count_without_any_resolver(rig, fake):
    assert "the set names other CAs only (other-ca.example)" in held(rig, fake, "caa=other-ca.example")


def test_a_delegation_that_leads_elsewhere_holds_the_order(rig, fake):
    elsewhere = answers(NS={ZONE: ["ns.elsewhere.example."]})
    with UdpResponder(elsewhere) as resolver:
        text = held(rig, fake, f"resolvers={resolver.port}")
    assert "is delegated to other name servers (ns.elsewhere.example)" in text


def test_answers_that_do_not_validate_hold_the_order(rig, fake):
    good = answers(NS={ZONE: ["ns1.example.org."]})

    def validating(query):
        return good(query) if query.flags & dns.flags.CD else with_rcode(query, dns.rcode.SERVFAIL)

    with UdpResponder(validating) as resolver:
        assert "signatures do not hold" in held(rig, fake, f"resolvers={resolver.port}")


def test_a_secondary_that_does_not_serve_the_zone_holds_the_order(rig, fake):
    with UdpResponder(lambda query: with_rcode(query, dns.rcode.REFUSED)) as secondary:
        text = held(rig, fake, f"secondaries={secondary.port}")
    assert f"the secondary 127.0.0.1:{secondary.port} does not serve pl-demo.example.net (REFUSED)" in text


@pytest.mark.parametrize("who", ["resolvers", "secondaries"])
def test_who_is_silent_holds_nothing(rig, fake, who):
    with UdpResponder(lambda query: None) as silent:
        if who == "resolvers":
            run = rig.run(f"resolvers={silent.port}")
            assert run.states() == STATES
        else:
            run = rig.run(f"secondaries={silent.port}", "patience=60000")
            assert run.states() == STATES
    assert "ordered, though not all could be looked at before" in run.errors + run.output
    assert rig.rows("SELECT outcome FROM acme_preflights") == [("unknown",)]


def test_the_next_resolver_is_asked_where_the_first_does_not_answer(rig, fake):
    with UdpResponder(lambda query: None) as silent, \
            UdpResponder(answers(NS={ZONE: ["ns.elsewhere.example."]})) as other:
        assert "ns.elsewhere.example" in held(rig, fake, f"resolvers={silent.port},{other.port}")


def test_what_is_mended_goes_on_by_itself(rig, fake):
    asked = []
    wrong, right = answers(NS={ZONE: ["ns.elsewhere.example."]}), answers(NS={ZONE: ["ns1.example.org."]})

    def mended(query):
        asked.append(query.question[0].rdtype)
        # Wrong for two looks: held, held longer, then ordered.
        return (wrong if asked.count(dns.rdatatype.NS) <= 2 else right)(query)

    with UdpResponder(mended) as resolver:
        run = rig.run(f"resolvers={resolver.port}")
    assert run.states()[-len(STATES):] == STATES
    assert run.states().count("wanted") == 2
    assert run.counter("failed") == 0
    assert rig.rows("SELECT * FROM acme_preflights") == []


def test_a_warning_is_no_hindrance_and_off_does_not_look(rig, fake):
    elsewhere = answers(NS={ZONE: ["ns.elsewhere.example."]})
    with UdpResponder(elsewhere) as resolver:
        run = rig.run("preflight=warn", f"resolvers={resolver.port}")
        assert run.states() == STATES
        assert "though a CA will probably refuse it" in run.errors + run.output
    asked = []
    with UdpResponder(asked.append) as resolver:
        assert rig.run("again", "new-key", "preflight=off", f"resolvers={resolver.port}").states() == STATES
    assert asked == []


def test_many_orders_of_a_zone_ask_once(rig, fake):
    asked = []
    right = answers(NS={ZONE: ["ns1.example.org."]})

    def counting(query):
        asked.append(dns.rdatatype.to_text(query.question[0].rdtype))
        return right(query)

    with UdpResponder(counting) as resolver:
        rig.run("servers=20", f"resolvers={resolver.port}")
    assert asked.count("NS") == 1
    assert asked.count("CAA") == 2  # example.net and net.


def test_hairpin_acme_preflight_says_what_is_in_the_way(make_hairpin, fake, ca, tmp_path):
    hairpin = make_hairpin()
    zone = "pl-acme.example.net."
    with UdpResponder(answers(NS={zone: ["ns1.example.net."]},
                              DS={zone: ["60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"]})) as resolver:
        hairpin.config["acme"] = {"directory": fake.directory, "ca_file": str(ca.certificate),
                                  "resolvers": [resolver.address]}
        hairpin.start()
        hairpin.new_server("acme", "nur1")
        report = hairpin.api.post("/v1/acme/preflight", {"licence": "acme", "server": "nur1"}).expect(200).json
        assert report["zone"] == "pl-acme.example.net" and report["outcome"] == "problem"
        by_name = {check["what"]: check["outcome"] for check in report["checks"]}
        assert by_name["dnssec"] == "problem" and by_name["delegation"] == "ok"
        assert by_name["caa i-nur1.pl-acme.example.net"] == by_name["challenge nur1.pl-acme.example.net"] == "ok"
        assert by_name[f"our own listener 127.0.0.1:{hairpin.dns_port}"] == "ok"
        for subject in ("acme/nur1", "nur1.pl-acme.example.net"):
            run = run_cli(hairpin, ca, tmp_path, "acme", "preflight", subject)
            assert run.returncode == 1
            assert "problem  dnssec: the parent of pl-acme.example.net has a DS record" in run.stdout
