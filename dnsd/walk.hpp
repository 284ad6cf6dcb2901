// dnsd/walk.hpp - from the question through aliases to what the zones say, section by section.
//
// One Walk answers one question that nothing stands against: answer(), authority(), additional(),
// in this order. Each reads what the one before found and writes its section.
//
// The end of a chain decides the RCODE (RFC 6604 section 3); the first name decides AA (RFC 1034
// section 4.1.1: AA is about the name asked). A chain is followed from zone to zone of ours. It
// ends where it leaves our zones, comes back to a name it has passed, or has kMaxChainLinks links:
// NOERROR with the links found so far, and the resolver judges.
//
// Standards RFC 1034 section 4.3.2; RFC 2308 section 3; RFC 4035 section 3.1.4.1; RFC 6604; RFC
//           6672 section 3.2; RFC 9460 section 4.1; RFC 9471.
// Threads   One. No allocation. The zones, the query and the response outlive it.

#pragma once

#include <array>
#include <cstddef>

#include "core/octets.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/query.hpp"
#include "dnsd/response.hpp"
#include "zones/lookup.hpp"
#include "zones/name.hpp"
#include "zones/tree_key.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

/// Links of a chain of CNAMEs and DNAMEs that one answer follows.
inline constexpr std::size_t kMaxChainLinks = 16;

/// Targets of an SVCB or HTTPS RRset whose addresses go along with it.
inline constexpr std::size_t kMaxServiceTargets = 8;

class Walk {
public:
    Walk(const zones::ZoneTable& zones, const Query& query, Response& response) noexcept;

    /// Whether the question falls into a zone of ours; required by the rest.
    [[nodiscard]] bool has_zone() const noexcept { return zone_ != nullptr; }

    void answer() noexcept;
    void authority() noexcept;
    void additional() noexcept;

    [[nodiscard]] Rcode rcode() const noexcept { return rcode_; }
    [[nodiscard]] Outcome outcome() const noexcept;
    /// What all questions have in common that are answered like this one: the QNAME, or the end of
    /// it where what stands in front does not matter. Looks into the message.
    [[nodiscard]] OctetView subject() const noexcept;

private:
    enum class Step : bool { Stop, Follow };
    /// A name in the message.
    struct Place {
        std::size_t offset = kQnameOffset;
        std::size_t octets = 0;
    };

    void find_zone() noexcept;
    [[nodiscard]] bool is_serial_asked() const noexcept;
    [[nodiscard]] Step put_finding() noexcept;
    [[nodiscard]] Step follow(const zones::Match& match) noexcept;
    [[nodiscard]] Step follow(const zones::Alias& alias) noexcept;
    [[nodiscard]] Step follow(const zones::Redirection& redirection) noexcept;
    [[nodiscard]] Step move_to(const zones::Name& target) noexcept;
    void put_referral(const zones::Node& delegation_point) noexcept;
    void put_negative(Rcode rcode) noexcept;
    enum class Need : bool { Optional, Required };
    void put_glue_of(const zones::Node& delegation_point) noexcept;
    void put_service_targets(const zones::Match& match) noexcept;
    void put_service_target(const zones::Name& target, std::size_t at,
                            const zones::RRset& services) noexcept;
    void put_glue(const zones::RRset& ns, const zones::Name& zone_cut, Need need) noexcept;
    void put_address(zones::RType type, const zones::Node& node, std::size_t owner,
                     Need need) noexcept;
    /// Where an ancestor of the current name stands in the message: it is the name's end.
    [[nodiscard]] std::size_t ancestor_at(std::size_t ancestor_octets) const noexcept {
        return offset_ + name_.size() - ancestor_octets;
    }
    [[nodiscard]] std::size_t owner_octets(const zones::Node& node) const noexcept {
        return node.owner().size() + zone_->apex().size();
    }

    const zones::ZoneTable& zones_;
    const Query& query_;
    Response& response_;

    zones::Name name_;                   // The name the chain has come to,
    zones::TreeKey key_;                 // its key,
    std::size_t offset_ = kQnameOffset;  // where it stands in the message,
    const zones::Zone* zone_ = nullptr;  // and its zone, if it is one of ours.
    // At the end: what `name_` led to, or the last alias of a chain that leads nowhere of ours.
    zones::Finding finding_{zones::NoData{false, false}};
    Rcode rcode_ = Rcode::NoError;

    std::size_t apex_octets_ = 0;  // Of the first name's zone,
    bool synthesised_ = false;     // and whether a wildcard or a DNAME made the name on the way.
    std::size_t links_ = 0;
    std::array<Place, kMaxChainLinks> passed_;                  // The names before this one.
    std::array<const zones::RRset*, kMaxChainLinks> dnames_{};  // The DNAMEs in the answer.
    std::size_t ns_rdata_ = 0;  // Offset of the first RDATA of a referral's NS.
};

}  // namespace hairpin::dnsd
