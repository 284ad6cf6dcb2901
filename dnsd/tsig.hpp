// dnsd/tsig.hpp - signing what we send, and verifying what answers us.
//
// TsigStream signs the messages of one direction of an exchange: a request of ours (a stream of
// one), an answer, or all messages of a transfer, each of them. TsigVerifier reads the other
// direction of a request of ours, unsigned messages between signed ones included. Requests of
// others are dnsd/requestor.hpp's.
//
//   ours:    TsigStream request(key);              size = request.sign(room, size, now);
//            TsigVerifier answers(key, request.mac());    answers.verify(message, now);
//   theirs:  Requestor who = identify(..);         TsigStream signer(key, who.request_mac());
//            size = signer.sign(room, size, now);  // For every message.
//
// Standards RFC 8945 sections 5.1 (requests), 5.3 and 5.3.1 (answers, streams), 5.4 (the client).
// Threads   One for each object.
// Cost      OpenSSL allocates, and so does nothing else.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "core/octets.hpp"
#include "dnsd/hmac.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/tsig_record.hpp"

namespace hairpin::dnsd {

/// What the fields of a TSIG say beside the key's name and the MAC.
struct TsigStamp {
    TsigTime time_signed = 0;
    std::uint16_t fudge = kTsigFudge;
    TsigError error = TsigError::None;
    OctetView other;
};

class TsigStream {
public:
    /// @param request_mac  Of the request that is answered, as received; empty: this is a request.
    explicit TsigStream(TsigKeyRef key, OctetView request_mac = {}) noexcept
        : key_(std::move(key)), prior_(request_mac) {}

    /// Octets to leave free in every message.
    [[nodiscard]] std::size_t octets() const noexcept;
    /// Signs the message in the first `used` octets of `buffer`, whole with its header and without
    /// a TSIG. There are octets() behind it: asserted.
    /// @param now  Unix seconds. @return The new size.
    [[nodiscard]] std::size_t sign(std::span<std::uint8_t> buffer, std::size_t used,
                                   TsigTime now) noexcept;
    /// The same with other fields: an error that is told signed (RFC 8945 section 5.3.2).
    [[nodiscard]] std::size_t sign(std::span<std::uint8_t> buffer, std::size_t used,
                                   const TsigStamp& stamp) noexcept;
    /// The MAC of the last message signed: what its answer is verified with.
    [[nodiscard]] OctetView mac() const noexcept { return prior_.view(); }
    [[nodiscard]] const TsigKey& key() const noexcept { return *key_; }

private:
    TsigKeyRef key_;
    Mac prior_;
    bool first_ = true;
};

/// What a message in answer to ours is worth (RFC 8945 section 5.4).
enum class TsigVerdict : std::uint8_t {
    Ok,         // It and all unsigned ones since the last signed one are the peer's.
    Pending,    // Unsigned, within a stream: the next signed message decides.
    FormErr,    // Malformed, or its TSIG is.
    Unsigned,   // Where a signature is due: the first message, or the hundredth in a row.
    BadKey,     // Another key or algorithm than ours.
    BadSig,     // The MAC is not what it should be.
    BadTime,    // Signed rightly, but not now.
    BadTrunc,   // A MAC shorter than the key's policy.
    PeerError,  // The peer could not verify us: error(). Signed or, for BADKEY and BADSIG, not.
};

class TsigVerifier {
public:
    /// RFC 8945 section 5.3.1: "MUST accept up to 99 intermediary messages without a TSIG".
    static constexpr unsigned kMaxUnsigned = 99;

    /// @param request_mac  Of our request, as sent.
    TsigVerifier(TsigKeyRef key, OctetView request_mac) noexcept
        : key_(std::move(key)), prior_(request_mac) {}

    /// Takes the messages in the order in which they come. What does not verify changes nothing, so
    /// that over UDP the right answer may still follow (RFC 8945 section 5.4); a stream over TCP is
    /// worthless after anything but Ok and Pending.
    [[nodiscard]] TsigVerdict verify(OctetView message, TsigTime now) noexcept;
    /// Whether the stream may end here: its last message was signed (RFC 8945 section 5.3.1).
    [[nodiscard]] bool may_end() const noexcept { return !first_ && unsigned_ == 0; }
    /// With PeerError: why. Told by whoever answered where the peer could not sign.
    [[nodiscard]] TsigError error() const noexcept { return error_; }

private:
    [[nodiscard]] TsigVerdict take_unsigned(OctetView message) noexcept;
    [[nodiscard]] TsigVerdict take_signed(OctetView message, const TsigRecord& record,
                                          TsigTime now) noexcept;
    void begin() noexcept;

    TsigKeyRef key_;
    Mac prior_;
    std::optional<TsigDigest> digest_;  // Of what came since the last signed message.
    unsigned unsigned_ = 0;             // Messages in a row.
    bool first_ = true;
    TsigError error_ = TsigError::None;
};

/// RFC 8945 section 5.2.2.1: neither longer than the algorithm's MAC nor shorter than the least.
[[nodiscard]] bool is_permitted_mac(const TsigKey& key, std::size_t octets) noexcept;
/// RFC 8945 section 5.2.4: too short for the key's own policy.
[[nodiscard]] bool is_short_of_policy(const TsigKey& key, std::size_t octets) noexcept;
/// Whether the record names the key's algorithm.
[[nodiscard]] bool has_algorithm_of(const TsigRecord& record, const TsigKey& key) noexcept;

}  // namespace hairpin::dnsd
