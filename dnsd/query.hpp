// dnsd/query.hpp - what a stranger's message asks, read strictly.
//
// One pass over the octets, linear in their number whatever they hold: owners of additional records
// are stepped over, never decoded, so that chains of compression pointers cost nothing. It decides
// whether a message is well-formed and nothing else; what to answer is dnsd/answer.cpp's.
//
// Standards RFC 1035 section 4.1; RFC 6891 section 6 (OPT); RFC 9619 (one question); RFC 8945
//           section 5.1 (place of TSIG); RFC 5001 (NSID); RFC 7830 (Padding); RFC 7873 section
//           5.2 (COOKIE); RFC 1995 section 3 (SOA in an IXFR query); RFC
//           2136 section 2 (UPDATE).
// Threads   Pure; no allocation.

#pragma once

#include <cstddef>
#include <cstdint>

#include "core/octets.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/counters.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::dnsd {

/// How far a message is what it says it is. The first thing found wrong is kept.
enum class Form : std::uint8_t {
    WellFormed,
    TooShort,           // Less than a header: no ID to answer to.
    IsResponse,         // QR is set: answering it could start a loop between two servers.
    OtherOpcode,        // Not a QUERY: the rest has another meaning and is not looked at.
    QuestionCount,      // QDCOUNT is not 1 (RFC 9619).
    CookieOnly,         // Well-formed: QDCOUNT is 0 and there is a COOKIE (RFC 7873 section 5.4).
    Question,           // Cut short, a label over 63 octets, a pointer, a name over 255 octets.
    UnexpectedRecords,  // Answer or authority records, but for the one SOA of an IXFR query.
    Records,            // A record is cut short or its owner is broken.
    OptTwice,           // RFC 6891 section 6.1.1.
    OptOwner,           // An OPT whose owner is not the root (RFC 6891 section 6.1.2).
    OptOptions,         // Options that do not fill the OPT's RDATA.
    CookieSize,         // A COOKIE of neither 8 nor 16..40 octets (RFC 7873 section 5.2.2).
    TsigPlace,          // A TSIG that is not the last record (RFC 8945 section 5.1).
    TrailingOctets,     // Octets after the last record.
};

struct Edns {
    bool present = false;
    bool dnssec_ok = false;  // DO (RFC 3225).
    bool nsid = false;       // The requestor asks for our NSID.
    bool padding = false;    // It pads, and asks us to; never over a transport that hides nothing.
    std::uint8_t version = 0;
    std::uint16_t udp_octets = 0;  // What the requestor can take, as sent.
    OctetView cookie;              // The COOKIE option's value: empty, or 8 or 16..40 octets.
};

struct Query {
    Form form = Form::WellFormed;
    std::uint16_t id = 0;
    std::uint16_t flags = 0;  // As sent, opcode included.
    std::size_t tsig = 0;     // Offset of the TSIG record; 0: none.
    Edns edns;
    OctetView question;  // QNAME, QTYPE, QCLASS as received; empty when not readable.
    zones::Name qname;
    zones::RType qtype{};
    zones::RClass qclass{};
};

/// Reads a whole message of any size. Each part of the result is valid as far as the message was
/// readable: `question` and `edns` may be set although `form` is a refusal, so that the refusal can
/// repeat the question and carry an OPT. `message` outlives the views.
[[nodiscard]] Query read_query(OctetView message, Transport transport = Transport::Udp) noexcept;

/// The same for an UPDATE, whose sections are zone, prerequisites, updates and additional data:
/// `question` is the zone section, `qname` its zone. The records of the two in the middle are only
/// stepped over. Of the flags the opcode alone is kept: all others are Z (RFC 2136 section 2.2).
[[nodiscard]] Query read_update_query(OctetView message, Transport transport) noexcept;

}  // namespace hairpin::dnsd
