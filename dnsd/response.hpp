// dnsd/response.hpp - one answer, written from its first octet to its last into a buffer.
//
// Every owner that an answer needs stands in the message already: the question, an ancestor in it,
// a CNAME's target, a name server's name. So an RRset is copied as it is stored and its owner is a
// pointer to an offset in this message. RRsets go in whole or not at all; the OPT's room is kept
// free from the start. What to put is dnsd/answer.cpp's decision.
//
// Standards RFC 1035 sections 4.1 and 4.1.4; RFC 2181 sections 5.1 and 9 (whole RRsets, TC); RFC
//           6891 section 7 (OPT in every answer to one); RFC 5001 (NSID); RFC 7830 and
//           RFC 8467 section 4.1 (Padding); RFC 7873 section 5.2 (COOKIE); RFC 8914.
// Threads   One. No allocation.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/octets.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/query.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"

namespace hairpin::dnsd {

/// What we say of ourselves, in our OPT and to class CHAOS (dnsd/chaos.hpp).
struct Identity {
    std::uint16_t udp_octets = 1232;  // The most we send and take over UDP.
    Octets nsid;                      // Sent to who asks for it; empty: none.
    Octets version;                   // Of the software, at most 255 octets; empty: not told.
    Octets server;                    // Of this instance, the same.
};

enum class Section : std::uint8_t { Answer, Authority, Additional };

/// Offset of the question's name in every message.
inline constexpr std::size_t kQnameOffset = 12;

class Response {
public:
    /// @param out  Where it is written and how large it may grow: at least kMinUdpOctets.
    /// The query and the identity outlive the response.
    Response(const Query& query, const Identity& identity, std::span<std::uint8_t> out) noexcept;

    /// The value of the OPT's COOKIE option. Before any record; `cookie` outlives the response.
    void set_cookie(OctetView cookie) noexcept;
    /// Keeps room for what is put behind the finished message: a TSIG. Before any record is put.
    /// @return false when there is not so much room; then nothing is kept.
    [[nodiscard]] bool reserve(std::size_t octets) noexcept;
    /// What it is written into.
    [[nodiscard]] std::span<std::uint8_t> buffer() const noexcept { return out_; }

    void set_authoritative() noexcept { flags_ |= kFlagAuthoritative; }

    /// Adds a whole RRset. `owner`: the offset at which its owner's name stands in this message,
    /// uncompressed to its end. Sections are filled in their order.
    /// @return false when it does not fit; then nothing is written.
    [[nodiscard]] bool put(Section section, const zones::RRset& rrset, std::size_t owner) noexcept;
    /// Adds a CNAME that no zone holds (RFC 6672 section 3.1).
    [[nodiscard]] bool put_cname(std::size_t owner, zones::Ttl ttl,
                                 const zones::Name& target) noexcept;
    /// Adds a TXT of class CHAOS at the question's name (RFC 4892), at most 255 octets of text.
    void put_chaos(OctetView text) noexcept;
    /// What is written so far, the header not yet.
    [[nodiscard]] OctetView written() const noexcept { return out_.first(at_); }
    /// Offset of the RDATA of the record that the last put() or put_cname() began with.
    [[nodiscard]] std::size_t last_rdata() const noexcept { return last_rdata_; }

    /// Something that belongs into the answer is missing (RFC 2181 section 9).
    void set_truncated() noexcept { flags_ |= kFlagTruncated; }
    /// Takes all records out again and sets TC: what is left cannot be mistaken for an answer.
    void truncate() noexcept;
    [[nodiscard]] bool is_truncated() const noexcept { return (flags_ & kFlagTruncated) != 0; }

    /// Writes header and OPT. Call once, last. @return The size of the message in octets.
    [[nodiscard]] std::size_t finish(Rcode rcode,
                                     ExtendedError error = ExtendedError::None) noexcept;
    /// After finish(): the octets of the OPT, which ends the message; 0: there is none.
    [[nodiscard]] std::size_t opt_octets() const noexcept { return opt_octets_; }

private:
    [[nodiscard]] bool fits(std::size_t octets) const noexcept {
        return octets <= out_.size() - reserved_ - at_;
    }
    [[nodiscard]] bool put_spelled_out(const zones::RRset& rrset, std::size_t owner) noexcept;
    void count(Section section, std::size_t records) noexcept;
    void put_u16(std::uint16_t value) noexcept;
    void put_octets(OctetView octets) noexcept;
    void put_opt(Rcode rcode, ExtendedError error) noexcept;
    void put_padding() noexcept;

    const Query& query_;
    const Identity& identity_;
    std::span<std::uint8_t> out_;
    std::size_t at_;            // Where the next octet goes.
    std::size_t reserved_ = 0;  // For the OPT and the TSIG,
    std::size_t behind_ = 0;    // of that, for the TSIG.
    std::size_t opt_octets_ = 0;
    OctetView cookie_;  // Empty: none is sent.
    std::size_t last_rdata_ = 0;
    std::uint16_t flags_;
    std::array<std::uint16_t, 3> counts_{};  // By Section.
};

/// Takes all records but the OPT out of a finished response and sets TC, RCODE 0: nothing is said
/// but that TCP has the answer.
/// @param message     A response of ours without a TSIG.
/// @param opt_octets  Of the OPT that ends it, or 0.
/// @return The new size, never more than the query's but for options that the query asked for.
[[nodiscard]] std::size_t cut_short(std::span<std::uint8_t> message,
                                    std::size_t opt_octets) noexcept;

}  // namespace hairpin::dnsd
