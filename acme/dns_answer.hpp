// acme/dns_answer.hpp - one DNS question as octets, and the answer to it as values.
//
// Only the answer section is read; nothing is followed. Names inside RDATA are expanded, so that it
// compares with what zones hold. Bounded: kMaxAnswerRecords.
//
// Standards RFC 1035 section 4.1, RFC 6891 section 6.1.2 (an OPT with 1232 octets), RFC 4035
//           section 3.2.2 (CD).
// Threads   Pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"
#include "zones/rtype.hpp"

namespace hairpin::acme {

inline constexpr std::size_t kMaxAnswerRecords = 500;
/// Octets of an answer over UDP that we take (RFC 9715 section 3.2.3).
inline constexpr std::size_t kAnswerPayload = 1232;

/// Whether a resolver is to find the answer, and to validate it.
enum class Asking : std::uint8_t { Server, Resolver, ResolverUnchecked };

struct DnsQuestion {
    zones::Name name;
    zones::RType type = zones::RType::SOA;
    Asking asking = Asking::Server;
};

struct DnsRecord {
    zones::Name owner;
    zones::RType type = zones::RType::A;
    zones::Ttl ttl = 0;
    Octets rdata;
};

enum class Rcode : std::uint8_t { NoError = 0, ServFail = 2, NxDomain = 3, Refused = 5 };

struct DnsAnswer {
    std::uint8_t rcode = 0;
    bool is_authoritative = false;
    bool is_truncated = false;
    std::vector<DnsRecord> records;  // Of class IN.

    [[nodiscard]] bool has(Rcode code) const noexcept {
        return rcode == static_cast<std::uint8_t>(code);
    }
    /// The RDATA of that type, of whichever owner: what a chain of CNAME leads to as well.
    [[nodiscard]] std::vector<Octets> rdatas(zones::RType type) const;
};
/// "NXDOMAIN", "RCODE 9".
[[nodiscard]] std::string rcode_text(std::uint8_t rcode);

[[nodiscard]] Octets dns_query(std::uint16_t id, const DnsQuestion& question);
/// Errors: Protocol it is no answer to this question at all and should be passed over; Corrupt it
/// is one, and broken.
[[nodiscard]] Result<DnsAnswer> read_dns_answer(OctetView message, std::uint16_t id,
                                                const DnsQuestion& question);
/// The SERIAL of the RDATA of an SOA record whose names are expanded; nullopt where it is none.
[[nodiscard]] std::optional<std::uint32_t> serial_of(OctetView soa_rdata) noexcept;

}  // namespace hairpin::acme
