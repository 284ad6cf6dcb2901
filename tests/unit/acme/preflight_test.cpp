#include "acme/preflight.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::acme {
namespace {

using Outcome = PreflightOutcome;

const zones::Name kApex = tests::name("pl-acme.example.net.");
const std::vector<zones::Name> kOurServers = {tests::name("ns1.example.net."),
                                              tests::name("ns2.example.net.")};
const CaaWanted kOurCa{{"ca.example"}, "https://ca.example/acct/7", "dns-01"};

DnsAnswer answer_with(Rcode rcode, zones::RType type, const std::vector<std::string>& texts,
                      const zones::Name& owner = kApex) {
    DnsAnswer answer;
    answer.rcode = static_cast<std::uint8_t>(rcode);
    for (const std::string& each : texts)
        answer.records.push_back({owner, type, 60, tests::rdata(type, each)});
    return answer;
}
Error silence() {
    return Error{ErrorCode::Unavailable, "192.0.2.1:53", "does not answer"};
}
zones::ZoneTable table_of(const std::vector<zones::ZoneRef>& zones) {
    zones::ZoneTable table;
    for (const auto& each : zones)
        table.put(each);
    return table;
}

TEST_CASE("a server must answer with authority and not be behind", "[acme][rfc1982]") {
    const auto soa = [](const std::string& serial, bool is_authoritative) {
        DnsAnswer answer =
            answer_with(Rcode::NoError, zones::RType::SOA,
                        {"ns1.example.net. hostmaster.example.net. " + serial + " 1 1 1 1"});
        answer.is_authoritative = is_authoritative;
        return answer;
    };
    struct Case {
        const char* why;
        Result<DnsAnswer> soa;
        Outcome outcome;
        Outcome while_it_may_be_behind;
        const char* words;
    };
    const std::vector<Case> cases = {
        {"the same serial", soa("7", true), Outcome::Good, Outcome::Good, "serial 7"},
        {"a newer one", soa("8", true), Outcome::Good, Outcome::Good, "serial 8"},
        {"an older one", soa("6", true), Outcome::Problem, Outcome::Unknown, "we have 7"},
        {"older over the turn", soa("4294967295", true), Outcome::Problem, Outcome::Unknown,
         "transfers"},
        {"no authority", soa("7", false), Outcome::Problem, Outcome::Unknown, "authority"},
        {"REFUSED", answer_with(Rcode::Refused, zones::RType::SOA, {}), Outcome::Problem,
         Outcome::Unknown, "REFUSED"},
        {"nothing", answer_with(Rcode::NoError, zones::RType::SOA, {}), Outcome::Problem,
         Outcome::Unknown, "does not serve"},
        {"silence", fail(silence()), Outcome::Unknown, Outcome::Unknown, "does not answer"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const PreflightCheck check = judge_server(kApex, {"the secondary x", 7, false}, each.soa);
        CHECK(check.outcome == each.outcome);
        CHECK_THAT(check.text, Catch::Contains(each.words));
        CHECK(judge_server(kApex, {"the secondary x", 7, true}, each.soa).outcome ==
              each.while_it_may_be_behind);
    }
}

TEST_CASE("a delegation leads to us, or it is said where it leads", "[acme]") {
    const auto ns = [](const std::vector<std::string>& servers) {
        return answer_with(Rcode::NoError, zones::RType::NS, servers);
    };
    const auto servfail = answer_with(Rcode::ServFail, zones::RType::NS, {});
    const auto no_ds = answer_with(Rcode::NoError, zones::RType::DS, {});
    const auto ds_fails = answer_with(Rcode::ServFail, zones::RType::DS, {});
    struct Case {
        const char* why;
        DelegationSeen seen;
        Outcome outcome;
        const char* words;
    };
    const std::vector<Case> cases = {
        {"ours", {ns({"ns1.example.net.", "NS2.example.net."}), {}, no_ds}, Outcome::Good, "to"},
        {"one of ours", {ns({"ns2.example.net."}), {}, no_ds}, Outcome::Good, "ns2"},
        {"ours and a stranger",
         {ns({"ns1.example.net.", "ns.other.example."}), {}, no_ds},
         Outcome::Good,
         "does not name ns.other.example"},
        {"strangers",
         {ns({"ns.other.example."}), {}, no_ds},
         Outcome::Problem,
         "to other name servers (ns.other.example): delegate it at its parent to ns1.example.net"},
        {"none", {ns({}), {}, no_ds}, Outcome::Problem, "is not delegated"},
        {"only of another name",
         {answer_with(Rcode::NoError, zones::RType::NS, {"ns1.example.net."},
                      tests::name("example.net.")),
          {},
          no_ds},
         Outcome::Problem,
         "is not delegated"},
        {"NXDOMAIN",
         {answer_with(Rcode::NxDomain, zones::RType::NS, {}), {}, no_ds},
         Outcome::Problem,
         "does not exist"},
        {"good without validation",
         {servfail, ns({"ns1.example.net."}), no_ds},
         Outcome::Problem,
         "DNSSEC"},
        {"lame",
         {servfail, servfail, no_ds},
         Outcome::Problem,
         "no server that it is delegated to"},
        {"the resolver cannot", {servfail, servfail, ds_fails}, Outcome::Unknown, "SERVFAIL"},
        {"silence", {fail(silence()), {}, fail(silence())}, Outcome::Unknown, "does not answer"},
        {"REFUSED",
         {answer_with(Rcode::Refused, zones::RType::NS, {}), {}, no_ds},
         Outcome::Unknown,
         "REFUSED"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const PreflightCheck check = judge_delegation(kApex, kOurServers, each.seen);
        CHECK(check.outcome == each.outcome);
        CHECK_THAT(check.text, Catch::Contains(each.words));
    }
}

// RFC 4034 section 5.4: a DNSKEY and its DS.
const char* const kKey =
    "256 3 5 "
    "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMm"
    "mAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==";
const char* const kItsDs = "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118";

TEST_CASE("the tag of a key is that of its DS", "[acme][rfc4034]") {
    CHECK(key_tag(tests::rdata(zones::RType::DNSKEY, kKey)) == 60'485);
}

TEST_CASE("a DS at the parent must have a key in the zone", "[acme][rfc4034][rfc4035]") {
    const Octets key = tests::rdata(zones::RType::DNSKEY, kKey);
    const auto ds = [](const std::vector<std::string>& texts, Rcode rcode = Rcode::NoError) {
        return Result<DnsAnswer>(answer_with(rcode, zones::RType::DS, texts));
    };
    struct Case {
        const char* why;
        std::vector<Octets> keys;
        Result<DnsAnswer> ds;
        Outcome outcome;
        const char* words;
    };
    const std::vector<Case> cases = {
        {"neither", {}, ds({}), Outcome::Good, "not signed"},
        {"not signed, NXDOMAIN", {}, ds({}, Rcode::NxDomain), Outcome::Good, "not signed"},
        {"signed, no DS", {key}, ds({}), Outcome::Good, "without a DS"},
        {"both", {key}, ds({kItsDs}), Outcome::Good, "belongs to a key"},
        {"one of two",
         {key},
         ds({"1 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118", kItsDs}),
         Outcome::Good,
         "belongs"},
        {"a DS, not signed", {}, ds({kItsDs}), Outcome::Problem, "have the DS record removed"},
        {"of another key",
         {key},
         ds({"1 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"}),
         Outcome::Problem,
         "give the parent the DS"},
        {"SERVFAIL", {}, ds({}, Rcode::ServFail), Outcome::Unknown, "SERVFAIL"},
        {"silence", {}, fail(silence()), Outcome::Unknown, "does not answer"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const PreflightCheck check = judge_ds(kApex, each.keys, each.ds);
        CHECK(check.outcome == each.outcome);
        CHECK_THAT(check.text, Catch::Contains(each.words));
    }
}

TEST_CASE("the relevant CAA set is found by climbing, as far as our zones go", "[acme][rfc8659]") {
    const auto table = table_of({
        tests::zone("pl-acme.example.net.",
                    "nur1 60 IN A 192.0.2.1\n"
                    "nur2 60 IN CAA 0 issue \"two.example\"\n"
                    "alias 60 IN CNAME nur2\n"
                    "far 60 IN CNAME www.elsewhere.example.\n"
                    "loop 60 IN CNAME loop2\n"
                    "loop2 60 IN CNAME loop\n"
                    "away 60 IN NS ns.elsewhere.example.\n"
                    "lead 60 IN CNAME x.away\n"
                    "d 60 IN DNAME elsewhere.example.\n"
                    "*.wild 60 IN CAA 0 issue \"wild.example\"\n"),
        tests::zone("pl-beta.example.net.", "@ 60 IN CAA 0 issue \"beta.example\"\n"),
    });
    const auto at = [&](const char* text) {
        const CaaPlace place = find_caa(table, tests::name(text));
        if (const auto* found = std::get_if<CaaFound>(&place)) return "found " + found->at.text();
        if (const auto* from = std::get_if<CaaElsewhere>(&place))
            return "from " + from->from.text();
        return std::string(std::holds_alternative<CaaNone>(place) ? "none" : "unclear");
    };
    CHECK(at("nur2.pl-acme.example.net.") == "found nur2.pl-acme.example.net.");
    CHECK(at("below.nur2.pl-acme.example.net.") == "found nur2.pl-acme.example.net.");
    CHECK(at("alias.pl-acme.example.net.") == "found alias.pl-acme.example.net.");
    CHECK(at("x.wild.pl-acme.example.net.") == "found x.wild.pl-acme.example.net.");
    CHECK(at("nur1.pl-acme.example.net.") == "from example.net.");
    CHECK(at("nobody.pl-acme.example.net.") == "from example.net.");
    CHECK(at("far.pl-acme.example.net.") == "unclear");
    CHECK(at("loop.pl-acme.example.net.") == "unclear");
    CHECK(at("lead.pl-acme.example.net.") == "unclear");
    CHECK(at("x.d.pl-acme.example.net.") == "unclear");
    CHECK(at("x.away.pl-acme.example.net.") == "from x.away.pl-acme.example.net.");
    CHECK(at("nur1.pl-beta.example.net.") == "found pl-beta.example.net.");
    CHECK(at("elsewhere.example.") == "from elsewhere.example.");
}

TEST_CASE("CAA that forbid name the record that is missing", "[acme][rfc8659][rfc8657]") {
    const auto table = table_of({tests::zone("pl-acme.example.net.",
                                             "nur2 60 IN CAA 0 issue \"other.example\"\n"
                                             "away 60 IN NS ns.elsewhere.example.\n")});
    const auto forbidden =
        judge_caa_of(table, tests::name("nur2.pl-acme.example.net."), CaaNone{}, kOurCa);
    CHECK(forbidden.outcome == Outcome::Problem);
    CHECK_THAT(forbidden.text,
               Catch::Contains("0 issue \"ca.example; accounturi=https://ca.example/acct/7; "
                               "validationmethods=dns-01\"") &&
                   Catch::Contains("at nur2.pl-acme.example.net"));

    const zones::Name name = tests::name("nur1.pl-acme.example.net.");
    const CaaFound above{tests::name("example.net."),
                         {tests::rdata(zones::RType::CAA, "0 issue \"other.example\"")}};
    CHECK(judge_caa_of(table, name, above, kOurCa).outcome == Outcome::Problem);
    CHECK(judge_caa_of(table, name, CaaNone{}, kOurCa).outcome == Outcome::Good);
    CHECK(judge_caa_of(table, tests::name("x.away.pl-acme.example.net."), above, kOurCa).outcome ==
          Outcome::Unknown);
    CHECK(judge_caa_of(table, name, CaaUnclear{"nobody answers"}, kOurCa).outcome ==
          Outcome::Unknown);
    CHECK_THAT(judge_caa_of(table, name, CaaElsewhere{tests::name("example.net.")}, kOurCa).text,
               Catch::Contains("nobody was asked"));
}

TEST_CASE("what a resolver says of CAA ends the climb, or does not", "[acme][rfc8659]") {
    const zones::Name net = tests::name("example.net.");
    const auto ends = [&](const Result<DnsAnswer>& answer) {
        const auto place = caa_of_answer(net, answer);
        return place ? (std::holds_alternative<CaaFound>(*place) ? "found" : "unclear") : "goes on";
    };
    CHECK(ends(answer_with(Rcode::NoError, zones::RType::CAA, {"0 issue \";\""})) ==
          std::string("found"));
    CHECK(ends(answer_with(Rcode::NoError, zones::RType::CAA, {})) == std::string("goes on"));
    CHECK(ends(answer_with(Rcode::NxDomain, zones::RType::CAA, {})) == std::string("goes on"));
    CHECK(ends(answer_with(Rcode::ServFail, zones::RType::CAA, {})) == std::string("unclear"));
    CHECK(ends(fail(silence())) == std::string("unclear"));
}

TEST_CASE("a report is as bad as its worst check, and says those", "[acme]") {
    PreflightReport report{kApex, {}, {{"a", Outcome::Good, "fine"}}};
    CHECK(report.outcome() == Outcome::Good);
    CHECK(report.sentence().empty());
    report.checks.push_back({"b", Outcome::Unknown, "who knows"});
    CHECK(report.sentence() == "who knows");
    report.checks.push_back({"c", Outcome::Problem, "mend this"});
    report.checks.push_back({"d", Outcome::Problem, "and that"});
    CHECK(report.outcome() == Outcome::Problem);
    CHECK(report.sentence() == "mend this; and that");
}

}  // namespace
}  // namespace hairpin::acme
