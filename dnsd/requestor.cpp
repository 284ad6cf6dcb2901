#include "dnsd/requestor.hpp"

#include <array>

#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

/// Whether the MAC is the key's; of the whole request but its TSIG (RFC 8945 section 5.2.2).
bool is_signed_with(const TsigKey& key, OctetView message, const TsigRecord& record) noexcept {
    TsigDigest digest(key);
    digest.signed_part(message, record);
    digest.variables(record);
    return is_beginning_of(record.mac, digest.finish());
}

/// RFC 8945 section 5.2.1. A key that has expired, or is too weak, is none.
const TsigKey* find_key(const KeyRing* keys, const TsigRecord& record, TsigTime now) noexcept {
    const TsigKey* key = keys == nullptr ? nullptr : keys->find(record.key);
    if (key == nullptr || !key->is_usable(now)) return nullptr;
    return has_algorithm_of(record, *key) ? key : nullptr;
}

/// RFC 8945 section 5.2: "key, MAC, time values, truncation policy", in this order.
TsigOutcome judge(const TsigKey* key, OctetView message, const TsigRecord& record,
                  TsigTime now) noexcept {
    if (key == nullptr) return TsigOutcome::BadKey;
    if (!is_permitted_mac(*key, record.mac.size())) return TsigOutcome::FormErr;
    if (!is_signed_with(*key, message, record)) return TsigOutcome::BadSig;
    if (!is_timely(record, now)) return TsigOutcome::BadTime;
    if (is_short_of_policy(*key, record.mac.size())) return TsigOutcome::BadTrunc;
    return TsigOutcome::Ok;
}

TsigError error_of(TsigOutcome outcome) noexcept {
    switch (outcome) {
        case TsigOutcome::Ok:
        case TsigOutcome::FormErr:
            return TsigError::None;
        case TsigOutcome::BadKey:
            return TsigError::BadKey;
        case TsigOutcome::BadSig:
            return TsigError::BadSig;
        case TsigOutcome::BadTime:
            return TsigError::BadTime;
        case TsigOutcome::BadTrunc:
            return TsigError::BadTrunc;
    }
    return TsigError::None;
}

/// RFC 8945 section 5.3.2: "It MUST NOT send back a signed error message" about key or MAC.
bool is_told_unsigned(TsigOutcome outcome) noexcept {
    return outcome == TsigOutcome::BadKey || outcome == TsigOutcome::BadSig;
}

std::size_t other_octets(TsigOutcome outcome) noexcept {
    return outcome == TsigOutcome::BadTime ? kTsigTimeOctets : 0;
}

}  // namespace

Requestor identify(const KeyRing* keys, OctetView message, const Query& query,
                   TsigTime now) noexcept {
    Requestor who;
    if (query.tsig == 0 || query.form != Form::WellFormed) return who;
    const auto record = read_tsig(message, query.tsig);
    // RFC 8945 section 5.2: what cannot be understood is corrupt. Section 4.2: in requests the
    // error "MUST be zero".
    if (!record || record->error != TsigError::None) {
        who.tsig_ = TsigOutcome::FormErr;
        return who;
    }
    who.record_ = *record;
    const TsigKey* key = find_key(keys, *record, now);
    who.tsig_ = judge(key, message, *record, now);
    if (!is_told_unsigned(*who.tsig_)) who.key_ = key;
    return who;
}

std::optional<zones::Name> Requestor::key_name() const noexcept {
    const TsigKey* known = key();
    if (known == nullptr) return std::nullopt;
    return zones::Name::from_wire(known->name());
}

Rcode Requestor::refusal() const noexcept {
    if (!tsig_ || tsig_ == TsigOutcome::Ok) return Rcode::NoError;
    return tsig_ == TsigOutcome::FormErr ? Rcode::FormErr : Rcode::NotAuth;
}

std::size_t Requestor::tsig_octets() const noexcept {
    if (!tsig_ || tsig_ == TsigOutcome::FormErr) return 0;
    if (key_ != nullptr) return TsigStream(TsigKeyRef::share(key_)).octets() + other_octets(*tsig_);
    return dnsd::tsig_octets(record_) - record_.mac.size() - record_.other.size();
}

std::size_t Requestor::put_tsig(std::span<std::uint8_t> buffer, std::size_t used,
                                TsigTime now) const noexcept {
    TsigStamp stamp;
    stamp.time_signed = now;
    stamp.error = error_of(*tsig_);
    if (key_ == nullptr) {
        // The names go back as they came.
        TsigRecord record = record_;
        record.time_signed = now;
        record.fudge = kTsigFudge;
        record.mac = {};
        record.original_id = zones::read_u16(buffer.data());
        record.error = stamp.error;
        record.other = {};
        return write_tsig(buffer, used, record);
    }
    std::array<std::uint8_t, kTsigTimeOctets> ours{};
    if (tsig_ == TsigOutcome::BadTime) {
        // RFC 8945 section 5.2.3: the client's time and fudge, so that it can verify this; our time
        // as other data.
        zones::write_u16(ours.data(), static_cast<std::uint16_t>(now >> 32));
        zones::write_u32(&ours[2], static_cast<std::uint32_t>(now));
        stamp.time_signed = record_.time_signed;
        stamp.fudge = record_.fudge;
        stamp.other = ours;
    }
    return TsigStream(TsigKeyRef::share(key_), record_.mac).sign(buffer, used, stamp);
}

}  // namespace hairpin::dnsd
