// store/writer.hpp - typed writes of rows, inside a commit.
//
// A Writer is lent to the `rows` part of a Work (store/committer.hpp) and lives only that long.
// What it writes is undone with the work when any of it fails. Zones, RRsets and the journal are
// not written here: they follow from the work's zones::Change, so that nothing can get around the
// rules.
//
// Errors everywhere: Conflict a unique key is taken, or a row is still referred to; Unavailable,
// Corrupt as in sqlite_error.hpp.
//
// Threads   The commit thread.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/event_rows.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {

/// What a work wrote that others keep in memory, beside zones.
struct Touched {
    std::vector<std::string> tsig_names;  // Of the TSIG keys whose rows were written or went.
    /// Apexes of the zones whose secondaries or grants were written or went; the root stands for
    /// what holds of every zone.
    std::vector<zones::Name> transfers;
    /// Servers that were made, written or went, and those whose credentials or licence were.
    std::vector<std::int64_t> servers;
    std::vector<zones::Name> regrouped;  // Zones whose catalog group was written.
    std::int64_t last_event = 0;         // The newest event that was written; 0: none was.
    bool webhooks = false;               // Some web-hook was made, written or went.
};

class Writer {
public:
    /// `touched` is added to; null: nobody asks. `actor` is who events say did it, and outlives
    /// this; null: Hairpin itself.
    Writer(Database& database, const zones::ZoneTable& zones, WallTime now,
           Touched* touched = nullptr, const zones::Actor* actor = nullptr) noexcept
        : queries_(database), zones_(zones), now_(now), touched_(touched), actor_(actor) {}

    /// Reads what this commit has written so far.
    [[nodiscard]] Queries& read() noexcept { return queries_; }
    /// The zones as they will be after the works in front of this one; valid during the call.
    [[nodiscard]] const zones::ZoneTable& zones() const noexcept { return zones_; }
    /// The time of this commit.
    [[nodiscard]] WallTime now() const noexcept { return now_; }

    [[nodiscard]] Result<void> insert_licence(const LicenceRow& row);
    /// Writes plan, state and expiry where the row still has `row.version`; the version grows by
    /// one. Errors: NotFound; Conflict it has another version by now.
    [[nodiscard]] Result<void> update_licence(const LicenceRow& row);
    /// With its servers and their credentials. Errors: NotFound.
    [[nodiscard]] Result<void> erase_licence(std::string_view name);

    /// The group of a zone in the catalog, which says so with the same commit; empty: that of its
    /// kind. For a zone that is there: one that is made has it from its zones::ZoneChange. Errors:
    /// NotFound.
    [[nodiscard]] Result<void> set_catalog_group(const zones::Name& apex, std::string_view group);

    /// The new id. `row.id` is not looked at.
    [[nodiscard]] Result<std::int64_t> insert_server(const ServerRow& row);
    /// Writes port and state where the row still has `row.version`; the version grows by one.
    /// Errors: NotFound; Conflict it has another version by now.
    [[nodiscard]] Result<void> update_server(const ServerRow& row);
    /// With its credentials. Errors: NotFound.
    [[nodiscard]] Result<void> erase_server(std::int64_t id);

    /// The new id. `row.id` is not looked at.
    [[nodiscard]] Result<std::int64_t> insert_credential(const CredentialRow& row);
    /// Writes label, expiry, sources and rate. Errors: NotFound.
    [[nodiscard]] Result<void> update_credential(const CredentialRow& row);
    /// Errors: NotFound. Revoking twice keeps the first time.
    [[nodiscard]] Result<void> revoke_credential(std::int64_t id);
    /// Its key and what it may go with it, at once. Errors: NotFound.
    [[nodiscard]] Result<void> erase_credential(std::int64_t id);
    /// All of a server but `except_id` (0: none is spared).
    [[nodiscard]] Result<void> revoke_credentials_of_server(std::int64_t server_id,
                                                            std::int64_t except_id);
    /// Sets the end of all other credentials of a server: rotation with an overlap.
    [[nodiscard]] Result<void> expire_credentials_of_server(std::int64_t server_id,
                                                            std::int64_t except_id,
                                                            WallTime expires_at);

    /// Errors: Conflict the key is there already.
    [[nodiscard]] Result<void> insert_idempotency(const IdempotencyRow& row);

    /// An audit row beside the one that the committer writes for each work.
    [[nodiscard]] Result<void> audit(const AuditRow& row);
    /// Tells that a credential has a successor, which was inserted, and holds no longer than that.
    [[nodiscard]] Result<void> tell_rotated(const CredentialRow& old, std::int64_t successor,
                                            WallTime holds_until);
    /// Adds to the stream of events. What this class writes it tells of by itself.
    [[nodiscard]] Result<void> tell(Event event);

    /// For row types in files of their own (acme_rows.hpp, transfer_rows.hpp).
    [[nodiscard]] Database& database() noexcept { return queries_.database(); }
    /// As in Touched::transfers.
    void touch_transfers(const zones::Name& apex) {
        if (touched_ != nullptr) touched_->transfers.push_back(apex);
    }

    /// As in Touched::servers.
    void touch_server(std::int64_t server_id) {
        if (touched_ != nullptr) touched_->servers.push_back(server_id);
    }

    /// As Touched::webhooks.
    void touch_webhooks() {
        if (touched_ != nullptr) touched_->webhooks = true;
    }

private:
    /// Notes the keys of the credentials that `condition` over `c` and `s` (their server) finds.
    template <typename Value>
    [[nodiscard]] Result<void> note_keys(std::string_view condition, const Value& value);

    /// Notes the zones that those credentials may transfer.
    [[nodiscard]] Result<void> note_transfers(std::string_view condition, std::int64_t value);
    [[nodiscard]] Result<void> note_credential(std::int64_t id);
    /// Notes the servers of a licence.
    [[nodiscard]] Result<void> note_servers_of(std::string_view licence);

    Queries queries_;
    const zones::ZoneTable& zones_;
    WallTime now_;
    Touched* touched_;
    const zones::Actor* actor_;
};

}  // namespace hairpin::store
