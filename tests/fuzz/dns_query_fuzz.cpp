// Any octets as a DNS message to a server with one of everything: silence only where it is due,
// else a response that a strict reader, ldns and the query itself agree with.
//
// Input: one octet of circumstances (1: TCP, 2: no zones, 4: larger UDP), then the message.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/handle.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/query.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/support/dns_world.hpp"
#include "zones/wire.hpp"

// Behind the standard library: its macros break the headers of libstdc++ for clang.
#include <ldns/ldns.h>

namespace {

using namespace hairpin;

constexpr std::uint64_t kNow = 1'795'000'000;

using PacketHandle = Handle<ldns_pkt, ldns_pkt_free>;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

PacketHandle read_with_ldns(OctetView message) {
    ldns_pkt* packet = nullptr;
    if (ldns_wire2pkt(&packet, message.data(), message.size()) != LDNS_STATUS_OK) return nullptr;
    return PacketHandle(packet);
}

/// Where both readers take a query, they read the same.
void compare_queries(OctetView message) {
    const dnsd::Query query = dnsd::read_query(message);
    if (query.form != dnsd::Form::WellFormed) return;
    const PacketHandle packet = read_with_ldns(message);
    if (!packet) return;  // ldns looks into the RDATA of records that mean nothing to us.
    const ldns_rr_list* questions = ldns_pkt_question(packet.get());
    require(ldns_rr_list_rr_count(questions) == 1, "ldns sees another number of questions");
    const ldns_rr* question = ldns_rr_list_rr(questions, 0);
    const ldns_rdf* owner = ldns_rr_owner(question);
    const OctetView qname(ldns_rdf_data(owner), ldns_rdf_size(owner));
    require(std::ranges::equal(qname, query.qname.wire()), "ldns reads another QNAME");
    require(static_cast<unsigned>(ldns_rr_get_type(question)) == to_number(query.qtype),
            "ldns reads another QTYPE");
    require(
        static_cast<unsigned>(ldns_rr_get_class(question)) == static_cast<unsigned>(query.qclass),
        "ldns reads another QCLASS");
    require(ldns_pkt_edns(packet.get()) == query.edns.present, "ldns disagrees about EDNS");
    if (!query.edns.present) return;
    require(ldns_pkt_edns_version(packet.get()) == query.edns.version, "another EDNS version");
    require(ldns_pkt_edns_udp_size(packet.get()) == query.edns.udp_octets, "another UDP size");
    require(ldns_pkt_edns_do(packet.get()) == query.edns.dnssec_ok, "another DO");
}

void check_response(OctetView query, OctetView response, std::size_t most) {
    require(response.size() <= most, "larger than allowed");
    const std::string fault = tests::frame_fault(response);
    require(fault.empty(), fault.c_str());
    const PacketHandle packet = read_with_ldns(response);
    require(packet != nullptr, "ldns cannot read it");
    require(std::equal(response.begin(), response.begin() + 2, query.begin()), "another ID");
    const unsigned asked = zones::read_u16(&query[2]);
    const unsigned flags = zones::read_u16(&response[2]);
    require((flags & 0x8000u) != 0, "QR is clear");
    require((flags & 0x7900u) == (asked & 0x7900u), "opcode or RD differ");
    require((flags & 0x00f0u) == 0, "RA, Z, AD or CD is set");
    if (zones::read_u16(&response[4]) == 1) {
        const dnsd::Query read = dnsd::read_query(query);
        require(std::equal(read.question.begin(), read.question.end(), response.begin() + 12),
                "another question");
    }
    // An answer, a denial or a referral has records, or TC says where they are.
    const unsigned rcode =
        (flags & 15u) | static_cast<unsigned>(ldns_pkt_edns_extended_rcode(packet.get())) << 4;
    const bool records = zones::read_u32(&response[6]) != 0;  // Answer and authority counts.
    const bool truncated = (flags & 0x0200u) != 0;
    const bool asked_nothing = zones::read_u16(&query[4]) == 0;  // A cookie for a cookie.
    require(records || truncated || (rcode != 0 && rcode != 3) || (asked_nothing && rcode == 0),
            "nothing is said");
}

/// Cut short, an answer is a question and an OPT, and no larger than what was asked but for our
/// NSID and server cookie.
void check_cut_short(OctetView query, std::vector<std::uint8_t> response, const dnsd::Gist& gist) {
    require(gist.opt_octets <= response.size(), "an OPT larger than its message");
    response.resize(dnsd::cut_short(response, gist.opt_octets));
    const std::string fault = tests::frame_fault(response);
    require(fault.empty(), fault.c_str());
    require(zones::read_u32(&response[6]) == 0, "records are left");
    require(response.size() <= query.size() + 16 + 2 + 6, "cut short, it amplifies");
    const auto begin = query.data();
    const auto subject = gist.subject;
    require(subject.empty() || (subject.data() >= begin &&
                                subject.data() + subject.size() <= begin + query.size()),
            "a subject that was not asked");
    require(subject.empty() || zones::Name::from_wire(subject).has_value(), "half a subject");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const zones::ZoneTable world = dnsd::tests::make_world();
    static const zones::ZoneTable nothing;
    if (size == 0 || size > dnsd::kMaxMessageOctets) return 0;
    const bool tcp = (data[0] & 1) != 0;
    dnsd::Identity identity;
    identity.udp_octets = (data[0] & 4) != 0 ? 4096 : 1232;
    identity.nsid = {'f', 'z'};
    const OctetView query(data + 1, size - 1);
    compare_queries(query);

    dnsd::CookiePolicy cookies;
    cookies.use = dnsd::CookieUse{static_cast<std::uint8_t>((data[0] >> 3) % 3)};
    const auto client = (data[0] & 32) != 0 ? IpAddress::v4({192, 0, 2, 1}) : IpAddress::v6({0x20});
    dnsd::Gist gist;
    const auto answer = [&] {
        dnsd::Counters counters;
        std::vector<std::uint8_t> out(tcp ? dnsd::kMaxMessageOctets : 4096);
        const auto transport = tcp ? dnsd::Transport::Tcp : dnsd::Transport::Udp;
        const dnsd::Engine engine{
            (data[0] & 2) != 0 ? nothing : world, identity, counters, nullptr, kNow, &cookies};
        out.resize(dnsd::answer(engine, query, {transport, client}, out, gist));
        return out;
    };
    const std::vector<std::uint8_t> response = answer();
    const bool silent = query.size() < 12 || (query[2] & 0x80) != 0;
    require(response.empty() == silent, "silence in the wrong place");
    if (silent) return 0;
    check_response(query, response, tcp ? dnsd::kMaxMessageOctets : identity.udp_octets);
    require(answer() == response, "another answer to the same query");
    check_cut_short(query, response, gist);
    return 0;
}
