// dnsd/transfer_policy.hpp - who may have zones as a whole, and who is told that they changed.
//
// Nobody, until a rule says otherwise. A rule names an address prefix, a TSIG key or both; it holds
// when everything that it names fits, and until its end, which needs nobody to say that it has
// come. A secondary is told of changes, and may transfer: by its key where it has one, else by its
// address. Which key a request was signed with, and whether rightly, is decided before this is
// asked.
//
// A value, and a persistent tree: a copy is a few counts, and another rule for one zone among
// 300,000 copies a handful of branches.
//
// Standards RFC 5936 section 5 (authorization); RFC 8945 section 5 for the key's name; RFC 1996
//           section 2 for who is told.
// Threads   Immutable once published (core/published.hpp); any number of readers.
// Cost      permits(): no allocation.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/published.hpp"
#include "core/ref.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/key_ring.hpp"
#include "zones/name.hpp"
#include "zones/name_tree.hpp"

namespace hairpin::dnsd {

struct TransferRule {
    std::optional<Prefix> from;      // The client's address, unmapped.
    std::optional<zones::Name> key;  // The TSIG key that the request is signed with.
    TsigTime until = kNeverExpires;  // From then on it holds for nobody.
    friend bool operator==(const TransferRule&, const TransferRule&) = default;
};

/// A name server that follows zones of ours.
struct Secondary {
    Endpoint address;                // Where it hears NOTIFYs; it transfers from any port.
    std::optional<zones::Name> key;  // What NOTIFYs and transfers are signed with; none: nothing.
    /// "192.0.2.53:53", or "192.0.2.53:53 key upd."
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Secondary&, const Secondary&) = default;
};

/// Who asks. Nothing here outlives the request.
struct TransferClient {
    IpAddress address;
    const zones::Name* key = nullptr;  // Of a TSIG that was verified; null: unsigned.
    TsigTime now = 0;

    /// "192.0.2.53", or "192.0.2.53 key upd.": the same for the same secondary, whatever its port.
    [[nodiscard]] std::string text() const;
};

/// What holds of one zone, or of every one. A rule that names nothing holds for nobody.
struct TransferRules {
    std::vector<TransferRule> rules;
    std::vector<Secondary> secondaries;
    [[nodiscard]] bool permit(const TransferClient& client) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return rules.empty() && secondaries.empty(); }
    /// Whether the client is one of the secondaries, not merely permitted.
    [[nodiscard]] bool follow(const TransferClient& client) const noexcept;
    friend bool operator==(const TransferRules&, const TransferRules&) = default;
};

class TransferPolicy {
public:
    /// For every zone there is or will be.
    void allow(const TransferRule& rule) { every_zone_.rules.push_back(rule); }
    /// For the zone with this apex, in any case.
    void allow(const zones::Name& apex, const TransferRule& rule);
    /// In place of what held before.
    void set(TransferRules every_zone) { every_zone_ = std::move(every_zone); }
    void set(const zones::Name& apex, TransferRules rules);

    [[nodiscard]] bool permits(const zones::Name& apex,
                               const TransferClient& client) const noexcept;
    /// Whether the client is a secondary of the zone: it comes again for what is changed later.
    [[nodiscard]] bool is_followed_by(const zones::Name& apex,
                                      const TransferClient& client) const noexcept;
    /// Zones leave us through TLS only, whatever the rules say (RFC 9103).
    void require_tls(bool required = true) noexcept { requires_tls_ = required; }
    [[nodiscard]] bool permits_over(Transport transport) const noexcept {
        return !requires_tls_ || transport == Transport::Tls;
    }

    /// Those of the zone, then those of every zone that are not among them: what the zone says of
    /// an address counts.
    [[nodiscard]] std::vector<Secondary> secondaries_of(const zones::Name& apex) const;

private:
    /// A leaf of the tree: one zone's rules.
    class OfZone final : public RefCounted<OfZone> {
    public:
        [[nodiscard]] static Ref<const OfZone> create(const zones::Name& apex, TransferRules rules);
        [[nodiscard]] const TransferRules& rules() const noexcept { return rules_; }
        [[nodiscard]] OctetView owner() const noexcept {
            return apex_.wire().first(apex_.size() - 1);
        }
        [[nodiscard]] std::size_t labels() const noexcept { return apex_.labels(); }
        static void destroy(OfZone* rules) noexcept;

    private:
        OfZone(const zones::Name& apex, TransferRules rules)
            : apex_(apex), rules_(std::move(rules)) {}
        zones::Name apex_;  // In lower case.
        TransferRules rules_;
    };
    /// Null: it has none of its own.
    [[nodiscard]] const TransferRules* find(const zones::Name& apex) const noexcept;

    TransferRules every_zone_;
    zones::NameTree<OfZone> one_zone_;
    bool requires_tls_ = false;
};

using PublishedTransferPolicy = Published<TransferPolicy>;

}  // namespace hairpin::dnsd
