// Any octets as what a server or a resolver answers to the preflight of an order: what is taken is
// within its bounds, and what is said of it is printable.
//
// Input: one octet that chooses the type asked for, then the answer to a query for example.net with
// the id 7.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "acme/dns_persist.hpp"
#include "acme/preflight.hpp"
#include "tests/support/zones.hpp"

namespace {

using namespace hairpin;
using zones::RType;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void check_sentence(const std::string& text) {
    require(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }),
            "a sentence is not printable");
}

void check_caa(const acme::DnsAnswer& answer, const zones::Name& name) {
    const acme::CaaWanted wanted{{"ca.example"}, "https://ca.example/acct/1", "dns-01"};
    const auto place = acme::caa_of_answer(name, answer);
    check_sentence(
        acme::judge_caa_of(zones::ZoneTable(), name, place.value_or(acme::CaaNone{}), wanted).text);
    for (const Octets& rdata : answer.rdatas(RType::CAA)) {
        const auto property = acme::read_caa(rdata);
        if (!property) continue;
        require(acme::read_caa(acme::caa_rdata(property->tag, property->value))->value ==
                    property->value,
                "what was read is written otherwise");
        const auto record = acme::read_persist(property->value);
        require(!record || !record->account_uri.empty(), "a record without an account");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const zones::Name name = tests::name("example.net.");
    constexpr std::array kTypes = {RType::NS, RType::SOA, RType::DS, RType::CAA};
    if (size == 0) return 0;
    const acme::DnsQuestion question{name, kTypes[data[0] % kTypes.size()], acme::Asking::Resolver};
    const auto answer = acme::read_dns_answer(OctetView(data + 1, size - 1), 7, question);
    if (!answer) return 0;
    require(answer->records.size() <= acme::kMaxAnswerRecords, "too many records");
    for (const acme::DnsRecord& each : answer->records)
        require(each.rdata.size() <= 65'535 + 2 * zones::kMaxNameOctets, "too much RDATA");
    acme::DelegationSeen seen;
    seen.ns = *answer;
    seen.unchecked = *answer;
    seen.ds = *answer;
    check_sentence(acme::judge_delegation(name, {name}, seen).text);
    check_sentence(acme::judge_ds(name, answer->rdatas(RType::DNSKEY), *answer).text);
    check_sentence(acme::judge_server(name, {"a server", 7, false}, *answer).text);
    check_caa(*answer, name);
    return 0;
}
