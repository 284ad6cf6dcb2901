#include "hooks/event_bell.hpp"

#include <map>
#include <utility>

#include "core/guarded.hpp"

namespace hairpin::hooks {

struct EventBell::Subscribers {
    struct All {
        std::uint64_t last_id = 0;
        std::map<std::uint64_t, std::function<void(Ring)>> callbacks;
    };
    Guarded<All> all;
};

EventBell::EventBell() : subscribers_(std::make_shared<Subscribers>()) {}
EventBell::~EventBell() = default;

void EventBell::ring(Ring ring) const {
    // Copied out, so that no lock is held while they run.
    const auto callbacks = subscribers_->all.with([](const auto& all) { return all.callbacks; });
    for (const auto& [id, callback] : callbacks)
        callback(ring);
}

std::shared_ptr<void> EventBell::subscribe(std::function<void(Ring)> callback) {
    const std::uint64_t id = subscribers_->all.with([&](auto& all) {
        all.callbacks.emplace(++all.last_id, std::move(callback));
        return all.last_id;
    });
    // Any pointer that is not null: what counts is its end.
    return {static_cast<void*>(subscribers_.get()), [kept = subscribers_, id](void*) {
                kept->all.with([&](auto& all) { all.callbacks.erase(id); });
            }};
}

}  // namespace hairpin::hooks
