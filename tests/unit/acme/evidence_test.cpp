#include "acme/evidence.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

const std::string kSubject = "nur1.pl-acme.example.net";

SeenQuery seen(const std::string& client, const std::string& rcode, std::size_t records,
               const std::string& owner = "_acme-challenge.nur1.pl-acme.example.net.",
               zones::RType type = zones::RType::TXT) {
    SeenQuery query;
    query.at = from_unix_milliseconds(1'795'000'003'000);  // 2026-11-18T11:06:43Z
    query.client = Endpoint{*IpAddress::parse(client), 4242};
    query.node = *Endpoint::parse("192.0.2.53:53");
    query.transport = "udp";
    query.owner = *zones::Name::parse(owner);
    query.type = type;
    query.rcode = rcode;
    query.records = records;
    return query;
}

TEST_CASE("Where nobody asked, the delegation is to be looked at", "[acme][evidence]") {
    CHECK_THAT(evidence_of(kSubject, {}),
               Catch::Contains("nobody asked our servers for _acme-challenge.nur1.pl-acme") &&
                   Catch::Contains("delegation") && Catch::Contains("port 53"));
    // What was asked for other names is no evidence.
    CHECK_THAT(evidence_of(kSubject, {seen("198.51.100.7", "NOERROR", 1,
                                           "_acme-challenge.nur2.pl-acme.example.net.")}),
               Catch::StartsWith("nobody"));
}

TEST_CASE("Who got a wrong answer is named first, with the node and the time", "[acme][evidence]") {
    const std::string text = evidence_of(
        kSubject, {seen("198.51.100.1", "NOERROR", 2), seen("198.51.100.7", "NXDOMAIN", 0)});
    CHECK_THAT(text, Catch::StartsWith("2 addresses asked our servers for it: "
                                       "198.51.100.7 got NXDOMAIN from 192.0.2.53:53 at 11:06:43 "
                                       "(TXT over udp); 198.51.100.1 got 2 records"));
    CHECK_THAT(text, Catch::Contains("fewer than the 6 places"));
    CHECK_THAT(evidence_of(kSubject, {seen("198.51.100.7", "", 0)}),
               Catch::Contains("got no answer"));
    CHECK_THAT(evidence_of(kSubject, {seen("198.51.100.7", "NOERROR", 0)}),
               Catch::Contains("got no record"));
}

TEST_CASE("CAA is evidence up the tree, and its absence is right", "[acme][evidence]") {
    const auto caa = [](const std::string& owner, const std::string& rcode) {
        return seen("198.51.100.9", rcode, 0, owner, zones::RType::CAA);
    };
    const std::string text = evidence_of(
        kSubject, {seen("198.51.100.1", "NOERROR", 1), caa("nur1.pl-acme.example.net.", "NOERROR"),
                   caa("example.net.", "SERVFAIL"), caa("other.net.", "SERVFAIL")});
    CHECK_THAT(text, Catch::StartsWith("1 addresses asked our servers for it: "
                                       "198.51.100.9 got SERVFAIL from"));
    CHECK(text.find("and 0 more") == std::string::npos);
}

TEST_CASE("The sentence is bounded, and many places are no reason to worry", "[acme][evidence]") {
    std::vector<SeenQuery> many;
    for (int each = 1; each <= 9; ++each)
        many.push_back(seen("198.51.100." + std::to_string(each), "NOERROR", 1));
    const std::string text = evidence_of(kSubject, many);
    CHECK_THAT(text, Catch::EndsWith("; and 5 more"));
    CHECK(text.size() < 600);
}

}  // namespace
}  // namespace hairpin::acme
