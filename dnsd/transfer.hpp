// dnsd/transfer.hpp - one outgoing zone transfer as a row of messages, made one at a time.
//
// Everything comes from one immutable snapshot, however long the peer takes. Nothing is kept of a
// message that was made: memory is the path of a cursor. Not here: whether it may be sent
// (dnsd/transfer_request.hpp), when (dnsd/tcp_connection.hpp), how messages are signed
// (dnsd/message_signer.hpp).
//
// Standards RFC 5936 section 2.2: the question and the OPT in the first message only, AA in all,
//           the ID as asked; RFC 1995 section 4; RFC 8467 (padding).
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/octets.hpp"
#include "dnsd/message_signer.hpp"
#include "dnsd/query.hpp"
#include "dnsd/response.hpp"
#include "dnsd/transfer_records.hpp"

namespace hairpin::dnsd {

/// What is kept of the query that a transfer answers.
struct TransferQuestion {
    /// `query` is well-formed.
    TransferQuestion(const Query& query, const Identity& identity);
    std::uint16_t id;
    std::uint16_t flags;  // Of every message.
    Octets question;
    bool edns;
    std::uint16_t edns_flags;
    std::uint16_t udp_octets;
    bool padding;
};

class Transfer {
public:
    /// @param difference  Null: the whole zone.
    /// @param message_octets  What messages are filled to.
    /// @param signer  Null: unsigned.
    Transfer(TransferQuestion question, const zones::ZoneRef& zone, const DifferenceRef& difference,
             std::size_t message_octets, std::unique_ptr<MessageSigner> signer = nullptr);

    /// Writes the next message into `out`, kMaxMessageOctets at least. @return Its octets; 0: the
    /// message before was the last.
    [[nodiscard]] std::size_t next(std::span<std::uint8_t> out);
    [[nodiscard]] bool at_end() const noexcept { return records_.at_end(); }

private:
    TransferQuestion question_;
    TransferRecords records_;
    std::size_t message_octets_;
    std::unique_ptr<MessageSigner> signer_;
    bool began_ = false;
};

}  // namespace hairpin::dnsd
