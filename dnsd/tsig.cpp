#include "dnsd/tsig.hpp"

#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

/// The record's fixed parts; every key's name is a name.
TsigRecord record_for(const TsigKey& key) noexcept {
    TsigRecord record;
    record.key = zones::Name::from_wire(key.name()).value_or(zones::Name());
    record.algorithm = algorithm_name(key.algorithm());
    return record;
}

}  // namespace

std::size_t TsigStream::octets() const noexcept {
    return tsig_octets(record_for(*key_)) + mac_octets(key_->algorithm());
}

std::size_t TsigStream::sign(std::span<std::uint8_t> buffer, std::size_t used,
                             TsigTime now) noexcept {
    TsigStamp stamp;
    stamp.time_signed = now;
    return sign(buffer, used, stamp);
}

std::size_t TsigStream::sign(std::span<std::uint8_t> buffer, std::size_t used,
                             const TsigStamp& stamp) noexcept {
    TsigRecord record = record_for(*key_);
    record.time_signed = stamp.time_signed;
    record.fudge = stamp.fudge;
    record.error = stamp.error;
    record.other = stamp.other;
    record.original_id = zones::read_u16(buffer.data());

    TsigDigest digest(*key_);
    if (!prior_.empty()) digest.prior(prior_.view());
    digest.message(buffer.first(used));
    // RFC 8945 section 5.3.1: of later messages the timers only.
    if (std::exchange(first_, false))
        digest.variables(record);
    else
        digest.timers(record);
    prior_ = digest.finish();
    record.mac = prior_.view();
    return write_tsig(buffer, used, record);
}

TsigVerdict TsigVerifier::verify(OctetView message, TsigTime now) noexcept {
    const auto offset = find_tsig(message);
    if (!offset) return TsigVerdict::FormErr;
    if (*offset == 0) return take_unsigned(message);
    const auto record = read_tsig(message, *offset);
    if (!record) return TsigVerdict::FormErr;
    return take_signed(message, *record, now);
}

/// RFC 8945 section 5.3.1: the first and the last message have a TSIG, and one of any hundred.
TsigVerdict TsigVerifier::take_unsigned(OctetView message) noexcept {
    if (first_ || unsigned_ == kMaxUnsigned) return TsigVerdict::Unsigned;
    begin();
    digest_->message(message);
    ++unsigned_;
    return TsigVerdict::Pending;
}

/// In the order of RFC 8945 section 5.2, which section 5.4 refers to.
TsigVerdict TsigVerifier::take_signed(OctetView message, const TsigRecord& record,
                                      TsigTime now) noexcept {
    if (!zones::equal_ignoring_case(record.key.wire(), key_->name())) return TsigVerdict::BadKey;
    if (!has_algorithm_of(record, *key_)) return TsigVerdict::BadKey;
    const bool refused = record.error == TsigError::BadKey || record.error == TsigError::BadSig;
    if (record.mac.empty() && refused) {
        error_ = record.error;
        return TsigVerdict::PeerError;
    }
    if (!is_permitted_mac(*key_, record.mac.size())) return TsigVerdict::FormErr;

    begin();
    digest_->signed_part(message, record);
    if (first_)
        digest_->variables(record);
    else
        digest_->timers(record);
    const Mac mac = digest_->finish();
    digest_.reset();
    if (!is_beginning_of(record.mac, mac)) return TsigVerdict::BadSig;
    prior_ = Mac(record.mac);
    first_ = false;
    unsigned_ = 0;

    if (!is_timely(record, now)) return TsigVerdict::BadTime;
    if (is_short_of_policy(*key_, record.mac.size())) return TsigVerdict::BadTrunc;
    error_ = record.error;
    return error_ == TsigError::None ? TsigVerdict::Ok : TsigVerdict::PeerError;
}

void TsigVerifier::begin() noexcept {
    if (digest_) return;
    digest_.emplace(*key_);
    digest_->prior(prior_.view());
}

bool is_permitted_mac(const TsigKey& key, std::size_t octets) noexcept {
    return octets <= mac_octets(key.algorithm()) && octets >= least_mac_octets(key.algorithm());
}

bool is_short_of_policy(const TsigKey& key, std::size_t octets) noexcept {
    return octets < key.least_mac_octets();
}

bool has_algorithm_of(const TsigRecord& record, const TsigKey& key) noexcept {
    return zones::equal_ignoring_case(record.algorithm, algorithm_name(key.algorithm()));
}

}  // namespace hairpin::dnsd
