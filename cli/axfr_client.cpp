#include "cli/axfr_client.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "dnsd/tsig.hpp"
#include "zones/wire.hpp"

namespace hairpin::cli {
namespace {

using dnsd::TsigError;
using dnsd::TsigVerdict;

// RFC 5936 section 2.1: one question and nothing else; no EDNS, which some old servers mistake.
Octets axfr_query(const zones::Name& apex, std::uint16_t id) {
    Octets query(zones::kHeaderOctets);
    zones::write_u16(query.data(), id);
    zones::write_u16(&query[4], 1);
    query.insert(query.end(), apex.wire().begin(), apex.wire().end());
    const std::size_t at = query.size();
    query.resize(at + 4);
    zones::write_u16(&query[at], to_number(zones::RType::AXFR));
    zones::write_u16(&query[at + 2], static_cast<std::uint16_t>(zones::RClass::IN));
    return query;
}

dnsd::TsigTime now() {
    return static_cast<dnsd::TsigTime>(to_unix_seconds(SystemClock().now()));
}

std::string peer_error(TsigError error) {
    switch (error) {
        case TsigError::BadSig:
            return "BADSIG: its secret for this key is another one";
        case TsigError::BadKey:
            return "BADKEY: it does not know the key by this name and algorithm";
        case TsigError::BadTime:
            return "BADTIME: its clock and ours are too far apart";
        case TsigError::BadTrunc:
            return "BADTRUNC: it wants longer signatures";
        case TsigError::None:
            break;
    }
    return "the TSIG error " + std::to_string(static_cast<unsigned>(error));
}

std::string cause_of(TsigVerdict verdict, TsigError error) {
    switch (verdict) {
        case TsigVerdict::Unsigned:
            return "the source does not sign its answer, though the query was signed";
        case TsigVerdict::BadKey:
            return "the source signs with another key or algorithm";
        case TsigVerdict::BadSig:
            return "a signature of the source does not verify: another secret, or the stream was "
                   "changed on its way";
        case TsigVerdict::BadTime:
            return "the source signs at another time: see to both clocks";
        case TsigVerdict::BadTrunc:
        case TsigVerdict::FormErr:
            return "a malformed signature, or a malformed message";
        case TsigVerdict::PeerError:
            return "the source answers " + peer_error(error);
        case TsigVerdict::Ok:
        case TsigVerdict::Pending:
            break;
    }
    return "";
}

// Servers that refuse for other reasons than the signature often say so unsigned (RFC 8945 section
// 5.3 has them sign, but not before they know the key).
bool is_error_unsigned(OctetView message, TsigVerdict verdict) {
    return verdict == TsigVerdict::Unsigned && message.size() >= zones::kHeaderOctets &&
           (message[3] & 0x0f) != 0;
}

Result<void> verify(dnsd::TsigVerifier& verifier, OctetView message, const zones::Name& apex) {
    const TsigVerdict verdict = verifier.verify(message, now());
    if (verdict == TsigVerdict::Ok || verdict == TsigVerdict::Pending) return {};
    if (is_error_unsigned(message, verdict)) return {};  // The reader says what it is.
    return fail(Error{ErrorCode::Denied, apex.text(), cause_of(verdict, verifier.error())});
}

}  // namespace

Result<AxfrTotals> transfer_zone(const AxfrOrder& order, AxfrReader::Sink sink) {
    std::array<std::uint8_t, 2> random{};
    fill_random(random);
    const std::uint16_t id = zones::read_u16(random.data());
    Octets query = axfr_query(order.apex, id);
    std::optional<dnsd::TsigVerifier> verifier;
    if (order.key) {
        dnsd::TsigStream signer(order.key);
        const std::size_t used = query.size();
        query.resize(used + signer.octets());
        query.resize(signer.sign(query, used, now()));
        verifier.emplace(order.key, signer.mac());
    }
    DnsStream stream = TRY(DnsStream::open(order.server, order.times));
    TRY(stream.send(query));
    AxfrReader reader(order.apex, id, order.limits, std::move(sink));
    while (!reader.is_done()) {
        const OctetView message = TRY(stream.receive());
        if (verifier) TRY(verify(*verifier, message, order.apex));
        TRY(reader.take(message));
    }
    if (verifier && !verifier->may_end())
        return fail(Error{ErrorCode::Denied, order.apex.text(),
                          "the source does not sign the last message of the transfer"});
    return AxfrTotals{reader.messages(), reader.records(), reader.octets()};
}

}  // namespace hairpin::cli
