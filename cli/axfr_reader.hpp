// cli/axfr_reader.hpp - the messages of a whole zone's transfer, read and checked.
//
// Octets in, records out, whoever sent them: each message is held to what RFC 5936 says of it, and
// the stream to its bounds. No socket (cli/axfr_client.hpp), no signature (dnsd/tsig.hpp), and no
// judgement about a record beyond what the transfer itself needs: cli/intake.hpp has that.
//
//   AxfrReader reader(apex, id, limits, [&](AxfrRecord record) { .. });
//   while (!reader.is_done()) TRY(reader.take(next message));
//
// Standards RFC 5936 sections 2.2 (messages), 2.2.1 (header) to 2.2.5, 3.1 (one zone, every record
//           once); RFC 1035 section 4.1.
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::cli {

/// What a source may send before it is taken for one that never ends.
struct AxfrLimits {
    std::size_t octets = 256u << 20;
    std::size_t records = 4'000'000;
};

struct AxfrRecord {
    zones::Name owner;  // Anywhere: the reader does not look.
    zones::RType type = zones::RType::A;
    std::uint32_t ttl = 0;  // As sent: perhaps over 2^31-1.
    Octets rdata;           // Names spelled out; perhaps malformed for its type.
};

class AxfrReader {
public:
    using Sink = std::function<void(AxfrRecord record)>;

    /// @param id    Of the query that is answered.
    /// @param sink  Gets every record in the order sent, the SOA first and once.
    AxfrReader(const zones::Name& apex, std::uint16_t id, const AxfrLimits& limits, Sink sink);

    /// Takes the next message, whole and without its length. After an error nothing more is read.
    /// Errors: Denied REFUSED or NOTAUTH; Protocol another RCODE, not an answer to the query, a
    /// malformed message, a stream that breaks RFC 5936; Limit it is too large.
    [[nodiscard]] Result<void> take(OctetView message);

    /// Whether the second SOA has come: the zone is whole.
    [[nodiscard]] bool is_done() const noexcept { return is_done_; }
    [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
    /// The closing SOA not counted.
    [[nodiscard]] std::size_t records() const noexcept { return records_; }
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }

private:
    [[nodiscard]] Result<void> check_header(OctetView message) const;
    [[nodiscard]] Result<std::size_t> check_question(OctetView message) const;
    [[nodiscard]] Result<std::size_t> take_record(OctetView message, std::size_t at);
    [[nodiscard]] Result<void> take_soa(const AxfrRecord& record);
    [[nodiscard]] Error broken(std::string cause) const;

    zones::Name apex_;
    std::uint16_t id_;
    AxfrLimits limits_;
    Sink sink_;
    Octets soa_;              // The opening one's RDATA; empty before it.
    bool has_ended_ = false;  // The closing SOA has come.
    bool is_done_ = false;    // And its message was whole.
    std::size_t messages_ = 0;
    std::size_t records_ = 0;
    std::size_t octets_ = 0;
};

}  // namespace hairpin::cli
