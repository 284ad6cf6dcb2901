// Any octets as a transfer query: what is ordered is a query that ldns reads the same way, and the
// transfer that follows is the zone, or turns the old zone into the new one, as ldns reads it.
//
// Input: one octet of circumstances (1: UDP, 2: not permitted, 4: small messages, 8: the history is
// gone), then the message.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <vector>

#include "dnsd/transfer_choice.hpp"
#include "dnsd/transfer_request.hpp"
#include "tests/support/dns_world.hpp"
#include "tests/support/transfers.hpp"

namespace {

using namespace hairpin;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

/// The world, and a later version of one of its zones.
struct Scene {
    zones::ZoneTable zones = dnsd::tests::make_world();
    zones::ZoneRef old = zones.share(tests::name("example.net."));
    zones::EditedZone edited;
    Scene() {
        const auto add = tests::edit(zones::EditKind::AddRecords, "nur1.example.net.",
                                     zones::RType::A, {"198.51.100.8"}, 61);
        const auto drop =
            tests::edit(zones::EditKind::DeleteOwner, "txt.example.net.", zones::RType::TXT, {});
        edited = *zones::apply(old, tests::change("example.net.", {add, drop}), {0, {}}, {});
        zones.put(edited.zone);
    }
};

/// What decide_transfer() took for the serial of the client, read by ldns.
void check_serial(OctetView message, std::uint32_t serial) {
    ldns_pkt* raw = nullptr;
    require(ldns_wire2pkt(&raw, message.data(), message.size()) == LDNS_STATUS_OK,
            "ldns cannot read what is ordered");
    const Handle<ldns_pkt, ldns_pkt_free> packet(raw);
    const ldns_rr_list* authority = ldns_pkt_authority(raw);
    require(ldns_rr_list_rr_count(authority) == 1, "not one SOA");
    const ldns_rr* soa = ldns_rr_list_rr(authority, 0);
    require(ldns_rr_get_type(soa) == LDNS_RR_TYPE_SOA, "no SOA");
    require(ldns_rdf2native_int32(ldns_rr_rdf(soa, 2)) == serial, "another serial");
}

void check_transfer(const Scene& scene, const dnsd::Query& query, const dnsd::TransferOrder& order,
                    std::uint8_t how) {
    const auto zone = zones::ZoneRef::share(order.zone);
    dnsd::DifferenceRef difference;
    const bool known = order.zone->apex() == scene.old->apex() && (how & 8) == 0;
    if (order.from && known)
        difference = dnsd::choose_difference(scene.edited.difference, zone, *order.from);
    dnsd::Transfer transfer({query, dnsd::Identity()}, zone, difference,
                            (how & 4) != 0 ? 512 : 16'384);
    const auto messages = tests::messages_of(transfer);
    const auto lines = tests::answer_lines(messages);
    const auto now = tests::lines_of(*zone);
    require(difference ? tests::applied(tests::lines_of(*scene.old), lines) == tests::lower(now)
                       : tests::whole_zone(lines) == now,
            "another zone");
    require(zones::read_u16(messages[0].data()) == query.id, "another ID");
}

void check_answer(OctetView answer, std::size_t most) {
    require(answer.size() <= most, "larger than allowed");
    require(tests::message_text(answer).find(" query") == std::string::npos, "not a response");
}

void run(const Scene& scene, std::uint8_t how, OctetView message) {
    dnsd::TransferPolicy policy;
    if ((how & 2) == 0) policy.allow({Prefix::parse("192.0.2.0/24"), {}});
    const dnsd::TransferClient requestor{IpAddress::parse("192.0.2.1").value()};
    dnsd::Identity identity;
    dnsd::Counters counters;
    const dnsd::Engine engine{scene.zones, identity, counters};
    std::vector<std::uint8_t> out(dnsd::kMaxMessageOctets);
    const bool asks = dnsd::asks_for_transfer(message);
    const auto transport = (how & 1) != 0 ? dnsd::Transport::Udp : dnsd::Transport::Tcp;
    const dnsd::Query query = dnsd::read_query(message);
    const auto decision =
        dnsd::decide_transfer(message, query, transport, requestor, scene.zones, policy);
    require(asks || std::holds_alternative<dnsd::NotForTransfer>(decision), "not recognised");
    if (transport == dnsd::Transport::Udp) {
        out.resize(4'096);
        out.resize(dnsd::answer_transfer_datagram(engine, message, requestor, policy, out));
        if (!out.empty()) check_answer(out, identity.udp_octets);
    } else if (const auto* refusal = std::get_if<dnsd::TransferRefusal>(&decision)) {
        out.resize(dnsd::answer_refusal(engine, query, *refusal, out));
        check_answer(out, dnsd::kMaxMessageOctets);
    } else if (const auto* alone = std::get_if<dnsd::SingleSoa>(&decision)) {
        out.resize(dnsd::answer_single_soa(engine, query, *alone, out));
        check_answer(out, dnsd::kMaxMessageOctets);
    }
    const auto* order = std::get_if<dnsd::TransferOrder>(&decision);
    if (order == nullptr) return;
    require((how & 3) == 0, "ordered over UDP or without permission");
    if (order->from) check_serial(message, *order->from);
    check_transfer(scene, query, *order, how);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Scene scene;
    if (size == 0 || size > dnsd::kMaxMessageOctets) return 0;
    try {
        run(scene, data[0], {data + 1, size - 1});
    } catch (const std::exception& error) {  // tests/support says so what is wrong.
        require(false, error.what());
    }
    return 0;
}
