// dnsd/transfer_policy.hpp - who may have zones as a whole: one immutable value.
//
// Nobody, until a rule says otherwise. A rule names an address prefix, a TSIG key or both; it holds
// when everything that it names fits. Which key a request was signed with, and whether rightly, is
// decided before this is asked.
//
// Standards RFC 5936 section 5 (authorization); RFC 8945 section 5 for the key's name.
// Threads   Immutable once published (core/published.hpp); any number of readers.

#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/ip_address.hpp"
#include "core/published.hpp"
#include "dnsd/counters.hpp"
#include "zones/name.hpp"

namespace hairpin::dnsd {

struct TransferRule {
    std::optional<Prefix> from;      // The client's address, unmapped.
    std::optional<zones::Name> key;  // The TSIG key that the request is signed with.
    friend bool operator==(const TransferRule&, const TransferRule&) = default;
};

/// Who asks. Nothing here outlives the request.
struct TransferClient {
    IpAddress address;
    const zones::Name* key = nullptr;  // Of a TSIG that was verified; null: unsigned.
};

class TransferPolicy {
public:
    /// For every zone there is or will be. A rule that names nothing holds for nobody.
    void allow(const TransferRule& rule) { every_zone_.push_back(rule); }
    /// For the zone with this apex.
    void allow(const zones::Name& apex, const TransferRule& rule) {
        one_zone_[apex].push_back(rule);
    }
    [[nodiscard]] bool permits(const zones::Name& apex,
                               const TransferClient& client) const noexcept;
    /// Zones leave us through TLS only, whatever the rules say (RFC 9103).
    void require_tls() noexcept { requires_tls_ = true; }
    [[nodiscard]] bool permits_over(Transport transport) const noexcept {
        return !requires_tls_ || transport == Transport::Tls;
    }

private:
    std::vector<TransferRule> every_zone_;
    std::unordered_map<zones::Name, std::vector<TransferRule>, zones::NameHash> one_zone_;
    bool requires_tls_ = false;
};

using PublishedTransferPolicy = Published<TransferPolicy>;

}  // namespace hairpin::dnsd
