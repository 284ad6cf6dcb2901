// store/event_rows.hpp - what happened, in order: the stream that operators and web-hooks follow.
//
// A row is written in the transaction of what it tells, by the code that writes that, so that there
// is no event of what did not happen, and nothing happens unheard of whichever door it came
// through. Ids grow with the commits and are never used again: the last one seen is all that a
// reader has to remember. It is no second audit: docs/adr/0016 says how the two differ.
//
// A row holds no secret, and nothing of one licence in the rows of another.
//
// Errors everywhere: Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   EventQueries as its Database; what takes a Writer: the commit thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/json_writer.hpp"
#include "core/result.hpp"
#include "store/database.hpp"

namespace hairpin::store {

/// docs/events.md has one row for each.
enum class EventKind : std::uint8_t {
    CertificateIssued,
    CertificateRenewed,
    CertificateDeployed,
    CertificateFailed,
    CertificateBlocked,
    CertificateRevoked,
    CertificateRevocationFailed,
    CertificateAlarm,
    ServerCreated,
    ServerRemoved,
    ServerAddressChanged,
    ServerFrozen,
    ServerThawed,
    ServerSuspended,
    ServerResumed,
    LicenceCreated,
    LicenceSuspended,
    LicenceResumed,
    LicenceWithdrawn,
    CredentialCreated,
    CredentialRotated,
    CredentialRevoked,
    ZoneCreated,
    ZoneDropped,
    ZoneReturned,
    AcmeLimitReached,
    AcmeAccount,
    AcmeAccountTrouble,
    WebhookDisabled,
};
inline constexpr std::size_t kEventKinds = 29;
/// As stored and shown: "certificate.issued", "server.address_changed", ..
[[nodiscard]] std::string_view to_string(EventKind kind) noexcept;

/// What is to be told; who did it and when is added by Writer::tell().
struct Event {
    EventKind kind{};
    std::string licence;  // Whose it is; empty: the operator's alone.
    std::string subject;  // "acme/nur1", "credential/7", "pl-acme.example.net."
    JsonWriter data;      // One object, ended.
};

struct EventRow {
    std::int64_t id = 0;
    WallTime at{};
    std::string kind;  // One of to_string(EventKind), or of another version's.
    std::string licence;
    std::string subject;
    std::string actor_kind;
    std::string door;
    std::string data;  // A JSON object.
};

/// The JSON object that readers and web-hooks get.
[[nodiscard]] std::string to_json(const EventRow& row);

/// Whether text is a pattern of kinds: 1..64 letters in lower case, ".", "_", "-" and "*", which
/// stands for any number of any of them.
[[nodiscard]] bool is_kind_pattern(std::string_view text) noexcept;
[[nodiscard]] bool matches_kind(std::string_view pattern, std::string_view kind) noexcept;

/// Which events a reader wants.
struct EventFilter {
    static constexpr std::size_t kMostPatterns = 32;
    std::vector<std::string> kinds;  // Patterns; empty: every kind.
    std::string licence;             // Empty: all, the operator's own among them.
    [[nodiscard]] bool takes(std::string_view kind) const noexcept;
};

/// What one look found.
struct EventPage {
    std::vector<EventRow> rows;
    std::int64_t looked_at = 0;  // The id up to which all was looked at: from there on next time.
    bool has_more = false;       // There may be more behind it.
};

class EventQueries {
public:
    /// `database` outlives this.
    explicit EventQueries(Database& database) noexcept : database_(database) {}

    /// Events with ids over `after`, oldest first: at most `limit`, and of at most kLookedAt that
    /// are looked at.
    [[nodiscard]] Result<EventPage> after(std::int64_t after, const EventFilter& filter,
                                          std::size_t limit);
    static constexpr std::size_t kLookedAt = 2'000;

    /// The newest id that an event ever had; 0: there was none.
    [[nodiscard]] Result<std::int64_t> newest();
    /// The oldest that is kept; 0: none is.
    [[nodiscard]] Result<std::int64_t> oldest();

private:
    Database& database_;
};

/// The new id.
[[nodiscard]] Result<std::int64_t> insert_event(Database& database, const EventRow& row);

}  // namespace hairpin::store
