// What is tried once a week, so that it works when it is needed: see engine.hpp and
// store/issuer_rows.hpp.
//
// A CA in reserve issues a certificate for a name of ours, and nobody uses it; an account in
// reserve is looked up. A way that was never gone is found closed on the day when it is needed: the
// binding has expired, a CAA record is missing, the CA wants other terms of service.

#include <utility>

#include "acme/canary_trial.hpp"
#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr std::int64_t kAlarmAfter = 2;  // Failures in a row.

std::string key_of_canary(store::CanaryKind kind, const std::string& directory) {
    return std::string(to_string(kind)) + " " + directory;
}

CanaryPace pace_of(const Options& options) {
    return {options.canary_interval, options.canary_retry};
}

void tell(const std::string& issuer, store::CanaryKind kind, const store::CanaryRow& row) {
    const char* what = kind == store::CanaryKind::Certificate ? "a certificate of it"
                                                              : "our account in reserve there";
    if (row.problem.empty())
        return log::logger("acme").info("{}: {} was tried, all is well", issuer, what);
    if (row.failures >= kAlarmAfter)
        return log::logger("acme").error("{}: {} was tried {} times in vain: {}", issuer, what,
                                         row.failures, row.problem);
    log::logger("acme").warn("{}: {} was tried in vain: {}", issuer, what, row.problem);
}

}  // namespace

void Engine::attend_canaries() {
    const WallTime now = clock_.now();
    store::Database& database = (*reader_)->database();
    const auto due = [&](const Issuer& issuer,
                         store::CanaryKind kind) -> std::optional<store::CanaryRow> {
        if (canaries_under_way_.contains(key_of_canary(kind, issuer.directory())))
            return std::nullopt;
        const auto row = store::canary(database, issuer.directory(), kind);
        if (!row) return std::nullopt;  // With the next look.
        if (!is_canary_due(*row, now)) return std::nullopt;
        return row->value_or(store::CanaryRow{issuer.directory(), kind, now, {}, 0, {}, {}});
    };
    for (const auto& issuer : issuers_) {
        if (!issuer->is_well()) continue;  // That is known already.
        if (issuer != issuers_.front() && options_.canary_names &&
            due(*issuer, store::CanaryKind::Certificate))
            begin_canary(*issuer);
        Seat* standby = issuer->standby();
        if (standby == nullptr || !standby->client->has_account()) continue;
        if (auto row = due(*issuer, store::CanaryKind::StandbyAccount))
            look_up_standby(*issuer, *std::move(row));
    }
}

void Engine::look_up_standby(Issuer& issuer, store::CanaryRow row) {
    canaries_under_way_.insert(key_of_canary(row.kind, row.directory));
    issuer.standby()->account->examine(
        [this, &issuer, kind = row.kind](AccountStanding standing, const std::string& words) {
            keep_canary(issuer, kind, standing == AccountStanding::Good ? "" : words);
        });
}

void Engine::begin_canary(Issuer& issuer) {
    const auto kind = store::CanaryKind::Certificate;
    if (!issuer.active().is_registered()) {
        const std::string why = issuer.active().account->problem();
        if (!why.empty()) keep_canary(issuer, kind, why);
        return;
    }
    const auto names = options_.canary_names();
    if (!names) return keep_canary(issuer, kind, names.error().text());
    const auto live = store::AcmeQueries((*reader_)->database()).live_canary(issuer.directory());
    if (!live || *live) return;  // It is being tried.
    const std::string key = key_of_canary(kind, issuer.directory());
    canaries_under_way_.insert(key);
    store::AcmeAttemptRow row;
    row.server_id = store::kOurselves;
    row.next_at = clock_.now();
    row.zone_apex = names->zone_apex;
    row.public_name = names->name;
    row.other_names = names->others;
    row.key_origin = store::KeyOrigin::Managed;
    row.canary = issuer.directory();
    auto id = std::make_shared<std::int64_t>(0);
    store::Work work;
    work.change.actor = {"acme", row.public_name, "", "acme"};
    work.audit = {"acme.canary", issuer.name()};
    work.rows = [row = std::move(row), id](store::Writer& writer, zones::Change&) -> Result<void> {
        *id = TRY(insert_attempt(writer, row));
        return {};
    };
    committer_.submit(std::move(work), [weak = weak_from_this(), id, key](const Committed& done) {
        const auto self = weak.lock();
        if (!self) return;
        self->loop_.post([engine = self.get(), id, key, is_done = done.has_value()] {
            engine->canaries_under_way_.erase(key);
            if (!is_done) return;  // With the next look.
            engine->begin(*id);
            engine->set_timer();
        });
    });
}

/// Writes what became of a trial that has no attempt.
void Engine::keep_canary(Issuer& issuer, store::CanaryKind kind, const std::string& problem) {
    const std::string key = key_of_canary(kind, issuer.directory());
    canaries_under_way_.insert(key);
    const WallTime now = clock_.now();
    const auto before = store::canary((*reader_)->database(), issuer.directory(), kind);
    store::CanaryRow row{issuer.directory(), kind, now, {}, 0, {}, {}};
    if (before && *before) row = **before;
    row = after_trial(std::move(row), problem, pace_of(options_), now);
    tell(issuer.name(), kind, row);
    store::Work work;
    work.rows = [row = std::move(row)](store::Writer& writer, zones::Change&) {
        return store::put_canary(writer, row);
    };
    committer_.submit(std::move(work), [weak = weak_from_this(), key](const Committed&) {
        const auto self = weak.lock();
        if (!self) return;
        // What could not be written is tried again with the next look.
        self->loop_.post([engine = self.get(), key] {
            engine->canaries_under_way_.erase(key);
            engine->publish_issuers();
        });
    });
}

/// What became of a certificate that was tried, for the step that ends its attempt.
Engine::Rows Engine::canary_rows(const Attempt& attempt, const std::string& problem) {
    const auto kind = store::CanaryKind::Certificate;
    const WallTime now = clock_.now();
    const auto before = store::canary((*reader_)->database(), attempt.canary, kind);
    store::CanaryRow row{attempt.canary, kind, now, {}, 0, {}, {}};
    if (before && *before) row = **before;
    row = after_trial(std::move(row), problem, pace_of(options_), now);
    std::string name = attempt.canary;
    for (const auto& issuer : issuers_)
        if (issuer->directory() == attempt.canary) name = issuer->name();
    tell(name, kind, row);
    return [row = std::move(row)](store::Writer& writer, zones::Change&) -> Result<void> {
        TRY(store::put_canary(writer, row));
        return prune_acme(writer, store::kOurselves, WallTime());
    };
}

}  // namespace hairpin::acme
