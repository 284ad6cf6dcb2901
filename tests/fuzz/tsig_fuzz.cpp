// Any octets as a signed message: read, judged as a request and as an answer to one of ours,
// without ever being believed; what we sign of them is believed by us and by ldns, and not with one
// octet changed.
//
// Input: two octets that say which octet is changed and how, then the message.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/handle.hpp"
#include "dnsd/query.hpp"
#include "dnsd/requestor.hpp"
#include "dnsd/tsig.hpp"
#include "tests/support/tsig.hpp"
#include "zones/wire.hpp"

// Behind the standard library: its macros break the headers of libstdc++ for clang.
#include <ldns/ldns.h>

namespace {

using namespace hairpin;
using dnsd::tests::kTsigNow;

using PacketHandle = Handle<ldns_pkt, ldns_pkt_free>;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

const dnsd::TsigKeyRef& key() {
    static const dnsd::TsigKeyRef key = dnsd::tests::make_key("key.");
    return key;
}

const dnsd::KeyRing& ring() {
    static const dnsd::KeyRing ring = [] {
        dnsd::KeyRing made;
        made.put(key());
        return made;
    }();
    return ring;
}

PacketHandle read_with_ldns(OctetView message) {
    ldns_pkt* packet = nullptr;
    if (ldns_wire2pkt(&packet, message.data(), message.size()) != LDNS_STATUS_OK) return nullptr;
    return PacketHandle(packet);
}

/// Null where ldns would write another message than it read: it takes some that no reader should,
/// such as an A record of eight octets, of which it takes the last four for the next record.
PacketHandle read_exactly_with_ldns(OctetView message) {
    PacketHandle packet = read_with_ldns(message);
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    if (!packet || ldns_pkt2wire(&wire, packet.get(), &size) != LDNS_STATUS_OK) return nullptr;
    const bool same = std::ranges::equal(OctetView(wire, size), message);
    LDNS_FREE(wire);
    return same ? std::move(packet) : nullptr;
}

/// Where both readers find a TSIG, they read the same, and written again it is the same.
void compare_records(OctetView message) {
    const auto offset = dnsd::find_tsig(message);
    const dnsd::Query query = dnsd::read_query(message);
    if (query.form == dnsd::Form::WellFormed)
        require(offset && *offset == query.tsig, "two places of one TSIG");
    if (!offset || *offset == 0) return;
    const auto record = dnsd::read_tsig(message, *offset);
    if (!record) return;
    if (message.size() - *offset == dnsd::tsig_octets(*record)) {  // No owner compressed.
        Octets again(message.begin(), message.end());
        const std::size_t size = dnsd::write_tsig(again, *offset, *record);
        require(size == message.size(), "another size when written again");
        zones::write_u16(&again[10], zones::read_u16(&message[10]));
        require(std::ranges::equal(again, message), "another record when written again");
    }
    const PacketHandle packet = read_exactly_with_ldns(message);
    if (!packet || ldns_pkt_tsig(packet.get()) == nullptr) return;
    const ldns_rr* theirs = ldns_pkt_tsig(packet.get());
    if (ldns_rr_rd_count(theirs) != 7) return;
    const auto field = [&](std::size_t at) {
        const ldns_rdf* rdf = ldns_rr_rdf(theirs, at);
        return OctetView(ldns_rdf_data(rdf), ldns_rdf_size(rdf));
    };
    const ldns_rdf* owner = ldns_rr_owner(theirs);
    const OctetView name(ldns_rdf_data(owner), ldns_rdf_size(owner));
    require(std::ranges::equal(name, record->key.wire()), "ldns reads another key name");
    require(std::ranges::equal(field(0), record->algorithm), "ldns reads another algorithm");
    require(zones::read_u16(field(2).data()) == record->fudge, "ldns reads another fudge");
    require(std::ranges::equal(field(3).subspan(2), record->mac), "ldns reads another MAC");
    require(zones::read_u16(field(4).data()) == record->original_id, "another original ID");
}

bool is_believed(OctetView message) {
    const dnsd::Query query = dnsd::read_query(message);
    const auto who = dnsd::identify(&ring(), message, query, kTsigNow);
    dnsd::TsigVerifier first(key(), {});
    dnsd::TsigVerifier later(key(), Octets(32, 1));
    const auto verdict = first.verify(message, kTsigNow);
    require(later.verify(message, kTsigNow) != dnsd::TsigVerdict::Ok, "an answer to nothing");
    require(verdict != dnsd::TsigVerdict::Pending, "the first message may not be unsigned");
    return who.key() != nullptr || verdict == dnsd::TsigVerdict::Ok;
}

/// ldns verifies what it reads rather than what came, so it is asked only of what it reads exactly.
void check_with_ldns(OctetView message, OctetView made) {
    if (!read_exactly_with_ldns(message)) return;
    const PacketHandle packet = read_with_ldns(made);
    if (!packet || ldns_pkt_tsig(packet.get()) == nullptr) return;
    const std::string secret = to_base64(key()->secret());
    require(ldns_pkt_tsig_verify(packet.get(), made.data(), made.size(), "key.", secret.c_str(),
                                 nullptr),
            "ldns does not believe what we signed");
}

/// Signs any message without a TSIG; both readers believe it as it is, and not with a change.
void sign_and_change(OctetView message, std::uint8_t where, std::uint8_t how) {
    const auto offset = dnsd::find_tsig(message);
    if (!offset || *offset != 0 || zones::read_u16(&message[10]) == 0xffff) return;
    dnsd::TsigStream stream(key());
    Octets made = dnsd::tests::sign(stream, Octets(message.begin(), message.end()));
    dnsd::TsigStream again(key());
    require(dnsd::tests::sign(again, Octets(message.begin(), message.end())) == made,
            "another signature of the same");
    const dnsd::TsigRecord record = dnsd::tests::tsig_of(made);
    dnsd::TsigDigest digest(*key());
    digest.signed_part(made, record);
    digest.variables(record);
    require(dnsd::is_beginning_of(record.mac, digest.finish()), "our own MAC is not ours");
    check_with_ldns(message, made);
    const dnsd::Query query = dnsd::read_query(made);
    if (query.form == dnsd::Form::WellFormed)
        require(dnsd::identify(&ring(), made, query, kTsigNow).key() == key().get(),
                "a request of ours is not believed");

    // The ID is not covered: the original ID in the record is.
    const std::size_t at = 2 + where * (made.size() - 3) / 255;
    const std::uint8_t change = how == 0 ? 1 : how;
    made[at] ^= change;
    // Names compare without case.
    if (change == 0x20 && at >= record.offset) return;
    require(!is_believed(made), "a changed message is believed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > dnsd::kMaxMessageOctets - 1000) return 0;
    const OctetView message(data + 2, size - 2);
    compare_records(message);
    require(!is_believed(message), "a message is believed that nobody signed");
    sign_and_change(message, data[0], data[1]);
    return 0;
}
