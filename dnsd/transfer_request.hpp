// dnsd/transfer_request.hpp - AXFR and IXFR queries: what is asked, and whether it is given.
//
// Beside dnsd/answer.hpp, for a transfer is no answer of one message. A query that is no
// well-formed transfer query is left to answer(), whose ladder knows why.
//
// Standards RFC 5936 sections 2.1, 2.2.1 and 4; RFC 1995 sections 2, 3 and 4.
// Threads   Pure. No allocation.

#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "core/octets.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/query.hpp"
#include "dnsd/transfer_policy.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

/// Whether QTYPE of a message of any kind is AXFR or IXFR: a look at a few octets, before anything
/// is read.
[[nodiscard]] bool asks_for_transfer(OctetView message) noexcept;

/// Left to answer(): not a transfer query, not well-formed, or AXFR over UDP.
struct NotForTransfer {};
/// Answered with an error.
struct TransferRefusal {
    Rcode rcode;
    ExtendedError error = ExtendedError::None;
};
/// Answered with the SOA alone: the client is up to date or newer, or has to ask again over TCP.
struct SingleSoa {
    const zones::Zone* zone;
};
/// To be sent over TCP.
struct TransferOrder {
    const zones::Zone* zone;
    std::optional<std::uint32_t> from;  // IXFR: the serial that the client has. AXFR: none.
};
using TransferDecision = std::variant<NotForTransfer, TransferRefusal, SingleSoa, TransferOrder>;

/// Decides. Order: form, zone (NOTAUTH), permission (REFUSED), serial.
/// @param message  The whole message that `query` was read from.
/// The zones of the result live as long as `zones`.
[[nodiscard]] TransferDecision decide_transfer(OctetView message, const Query& query,
                                               Transport transport, const TransferClient& requestor,
                                               const zones::ZoneTable& zones,
                                               const TransferPolicy& policy) noexcept;

/// The answers of one message: to a refusal, or the SOA alone. Counted. @return Octets in `out`.
[[nodiscard]] std::size_t answer_refusal(const Engine& engine, const Query& query,
                                         const TransferRefusal& refusal,
                                         std::span<std::uint8_t> out) noexcept;
[[nodiscard]] std::size_t answer_single_soa(const Engine& engine, const Query& query,
                                            const SingleSoa& answer,
                                            std::span<std::uint8_t> out) noexcept;

/// A datagram for which asks_for_transfer() holds, answered whole: IXFR with the single SOA where
/// it is permitted (RFC 1995 section 4: the client then comes over TCP), everything else as
/// decide_transfer() or answer() want it. @return Octets in `out`; 0 for silence.
[[nodiscard]] std::size_t answer_transfer_datagram(const Engine& engine, OctetView message,
                                                   const TransferClient& requestor,
                                                   const TransferPolicy& policy,
                                                   std::span<std::uint8_t> out) noexcept;

}  // namespace hairpin::dnsd
