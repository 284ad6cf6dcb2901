#include "store/seen.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "store/row_reading.hpp"

namespace hairpin::store {
namespace {

// What is set in `newer` wins.
void merge(SeenUpdate& into, SeenUpdate newer) {
    if (newer.last_seen_at) into.last_seen_at = newer.last_seen_at;
    if (newer.report) into.report = std::move(newer.report);
    if (newer.online) into.online = newer.online;
}

Result<void> write_report(Database& database, std::int64_t server_id, const Report& report) {
    const std::string observed = report.observed ? report.observed->text() : "";
    return database.run(
        "UPDATE servers SET machine = ?2, boot = ?3, agent = ?4, internal_name = ?5,"
        " observed = ?6, public_mode = ?7, public_addresses = ?8, private_addresses = ?9,"
        " certificate_sha256 = ?10 WHERE id = ?1",
        server_id, report.machine, report.boot, report.agent, report.internal_name, observed,
        to_string(report.public_mode), addresses_text(report.public_addresses),
        addresses_text(report.private_addresses), report.certificate);
}

Result<void> write_server(Database& database, const SeenUpdate& update) {
    std::optional<std::string_view> online;
    if (update.online) online = to_string(*update.online);
    TRY(
        database.run("UPDATE servers SET last_seen_at = coalesce(?2, last_seen_at),"
                     " online = coalesce(?3, online) WHERE id = ?1",
                     update.server_id, update.last_seen_at, online));
    if (update.report) TRY(write_report(database, update.server_id, *update.report));
    return {};
}

/// Nearly all that are heard are online already: then neither of the two indices over `online` and
/// nothing but the time is touched. The rest are made online, unless they were seen later.
Result<void> write_heard(Database& database, std::span<const HeardAt> heard) {
    if (heard.empty()) return {};
    Statement again =
        TRY(database.statement("UPDATE servers SET last_seen_at = ?2"
                               " WHERE id = ?1 AND online = 'online' AND last_seen_at < ?2"));
    for (const HeardAt& each : heard) {
        again.bind(each.server_id, each.at);
        TRY(again.run());
        if (database.changed_rows() == 1) continue;
        TRY(
            database.run("UPDATE servers SET last_seen_at = ?2, online = 'online'"
                         " WHERE id = ?1 AND coalesce(last_seen_at < ?2, 1)",
                         each.server_id, each.at));
    }
    return {};
}

}  // namespace

void SeenBuffer::put(SeenUpdate update) {
    slots_.with([&](Slots& slots) {
        const auto found = slots.servers.find(update.server_id);
        if (found != slots.servers.end()) {
            merge(found->second, std::move(update));
        } else if (slots.servers.size() < capacity_) {
            slots.servers.emplace(update.server_id, std::move(update));
        } else {
            ++slots.dropped;
        }
    });
}

void SeenBuffer::put_heard(std::span<const HeardAt> heard) {
    slots_.with([&](Slots& slots) {
        const std::size_t room = capacity_ - std::min(capacity_, slots.heard.size());
        const auto taken = heard.first(std::min(room, heard.size()));
        slots.heard.insert(slots.heard.end(), taken.begin(), taken.end());
        slots.dropped += heard.size() - taken.size();
    });
}

void SeenBuffer::put_used(std::int64_t credential_id, WallTime at) {
    slots_.with([&](Slots& slots) {
        const auto found = slots.credentials.find(credential_id);
        if (found != slots.credentials.end()) {
            found->second = std::max(found->second, at);
        } else if (slots.credentials.size() < capacity_) {
            slots.credentials.emplace(credential_id, at);
        } else {
            ++slots.dropped;
        }
    });
}

SeenBuffer::Batch SeenBuffer::take() {
    Slots taken;
    slots_.with([&](Slots& slots) {
        std::swap(taken.servers, slots.servers);
        std::swap(taken.heard, slots.heard);
        std::swap(taken.credentials, slots.credentials);
    });
    Batch batch;
    batch.servers.reserve(taken.servers.size());
    for (auto& [id, update] : taken.servers)
        batch.servers.push_back(std::move(update));
    // Rows that stand side by side are written as one page.
    std::sort(batch.servers.begin(), batch.servers.end(),
              [](const auto& a, const auto& b) { return a.server_id < b.server_id; });
    batch.heard = std::move(taken.heard);
    std::sort(batch.heard.begin(), batch.heard.end(),
              [](const auto& a, const auto& b) { return a.server_id < b.server_id; });
    batch.credentials = std::move(taken.credentials);
    return batch;
}

void SeenBuffer::give_back(Batch batch) {
    slots_.with([&](Slots& slots) {
        for (SeenUpdate& older : batch.servers) {
            const std::int64_t id = older.server_id;
            const auto [slot, is_new] = slots.servers.try_emplace(id, std::move(older));
            if (is_new) continue;
            merge(older, std::move(slot->second));  // try_emplace left `older` as it was.
            slot->second = std::move(older);
        }
        slots.heard.insert(slots.heard.end(), batch.heard.begin(), batch.heard.end());
        for (const auto& [id, at] : batch.credentials) {
            const auto [slot, is_new] = slots.credentials.try_emplace(id, at);
            if (!is_new) slot->second = std::max(slot->second, at);
        }
    });
}

bool SeenBuffer::empty() const {
    return slots_.with([](const Slots& slots) {
        return slots.servers.empty() && slots.heard.empty() && slots.credentials.empty();
    });
}

std::uint64_t SeenBuffer::dropped() const {
    return slots_.with([](const Slots& slots) { return slots.dropped; });
}

Result<std::size_t> write_seen(Database& database, const SeenBuffer::Batch& batch) {
    std::size_t broken = 0;
    for (const SeenUpdate& update : batch.servers) {
        const auto written = write_server(database, update);
        if (written) continue;
        if (written.error().code != ErrorCode::Invalid) return fail(written.error());
        ++broken;
    }
    TRY(write_heard(database, batch.heard));  // Behind what the sweep says of them.
    for (const auto& [id, at] : batch.credentials)
        TRY(
            database.run("UPDATE credentials SET last_used_at = max(coalesce(last_used_at, 0), ?2)"
                         " WHERE id = ?1",
                         id, at));
    return broken;
}

}  // namespace hairpin::store
