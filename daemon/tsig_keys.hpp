// daemon/tsig_keys.hpp - the TSIG keys of the store's credentials as the name server's key ring.
//
// Read whole at the start, then key by key: the committer says which names a commit touched, and
// each is looked up again. The ring is a persistent tree, so that a change among 300,000 keys costs
// what one key costs. A credential that was revoked, or whose secret does not open, has no key; one
// that ends later ends by itself (dnsd::TsigKeyOptions::expires). What a key may do is decided by
// who knows credentials: its id is theirs.
//
// Standards RFC 8945.
// Threads   load() before the committer starts, refresh() on the commit thread; published() any.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "dnsd/key_ring.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "zones/name.hpp"

namespace hairpin::daemon {

class TsigKeys {
public:
    /// Both outlive this.
    TsigKeys(const Sealer& sealer, const Clock& clock);

    /// Publishes all keys of the store. Errors: those of the store.
    [[nodiscard]] Result<void> load(store::Queries& store);
    /// Publishes the ring with what the store says of these names now ("key.example.net."). Where
    /// it cannot be read the old keys stay, and the names are looked up with the next ones.
    /// @return The keys that were not there before, or are of another credential.
    std::vector<zones::Name> refresh(store::Queries& store, const std::vector<std::string>& names);

    [[nodiscard]] dnsd::PublishedKeys& published() noexcept { return published_; }

private:
    /// Empty: the credential has no key that could be used.
    [[nodiscard]] dnsd::TsigKeyRef open(const store::CredentialRow& row) const;

    const Sealer& sealer_;
    const Clock& clock_;
    dnsd::KeyRing ring_;  // What is published.
    std::vector<std::string> overdue_;
    dnsd::PublishedKeys published_;
};

}  // namespace hairpin::daemon
