#include "admin/alarm_sweep.hpp"

#include <map>
#include <optional>
#include <string>

#include "acme/certificate_alarm.hpp"
#include "core/log.hpp"
#include "store/alarm_rows.hpp"

namespace hairpin::admin {
namespace {

/// What is to be told of one server.
struct AlarmChange {
    std::int64_t server_id = 0;
    std::string licence;
    std::string label;
    std::string before;  // The alarm that was told of; empty: none.
    std::optional<acme::CertificateAlarm> now;
};

Result<void> tell_alarm(store::Writer& writer, const AlarmChange& change) {
    // Another step may have told it meanwhile, or the server is gone.
    const auto told =
        TRY(store::told_alarms(writer.database(), change.server_id - 1, change.server_id));
    if ((told.empty() ? "" : told.front().kind) != change.before) return {};
    if (!TRY(writer.read().server(change.server_id))) return {};
    store::Event event{store::EventKind::CertificateAlarm,
                       change.licence,
                       change.licence + "/" + change.label,
                       {}};
    const auto or_null = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    event.data.begin_object();
    event.data.member("server", change.label);
    event.data.member("state", change.now ? "raised" : "cleared");
    event.data.member("alarm",
                      change.now ? std::string(to_string(change.now->kind)) : change.before);
    if (change.now) {
        event.data.member("before", or_null(change.before));
        event.data.member("text", change.now->text);
        event.data.member("next_step", change.now->next_step);
        TRY(store::put_told_alarm(writer, change.server_id, to_string(change.now->kind)));
    } else {
        event.data.member("since", told.front().since_at);
        TRY(store::erase_told_alarm(writer, change.server_id));
    }
    event.data.end_object();
    return writer.tell(std::move(event));
}

}  // namespace

std::unique_ptr<AlarmSweep> AlarmSweep::start(ApiContext& context, net::Loop& loop,
                                              store::Reader reader) {
    auto sweep = std::make_unique<AlarmSweep>(Private(), context, std::move(reader));
    sweep->timer_ = loop.add_timer(kInterval, kInterval, [raw = sweep.get()] { raw->step(); });
    return sweep;
}

void AlarmSweep::step() {
    const MonotonicTime now = context_.clock.monotonic();
    if (now < rests_until_) return;
    const auto seen = look(last_, kServersPerStep);
    if (!seen) {
        log::logger("admin").warn("cannot look for alarms of certificates: {}",
                                  seen.error().text());
        rests_until_ = now + kRest;
        return;
    }
    const bool is_end = seen->size() < kServersPerStep;
    last_ = is_end ? 0 : seen->back().server_id;
    if (is_end) rests_until_ = now + kRest;
}

void AlarmSweep::look_at(std::int64_t server_id) {
    // What cannot be read now is seen with the next round, which says so.
    static_cast<void>(look(server_id - 1, 1));
}

Result<std::vector<store::CertificateOverview>> AlarmSweep::look(std::int64_t after,
                                                                 std::size_t most) {
    const WallTime now = context_.clock.now();
    store::Database& database = reader_->database();
    auto servers = TRY(store::certificate_overview(database, now, most, after));
    if (servers.empty()) return servers;
    std::map<std::int64_t, std::string> told;
    for (auto& each : TRY(store::told_alarms(database, after, servers.back().server_id)))
        told.emplace(each.server_id, std::move(each.kind));
    std::vector<AlarmChange> changes;
    for (const auto& each : servers) {
        auto alarm = acme::alarm_of(acme::server_certificates(each, now), each.served, now);
        const auto known = told.find(each.server_id);
        const std::string before = known == told.end() ? "" : known->second;
        if ((alarm ? to_string(alarm->kind) : std::string_view()) == before) continue;
        changes.push_back({each.server_id, each.licence, each.label, before, std::move(alarm)});
    }
    if (changes.empty()) return servers;
    store::Work work;
    work.rows = [changes = std::move(changes)](store::Writer& writer,
                                               zones::Change&) -> Result<void> {
        for (const AlarmChange& each : changes)
            TRY(tell_alarm(writer, each));
        return {};
    };
    context_.committer.submit(std::move(work), {});  // What is not durable is seen again.
    return servers;
}

}  // namespace hairpin::admin
