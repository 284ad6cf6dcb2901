"""What couples orders and DNS: CNAMEs at challenge names, CAA records of ours, dns-persist-01, and what the CA checks."""

from __future__ import annotations

import re

import pytest
from support.acme_rig import STATES
from support.cli import run_cli
from support.process import wait_until
from support.resolver import BindResolver
from support.tls import new_csr

ZONE = "pl-demo.example.net."
DS = "pl-demo 60 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118\n"


def shown(run, kind: str) -> list[str]:
    return re.findall(rf"^{kind} (.*)$", run.output, re.MULTILINE)


# -- what the CA checks --------------------------------------------------------------------------


def test_a_zone_whose_signatures_do_not_hold_is_refused_and_the_ds_is_named(rig, fake, tmp_path):
    fake.perspectives = [rig.dns_port]
    with BindResolver(tmp_path / "parent", "pl-demo 60 IN NS ns1.example.org.\n" + DS, ZONE, rig.dns_port) as parent:
        fake.parent = parent.port
        run = rig.run("until-problem")  # No resolver is configured: only the CA knows of the DS.
    assert run.problem.startswith("blocked ")
    assert "DNSSEC: DNSKEY Missing" in run.problem and "remove the DS record at its parent" in run.problem


def test_a_parent_without_ds_is_no_hindrance(rig, fake, tmp_path):
    fake.perspectives = [rig.dns_port]
    with BindResolver(tmp_path / "parent", "pl-demo 60 IN NS ns1.example.org.\n", ZONE, rig.dns_port) as parent:
        fake.parent = parent.port
        assert rig.run().states() == STATES


@pytest.mark.parametrize("caa", ["fake-ca.example; accounturi=https://127.0.0.1/account/999",
                                 "fake-ca.example; validationmethods=http-01"])
def test_the_ca_looks_at_accounturi_and_validationmethods(rig, fake, caa):
    fake.perspectives = [rig.dns_port]
    run = rig.run("preflight=off", f"caa={caa}", "until-problem")
    assert "CAA record for pl-demo.example.net prevents issuance" in run.problem


# -- CNAMEs --------------------------------------------------------------------------------------


def test_a_cname_is_followed_into_another_zone_of_ours_and_the_value_goes_again(rig, fake):
    fake.perspectives = [rig.dns_port]
    run = rig.run("other-zone=validation.example.", "cname=_acme-challenge.nur1:nur1.validation.example.")
    assert run.states() == STATES
    assert shown(run, "left behind") == []
    # Both zones changed in the one commit, and again when the values went.
    changed = rig.rows("SELECT zone_apex, min(part) FROM journal WHERE door = 'acme' GROUP BY zone_apex ORDER BY 1")
    assert [zone for zone, _ in changed] == [ZONE, "validation.example."]


def test_a_cname_within_the_zone_is_one_change(rig, fake):
    fake.perspectives = [rig.dns_port]
    run = rig.run("cname=_acme-challenge.nur1:elsewhere.pl-demo.example.net.")
    assert run.states() == STATES
    assert rig.rows("SELECT count(*) FROM journal WHERE door = 'acme'") == [(2,)]


def test_a_cname_out_of_our_zones_holds_the_order_and_says_what_to_do(rig, fake):
    run = rig.run("cname=_acme-challenge.nur1:nur1.elsewhere.example.", "until-problem")
    assert fake.count("new-order") == 0
    assert ("_acme-challenge.nur1.pl-demo.example.net: leads by CNAME to nur1.elsewhere.example, which is in no zone "
            "that is served here") in run.problem
    assert "let the CNAME end in a zone of ours, or remove it" in run.problem


def test_without_a_preflight_such_a_cname_blocks_the_order(rig, fake):
    run = rig.run("preflight=off", "cname=_acme-challenge.nur1:_acme-challenge.nur1.pl-demo.example.net.", "until-problem")
    assert run.problem.startswith("blocked ") and "loop" in run.problem
    assert shown(run, "left behind") == []


@pytest.mark.parametrize("state", ["txt-staged", "challenged"])
def test_a_crash_leaves_no_value_where_a_cname_led(rig, fake, state):
    fake.perspectives = [rig.dns_port]
    names = ("other-zone=validation.example.", "cname=_acme-challenge.nur1:nur1.validation.example.")
    rig.run(f"crash={state}", *names, status=-9)
    assert rig.run("quiet", *names).states()[-1] == "offered"


def test_a_servers_challenge_can_be_led_elsewhere_over_the_api(make_hairpin, fake, ca, tmp_path):
    hairpin = make_hairpin(acme={"directory": fake.directory, "ca_file": str(ca.certificate)}).start()
    fake.perspectives = [hairpin.dns_port]
    server = hairpin.new_server("acme", "nur1")
    hairpin.api.post("/v1/zones", {"zone": "validation.example."}).expect(201)
    owner = "_acme-challenge.nur1.pl-acme.example.net"
    rrsets = [{"owner": owner, "type": "HINFO", "records": []},
              {"owner": owner, "type": "CNAME", "ttl": 60, "records": ["nur1.validation.example."]}]
    hairpin.api.patch("/v1/zones/pl-acme.example.net/rrsets", {"rrsets": rrsets}).expect(200)
    # Its zone can be replaced as a whole, too: the name that is held for challenges does not get in the way.
    zone_file = hairpin.api.get("/v1/zones/pl-acme.example.net/zonefile").expect(200).body
    hairpin.api.request("PUT", "/v1/zones/pl-acme.example.net/zonefile", zone_file,
                        headers={"Content-Type": "text/dns"}).expect(200, 204)
    _, csr = new_csr(tmp_path, [server["names"]["public"], server["names"]["internal"]])
    api = hairpin.as_holder(server["token"])
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    assert api.get("/v1/self/certificate?wait=60", timeout=90).status == 200


# -- CAA records of ours -------------------------------------------------------------------------


def test_caa_records_follow_our_account_and_the_next_order_meets_them(rig, fake):
    fake.perspectives = [rig.dns_port]
    run = rig.run("manage-caa")
    account = rig.rows("SELECT url FROM acme_accounts")[0][0]
    ours = f'0 issue "fake-ca.example; accounturi={account}; validationmethods=dns-01"'
    assert sorted(shown(run, "caa")) == sorted([f"{ZONE} {ours}", f'{ZONE} 0 issuewild ";"'])
    assert rig.rows("SELECT actor_id, action FROM audit WHERE action = 'zone.caa'") == [("caa", "zone.caa")]
    fake.validated.clear()
    assert rig.run("again", "new-key", "manage-caa").states() == STATES
    assert len(fake.validated) == 2


def test_another_account_waits_until_its_record_is_old_enough(rig, fake):
    fake.perspectives = [rig.dns_port]
    rig.run("manage-caa")
    before = rig.rows("SELECT account_url FROM acme_caa")
    fake.forget_accounts()  # The key is registered again, and gets another URL.
    rig.edit("UPDATE acme_accounts SET url = ''")
    run = rig.run("again", "new-key", "manage-caa", "until-words=a CA may have an older answer")
    assert "not long ago" in run.problem and fake.count("new-order") == 1
    rows = rig.rows("SELECT account_url, usable_at > published_at FROM acme_caa ORDER BY usable_at")
    assert rows[0] == (*before[0], 0) and rows[1][1] == 1  # The old one stands until the switch.
    rig.edit("UPDATE acme_caa SET usable_at = 1")
    rig.edit("UPDATE acme_attempts SET next_at = 1 WHERE state = 'wanted'")
    assert rig.run("quiet", "manage-caa").states()[-1] == "offered"
    rig.run("quiet", "manage-caa", "caa-rows=1")
    assert rig.rows("SELECT account_url FROM acme_caa") == [(rows[1][0],)]


def test_records_that_an_operator_wrote_are_left_alone(make_hairpin, fake, ca, tmp_path):
    hairpin = make_hairpin(acme={"directory": fake.directory, "ca_file": str(ca.certificate), "caa": "manage"}).start()
    server = hairpin.new_server("acme", "nur1")
    rrset = "/v1/zones/pl-acme.example.net/rrsets/@/CAA"
    records = ['0 issue "other-ca.example"', '0 issue "fake-ca.example; validationmethods=http-01"']
    hairpin.api.put(rrset, {"records": records}).expect(200, 201)
    _, csr = new_csr(tmp_path, [server["names"]["public"], server["names"]["internal"]])
    api = hairpin.as_holder(server["token"])
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    wait_until(lambda: api.get("/v1/self").json["certificate"]["problem"], "the order is held")
    certificate = api.get("/v1/self").expect(200).json["certificate"]
    assert "does not allow the validation method dns-01" in certificate["problem"]
    assert certificate["preflight"] == certificate["problem"]
    assert fake.count("new-order") == 0
    assert sorted(hairpin.api.get(rrset).expect(200).json["records"]) == sorted(records)
    wait_until(lambda: hairpin.api.get("/v1/acme/caa").json["advice"], "the operator is told")
    caa = hairpin.api.get("/v1/acme/caa").expect(200).json
    assert caa["managed"] and caa["records"] == []
    assert 'add 0 issue "fake-ca.example; accounturi=' in caa["advice"][0]
    assert 'add 0 issue "fake-ca.example; accounturi=' in run_cli(hairpin, ca, tmp_path, "acme", "caa").stdout


# -- dns-persist-01 ------------------------------------------------------------------------------


@pytest.mark.parametrize("draft", ["draft-01", "draft-02"])
def test_dns_persist_is_used_where_it_is_on_and_its_record_stays(rig, fake, draft):
    fake.perspectives, fake.persist_draft = [rig.dns_port], draft
    run = rig.run(f"persist={draft}")
    assert run.states() == STATES
    assert {kind for kind, _ in fake.validated} == {"dns-persist-01"} and len(fake.validated) == 2
    stays = shown(run, "stays")
    assert [line.split()[0] for line in stays] == ["_validation-persist.i-nur1.pl-demo.example.net.",
                                                   "_validation-persist.nur1.pl-demo.example.net."]
    account = rig.rows("SELECT url FROM acme_accounts")[0][0]
    for line in stays:
        assert re.search(r'"fake-ca\.example; accounturi=\S+; persistUntil=\d+"$', line)
        assert (account in line) == (draft == "draft-01")
    # The next order finds its records there: no change of the zone.
    serial = rig.rows(f"SELECT serial FROM zones WHERE apex = '{ZONE}'")
    again = rig.run(f"persist={draft}", "again", "new-key")
    assert shown(again, "stays") == stays
    assert rig.rows(f"SELECT serial FROM zones WHERE apex = '{ZONE}'") == serial


def test_dns_persist_is_off_unless_it_is_switched_on(rig, fake):
    fake.perspectives = [rig.dns_port]
    run = rig.run()
    assert {kind for kind, _ in fake.validated} == {"dns-01"}
    assert shown(run, "stays") == []


def test_where_caa_does_not_allow_it_dns_01_does_it(rig, fake):
    fake.perspectives = [rig.dns_port]
    run = rig.run("persist=draft-01", "caa=fake-ca.example; validationmethods=dns-01")
    assert run.states() == STATES
    assert {kind for kind, _ in fake.validated} == {"dns-01"}


def test_after_a_key_rollover_draft_02_has_new_records(rig, fake):
    fake.perspectives, fake.persist_draft = [rig.dns_port], "draft-02"
    first = shown(rig.run("persist=draft-02"), "stays")
    run = rig.run("persist=draft-02", "rollover", "again", "new-key")
    assert run.states() == STATES
    assert {kind for kind, _ in fake.validated} == {"dns-persist-01"}
    assert set(first) < set(shown(run, "stays")) and len(shown(run, "stays")) == 4
