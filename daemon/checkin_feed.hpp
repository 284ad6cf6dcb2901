// daemon/checkin_feed.hpp - the store's servers as the check-in desk's register.
//
// Read whole at the start, then server by server: the committer says which ones a commit touched,
// and each is looked up again a moment later, away from the commit thread. So a credential that was
// revoked checks in for some milliseconds more: all that this could win is to have been heard.
//
// Threads   One: load() and refresh() on the main thread.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checkin/desk.hpp"
#include "checkin/register.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "zones/address_rules.hpp"

namespace hairpin::daemon {

class CheckinFeed {
public:
    /// `sealer` and `desk` outlive this.
    CheckinFeed(const Sealer& sealer, zones::AddressRules rules, checkin::Desk& desk);

    /// Hands over all servers. Errors: those of the store.
    [[nodiscard]] Result<void> load(store::Queries& store);
    /// Hands over what the store says of these servers now. Where it cannot be read the old
    /// enrolment stays, and the server is looked up with the next ones.
    void refresh(store::Queries& store, const std::vector<std::int64_t>& servers);

    /// What the register has to know of a server; nullopt: it may not check in.
    /// @param credentials  Its own, by id.
    [[nodiscard]] std::optional<checkin::Enrolment> enrolment_of(
        const store::ServerRow& server, const store::LicenceRow& licence,
        const std::vector<store::CredentialRow>& credentials) const;

private:
    [[nodiscard]] Result<checkin::Update> look_up(store::Queries& store, std::int64_t server) const;
    [[nodiscard]] std::optional<checkin::CheckInKey> key_of(const store::CredentialRow& row) const;

    const Sealer& sealer_;
    zones::AddressRules rules_;
    checkin::Desk& desk_;
    std::vector<std::int64_t> overdue_;
};

}  // namespace hairpin::daemon
