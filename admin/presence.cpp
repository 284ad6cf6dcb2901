#include "admin/presence.hpp"

#include <utility>

#include "core/log.hpp"

namespace hairpin::admin {

store::Online online_now(const store::ServerRow& server, WallTime now,
                         Milliseconds window) noexcept {
    if (!server.last_seen_at) return store::Online::Unknown;
    return now - *server.last_seen_at >= window ? store::Online::Offline : store::Online::Online;
}

std::unique_ptr<PresenceSweep> PresenceSweep::start(ApiContext& context, net::Loop& loop,
                                                    store::Reader reader) {
    auto sweep = std::make_unique<PresenceSweep>(Private(), context, std::move(reader));
    sweep->timer_ = loop.add_timer(kInterval, kInterval, [raw = sweep.get()] { raw->step(); });
    return sweep;
}

void PresenceSweep::step() {
    const WallTime since =
        context_.clock.now() - presence_window(context_.options.heartbeat_interval);
    const auto silent = reader_->silent_since(since, kRowsPerStep);
    if (!silent) {
        log::logger("admin").warn("cannot look for silent servers: {}", silent.error().text());
        return;
    }
    for (const store::ServerRow& server : *silent) {
        store::SeenUpdate update;
        update.server_id = server.id;
        update.online = store::Online::Offline;
        context_.committer.seen(std::move(update));
        log::logger("admin").info("server {}/{} is offline: silent since {}", server.licence,
                                  server.label, to_rfc3339(*server.last_seen_at));
    }
}

}  // namespace hairpin::admin
