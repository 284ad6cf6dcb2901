// cli/axfr_client.hpp - asks a name server for a whole zone, signed or not, and reads the answer.
//
// The conversation only: connection (cli/dns_stream.hpp), signatures (dnsd/tsig.hpp) and messages
// (cli/axfr_reader.hpp) brought together.
//
// Standards RFC 5936 sections 2.1 (query) and 4.1 (TCP); RFC 8945 sections 5.3.1 and 5.4.
// Threads   One.

#pragma once

#include <cstddef>
#include <string>

#include "cli/axfr_reader.hpp"
#include "cli/dns_stream.hpp"
#include "core/result.hpp"
#include "dnsd/key_ring.hpp"
#include "zones/name.hpp"

namespace hairpin::cli {

struct AxfrOrder {
    std::string server;  // As DnsStream::open() takes it.
    zones::Name apex;
    dnsd::TsigKeyRef key;  // Null: unsigned.
    AxfrLimits limits;
    StreamTimes times;
};

struct AxfrTotals {
    std::size_t messages = 0;
    std::size_t records = 0;
    std::size_t octets = 0;
};

/// Hands every record of the zone to `sink`, the SOA first. With a key, what the sink was given is
/// the source's only once this has returned without an error.
/// Errors: those of DnsStream and AxfrReader; Denied where a signature is missing or wrong.
[[nodiscard]] Result<AxfrTotals> transfer_zone(const AxfrOrder& order, AxfrReader::Sink sink);

}  // namespace hairpin::cli
