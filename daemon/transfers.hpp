// daemon/transfers.hpp - who may transfer which zone and who follows it, from the configuration and
// from the store, as the name server's and the notifier's policy.
//
// The configuration says it for every zone, and SIGHUP brings another one. The store says it zone
// by zone: secondaries, and keys that credentials grant a zone; a grant for every zone, and the
// secondaries of the catalog, hold for every zone (who reads the catalog follows what it lists).
// Read whole at the start, then zone by zone: the committer says whose rows a commit touched. The
// policy is a persistent tree, so that a change of one zone among 300,000 costs what one costs.
//
// Standards RFC 5936 section 5; RFC 1996; RFC 9432 section 5 (a consumer serves what is listed).
// Threads   load() before the committer starts, refresh() on the commit thread, configure() on the
//           main thread; published() any.

#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "daemon/config.hpp"
#include "dnsd/transfer_policy.hpp"
#include "store/reader.hpp"
#include "zones/name.hpp"

namespace hairpin::daemon {

class Transfers {
public:
    explicit Transfers(const Config& config);

    /// Publishes what the store says. Errors: those of the store.
    [[nodiscard]] Result<void> load(store::Queries& store);
    /// Publishes what the store says of these zones now; the root: of every zone. Where it cannot
    /// be read what was known stays, and they are looked at again with the next ones.
    /// @return Those whose secondaries are others than before; the root as above.
    [[nodiscard]] std::vector<zones::Name> refresh(store::Queries& store,
                                                   std::vector<zones::Name> apexes);
    /// The zones that have a secondary with one of these keys; the root: every zone, or too many to
    /// name. Where the store cannot be read a zone is told of with its next change.
    [[nodiscard]] std::vector<zones::Name> followed_with(store::Queries& store,
                                                         const std::vector<zones::Name>& keys);
    /// Publishes what a new configuration says. @return Whether its secondaries are others.
    [[nodiscard]] bool configure(const Config& config);

    [[nodiscard]] dnsd::PublishedTransferPolicy& published() noexcept { return published_; }

private:
    enum class Followers : bool { Same, Others };
    [[nodiscard]] Result<Followers> read_zone(store::Queries& store, const zones::Name& apex);
    [[nodiscard]] Result<Followers> read_every_zone(store::Queries& store);
    void publish();

    const std::optional<zones::Name> catalog_;
    // Two threads publish, in turn: held while one makes the next policy and publishes it, so that
    // it is made of both their newest. Nobody waits for it but the other one.
    std::mutex publishing_;
    dnsd::TransferRules configured_;
    bool needs_tls_ = false;
    dnsd::TransferRules stored_;   // Of every zone.
    dnsd::TransferPolicy policy_;  // What is published.
    std::vector<zones::Name> overdue_;
    dnsd::PublishedTransferPolicy published_;
};

}  // namespace hairpin::daemon
