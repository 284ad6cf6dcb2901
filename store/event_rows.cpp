#include "store/event_rows.hpp"

#include <algorithm>
#include <array>

#include "store/rows.hpp"

namespace hairpin::store {
namespace {

constexpr std::array<std::string_view, kEventKinds> kKindWords = {
    "certificate.issued",
    "certificate.renewed",
    "certificate.deployed",
    "certificate.failed",
    "certificate.blocked",
    "certificate.revoked",
    "certificate.revocation_failed",
    "certificate.alarm",
    "server.created",
    "server.removed",
    "server.address_changed",
    "server.frozen",
    "server.thawed",
    "server.suspended",
    "server.resumed",
    "licence.created",
    "licence.suspended",
    "licence.resumed",
    "licence.withdrawn",
    "credential.created",
    "credential.rotated",
    "credential.revoked",
    "zone.created",
    "zone.dropped",
    "zone.returned",
    "acme.limit_reached",
    "acme.account",
    "acme.account_trouble",
    "webhook.disabled",
};

constexpr std::size_t kLongestPattern = 64;

constexpr std::string_view kEventColumns =
    "id, at, kind, licence, subject, actor_kind, door, data FROM events ";

EventRow read_event(const Statement& row) {
    return {row.integer(0), row.time(1),   row.string(2), row.string(3),
            row.string(4),  row.string(5), row.string(6), row.string(7)};
}

Result<std::int64_t> one_event_id(Database& database, std::string_view sql) {
    Statement find = TRY(database.statement(sql));
    return TRY(find.step()) ? find.integer(0) : std::int64_t{0};
}

}  // namespace

std::string_view to_string(EventKind kind) noexcept {
    return kKindWords[static_cast<std::size_t>(kind)];
}

std::string to_json(const EventRow& row) {
    JsonWriter json;
    const auto or_null = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    json.begin_object();
    json.member("id", row.id);
    json.member("type", row.kind);
    json.member("timestamp", row.at);
    json.member("licence", or_null(row.licence));
    json.member("subject", row.subject);
    json.member("by", or_null(row.actor_kind));
    json.member("door", or_null(row.door));
    json.key("data").json(row.data);
    json.end_object();
    return json.take();
}

bool is_kind_pattern(std::string_view text) noexcept {
    const auto is_letter = [](char each) {
        return (each >= 'a' && each <= 'z') || each == '.' || each == '_' || each == '-' ||
               each == '*';
    };
    return !text.empty() && text.size() <= kLongestPattern &&
           std::all_of(text.begin(), text.end(), is_letter);
}

// Only the last "*" is ever gone back to: what an earlier one took more of, the last can take too.
bool matches_kind(std::string_view pattern, std::string_view kind) noexcept {
    std::size_t at = 0;
    std::size_t in = 0;
    std::size_t star = pattern.npos;
    std::size_t taken = 0;  // Where the last "*" ends, in `kind`.
    while (at < kind.size()) {
        if (in < pattern.size() && pattern[in] == '*') {
            star = in++;
            taken = at;
        } else if (in < pattern.size() && pattern[in] == kind[at]) {
            ++in;
            ++at;
        } else if (star != pattern.npos) {
            in = star + 1;
            at = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in) == pattern.npos;
}

bool EventFilter::takes(std::string_view kind) const noexcept {
    return kinds.empty() || std::any_of(kinds.begin(), kinds.end(),
                                        [&](const auto& each) { return matches_kind(each, kind); });
}

Result<EventPage> EventQueries::after(std::int64_t after, const EventFilter& filter,
                                      std::size_t limit) {
    Statement find = TRY(database_.statement(
        filter.licence.empty()
            ? select(kEventColumns, "WHERE id > ?1 ORDER BY id LIMIT ?2")
            : select(kEventColumns,
                     "WHERE licence = ?3 AND licence <> '' AND id > ?1 ORDER BY id LIMIT ?2")));
    constexpr auto kMost = static_cast<std::int64_t>(kLookedAt);
    if (filter.licence.empty()) {
        find.bind(after, kMost);
    } else {
        find.bind(after, kMost, filter.licence);
    }
    EventPage page;
    page.looked_at = after;
    std::size_t looked = 0;
    while (TRY(find.step())) {
        if (page.rows.size() == limit) {
            page.has_more = true;
            return page;
        }
        ++looked;
        page.looked_at = find.integer(0);
        if (filter.takes(find.text(2))) page.rows.push_back(read_event(find));
    }
    page.has_more = looked == kLookedAt;
    return page;
}

Result<std::int64_t> EventQueries::newest() {
    return one_event_id(database_, "SELECT seq FROM sqlite_sequence WHERE name = 'events'");
}

Result<std::int64_t> EventQueries::oldest() {
    return one_event_id(database_, "SELECT id FROM events ORDER BY id LIMIT 1");
}

Result<std::int64_t> insert_event(Database& database, const EventRow& row) {
    TRY(database.run(
        "INSERT INTO events (at, kind, licence, subject, actor_kind, door, data)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        row.at, row.kind, row.licence, row.subject, row.actor_kind, row.door, row.data));
    return database.last_insert_id();
}

}  // namespace hairpin::store
