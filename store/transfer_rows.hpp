// store/transfer_rows.hpp - who may transfer zones, and who follows them.
//
// Secondaries are rows beside zones, with which they go; the grants are grant_rows.hpp's. What
// follows from both (dnsd/transfer_policy.hpp) is the daemon's to say; each write is noted in the
// Writer (Touched::transfers), so that it is told when the commit is durable.
//
// Errors everywhere: as in reader.hpp and writer.hpp.
//
// Threads   As the Database or Writer given.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

struct SecondaryRow {
    Endpoint address;
    std::optional<zones::Name> key;  // Of a TSIG key, in lower case; none: unsigned.
    friend bool operator==(const SecondaryRow&, const SecondaryRow&) = default;
};

/// A key that may transfer a zone, as long and from where its credential and that one's owner are
/// good.
struct TransferKey {
    zones::Name key;                // In lower case.
    std::vector<Prefix> sources;    // Where it may be used from; empty: anywhere.
    std::optional<WallTime> until;  // From then on its owner's licence has expired.
    friend bool operator==(const TransferKey&, const TransferKey&) = default;
};

/// A zone, or none: every zone that there is or will be.
using GrantedZone = std::optional<zones::Name>;

class TransferQueries {
public:
    /// `database` outlives this.
    explicit TransferQueries(Database& database) noexcept : database_(database) {}

    /// The keys that may transfer a zone by a grant for it; without one: for every zone. Those of
    /// suspended licences and servers are left out; the end of a key itself is its ring's to say.
    [[nodiscard]] Result<std::vector<TransferKey>> keys_of_zone(const GrantedZone& apex);
    /// In the order in which they were given.
    [[nodiscard]] Result<std::vector<SecondaryRow>> secondaries_of(const zones::Name& apex);
    /// Apexes of the zones that have grants or secondaries of their own, as text sorts them.
    [[nodiscard]] Result<std::vector<zones::Name>> zones_with_rows(std::size_t limit,
                                                                   std::string_view after_apex);

    /// Apexes of the zones that have a secondary with this key, at most kMaxPage. By index.
    [[nodiscard]] Result<std::vector<zones::Name>> zones_with_key(const zones::Name& key);

private:
    Database& database_;
};

/// The zone has exactly these. Errors: NotFound there is no such zone.
[[nodiscard]] Result<void> put_secondaries(Writer& writer, const zones::Name& apex,
                                           const std::vector<SecondaryRow>& secondaries);
}  // namespace hairpin::store
