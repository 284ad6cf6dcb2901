// dnsd/transfer_message.hpp - one message of a transfer, written record by record.
//
// Owners are compressed against the question and the owner before: in canonical order each name
// shares with its neighbour whatever it shares with any. RDATA stay as they are stored. Compression
// goes by octets, so that each owner arrives in its own case.
//
// Standards RFC 1035 section 4.1.4; RFC 5936 sections 2.2 and 3.4 (names keep their case);
//           RFC 7830, RFC 8467 section 4.1.
// Threads   One. No allocation.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/octets.hpp"
#include "zones/name.hpp"

namespace hairpin::dnsd {

class TransferMessage {
public:
    /// @param out  The message and nothing else; at least kMinUdpOctets.
    /// @param soft_octets  Filled up to here; only a message's first record may pass it.
    TransferMessage(std::span<std::uint8_t> out, std::size_t soft_octets) noexcept;

    /// QNAME, QTYPE and QCLASS as received; first, if at all.
    void put_question(OctetView question) noexcept;
    /// A record of the answer section. `record`: as stored (zones/rrset.hpp).
    /// @return false when the message is full; then nothing is written.
    [[nodiscard]] bool put(const zones::Name& owner, OctetView record) noexcept;
    /// An OPT record without options, last; there is always room.
    void put_opt(std::uint16_t udp_octets, std::uint16_t flags) noexcept;
    /// Pads the message, with `behind` octets that are still to come, to a multiple of
    /// kPaddingBlockOctets, or as far as there is room. Right after put_opt().
    void put_padding(std::size_t behind) noexcept;
    /// Writes the header. Call once. @return The octets of the message.
    [[nodiscard]] std::size_t finish(std::uint16_t id, std::uint16_t flags) noexcept;

private:
    struct Labels {
        std::array<std::uint8_t, zones::kMaxLabels + 1> start;
        std::size_t count = 0;
        explicit Labels(OctetView name) noexcept;
    };
    void remember(const zones::Name& owner, const Labels& labels, std::size_t fresh) noexcept;
    void put_u16(std::uint16_t value) noexcept;
    void put_octets(OctetView octets) noexcept;

    std::span<std::uint8_t> out_;
    std::size_t soft_octets_;
    std::size_t at_;
    std::uint16_t questions_ = 0;
    std::uint16_t answers_ = 0;
    std::uint16_t additionals_ = 0;
    zones::Name last_;  // The name written last; the root stands for none.
    // Where its last 0, 1, 2 .. labels stand; 0: out of a pointer's reach.
    std::array<std::uint16_t, zones::kMaxLabels + 1> suffix_{};
};

}  // namespace hairpin::dnsd
