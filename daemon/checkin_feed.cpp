#include "daemon/checkin_feed.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "admin/names.hpp"
#include "admin/tsig_keys.hpp"
#include "core/log.hpp"

namespace hairpin::daemon {
namespace {

using Keys = std::unordered_map<std::int64_t, std::vector<checkin::CheckInKey>>;

/// From when on nothing of it is taken: as admin::check_standing() has it. A frozen server is told
/// the truth like any other, for who sits at the wrong address has to learn that it is frozen.
WallTime welcome_until(const store::ServerRow& server, const store::LicenceRow& licence) {
    const bool is_suspended = licence.state == store::LicenceState::Suspended ||
                              server.state == store::ServerState::Suspended;
    if (is_suspended) return WallTime::min();
    return licence.expires_at.value_or(checkin::kForever);
}

/// The newest first, and no more than are looked at.
void put_in_front(std::vector<checkin::CheckInKey>& keys, checkin::CheckInKey key) {
    keys.insert(keys.begin(), key);
    if (keys.size() > checkin::kMaxKeys) keys.pop_back();
}

std::optional<checkin::Enrolment> make_enrolment(const store::ServerRow& server,
                                                 const store::LicenceRow& licence,
                                                 const zones::AddressRules& rules,
                                                 std::vector<checkin::CheckInKey> keys) {
    const auto names = admin::twin_names(server.label, licence.zone_apex, rules);
    if (keys.empty() || !names) return std::nullopt;
    checkin::Enrolment enrolment;
    enrolment.set_name(names->public_name.lower(), licence.zone_apex);
    enrolment.keys = std::move(keys);
    enrolment.machine = checkin::machine_tag(server.report.machine);
    enrolment.welcome_until = welcome_until(server, licence);
    const auto& observed = server.report.observed;
    const bool is_published_elsewise =
        observed && (server.report.public_mode == store::PublicMode::Fixed ||
                     rules.refusal(zones::TwinRole::Public, *observed).has_value());
    if (is_published_elsewise) enrolment.reported_from = observed->unmapped();
    return enrolment;
}

/// Errors: those of the store.
template <typename Each>
Result<void> for_each_licence(store::Queries& store, const Each& each) {
    for (std::string after;;) {
        auto page = TRY(store.licences(store::kMaxPage, after));
        const bool is_last = page.size() < store::kMaxPage;
        if (!is_last) after = page.back().name;
        for (store::LicenceRow& row : page)
            each(std::move(row));
        if (is_last) return {};
    }
}

}  // namespace

CheckinFeed::CheckinFeed(const Sealer& sealer, zones::AddressRules rules, checkin::Desk& desk)
    : sealer_(sealer), rules_(std::move(rules)), desk_(desk) {}

Result<void> CheckinFeed::load(store::Queries& store) {
    std::unordered_map<std::string, store::LicenceRow> licences;
    TRY(for_each_licence(store, [&](store::LicenceRow row) {
        std::string name = row.name;
        licences.emplace(std::move(name), std::move(row));
    }));
    Keys keys;
    for (std::int64_t after = 0;;) {
        const auto page = TRY(store.credentials(store::kMaxPage, after));
        for (const store::CredentialRow& row : page)
            if (const auto key = key_of(row)) put_in_front(keys[*row.server_id], *key);
        if (page.size() < store::kMaxPage) break;
        after = page.back().id;
    }
    for (std::int64_t after = 0;;) {
        const auto page = TRY(store.all_servers(store::kMaxPage, after));
        std::vector<checkin::Update> updates;
        for (const store::ServerRow& row : page) {
            const auto licence = licences.find(row.licence);
            if (licence == licences.end()) continue;
            auto enrolment = make_enrolment(row, licence->second, rules_, std::move(keys[row.id]));
            if (enrolment)
                updates.push_back({static_cast<std::uint64_t>(row.id), std::move(enrolment)});
        }
        desk_.apply(std::move(updates));
        if (page.size() < store::kMaxPage) return {};
        after = page.back().id;
    }
}

void CheckinFeed::refresh(store::Queries& store, const std::vector<std::int64_t>& servers) {
    std::vector<std::int64_t> wanted = std::exchange(overdue_, {});
    wanted.insert(wanted.end(), servers.begin(), servers.end());
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    std::vector<checkin::Update> updates;
    for (const std::int64_t server : wanted) {
        auto update = look_up(store, server);
        if (update) {
            updates.push_back(*std::move(update));
            continue;
        }
        if (overdue_.empty())
            log::logger("daemon").warn(
                "what changed about server {} cannot be read, its check-ins are judged as before: "
                "{}",
                server, update.error().text());
        overdue_.push_back(server);
    }
    desk_.apply(std::move(updates));
}

std::optional<checkin::Enrolment> CheckinFeed::enrolment_of(
    const store::ServerRow& server, const store::LicenceRow& licence,
    const std::vector<store::CredentialRow>& credentials) const {
    std::vector<checkin::CheckInKey> keys;
    for (const store::CredentialRow& row : credentials)
        if (const auto key = key_of(row)) put_in_front(keys, *key);
    return make_enrolment(server, licence, rules_, std::move(keys));
}

Result<checkin::Update> CheckinFeed::look_up(store::Queries& store, std::int64_t id) const {
    checkin::Update update{static_cast<std::uint64_t>(id), {}};
    const auto server = TRY(store.server(id));
    if (!server) return update;
    const auto licence = TRY(store.licence(server->licence));
    if (!licence) return update;
    update.enrolment = enrolment_of(*server, *licence, TRY(store.credentials_of_server(id)));
    return update;
}

std::optional<checkin::CheckInKey> CheckinFeed::key_of(const store::CredentialRow& row) const {
    if (!row.server_id || row.revoked_at || row.tsig_sealed.empty()) return std::nullopt;
    // The key ring has said it where one does not open (daemon/tsig_keys.cpp).
    const auto secret = sealer_.open(row.tsig_sealed, admin::tsig_seal_context(row.token_hash));
    if (!secret || secret->empty()) return std::nullopt;
    return checkin::CheckInKey{checkin::check_in_key(*secret),
                               row.expires_at.value_or(checkin::kForever), row.id};
}

}  // namespace hairpin::daemon
