// dnsd/tsig_record.hpp - the TSIG record as it stands in a message, and what is hashed of both.
//
// Octets in, fields out, and back; the order of what a MAC covers. It does not decide whether a
// record is any good (dnsd/requestor.hpp for requests, dnsd/tsig.hpp for streams).
//
// Standards RFC 8945 sections 4.2 (the record) and 4.3 (what the MAC covers).
// Threads   Values. Reading and writing allocate nothing; hashing does (dnsd/hmac.hpp).

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/octets.hpp"
#include "dnsd/hmac.hpp"
#include "dnsd/key_ring.hpp"
#include "zones/name.hpp"

namespace hairpin::dnsd {

/// The record's own error field (RFC 8945 section 3): an RCODE, or one of these.
enum class TsigError : std::uint16_t {
    None = 0,
    BadSig = 16,
    BadKey = 17,
    BadTime = 18,
    BadTrunc = 22,
};

/// What we accept between two clocks, in seconds (RFC 8945 section 10 recommends it).
inline constexpr std::uint16_t kTsigFudge = 300;
/// Octets of a time.
inline constexpr std::size_t kTsigTimeOctets = 6;

struct TsigRecord {
    std::size_t offset = 0;  // Where the record begins in its message.
    zones::Name key;         // In the case received.
    OctetView algorithm;     // A name in wire form, in the case received.
    TsigTime time_signed = 0;
    std::uint16_t fudge = kTsigFudge;
    OctetView mac;
    std::uint16_t original_id = 0;
    TsigError error = TsigError::None;  // Any number.
    OctetView other;
};

/// Where the TSIG of a whole message begins. 0: it has none. nullopt: the message is malformed, or
/// its TSIG is not its last record (RFC 8945 section 5.1).
[[nodiscard]] std::optional<std::size_t> find_tsig(OctetView message) noexcept;

/// Reads the record that begins at `offset` and has to end with the message, strictly: class ANY,
/// TTL 0, the algorithm's name uncompressed, lengths that fill the RDATA; else nullopt. The views
/// look into `message`.
[[nodiscard]] std::optional<TsigRecord> read_tsig(OctetView message, std::size_t offset) noexcept;

/// Octets that the record takes in a message.
[[nodiscard]] std::size_t tsig_octets(const TsigRecord& record) noexcept;
/// Puts the record behind the first `used` octets of `room` and counts it in the header. There is
/// room: asserted. @return The new size of the message.
[[nodiscard]] std::size_t write_tsig(std::span<std::uint8_t> room, std::size_t used,
                                     const TsigRecord& record) noexcept;

/// The parts that a MAC covers, to be added in the order of RFC 8945 section 4.3.
class TsigDigest {
public:
    explicit TsigDigest(const TsigKey& key) noexcept
        : key_(key), hmac_(key.algorithm(), key.secret()) {}

    /// The MAC in front: of the request, or of the last signed message (section 4.3.1).
    void prior(OctetView mac) noexcept;
    /// A message without a TSIG of its own, as it is.
    void message(OctetView octets) noexcept { hmac_.add(octets); }
    /// What was signed of a message that has a TSIG: without it, under the original ID
    /// (section 4.3.2).
    void signed_part(OctetView message, const TsigRecord& record) noexcept;
    /// All TSIG variables (section 4.3.3).
    void variables(const TsigRecord& record) noexcept;
    /// Of a later message of a stream only these (section 5.3.1).
    void timers(const TsigRecord& record) noexcept;
    /// The whole MAC; once, last.
    [[nodiscard]] Mac finish() noexcept { return hmac_.finish(); }

private:
    const TsigKey& key_;
    Hmac hmac_;
};

/// Whether a MAC received is the beginning of ours, in constant time. Lengths are judged elsewhere.
[[nodiscard]] bool is_beginning_of(OctetView received, const Mac& ours) noexcept;

/// Whether `now` is within the record's fudge of its time (RFC 8945 section 5.2.3).
[[nodiscard]] bool is_timely(const TsigRecord& record, TsigTime now) noexcept;

}  // namespace hairpin::dnsd
