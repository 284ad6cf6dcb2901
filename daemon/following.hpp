// daemon/following.hpp - what is known of the secondaries of a zone: what the API tells of them,
// from the notifier; what they hold, from the name server to the store.
//
// Threads   Any.

#pragma once

#include <vector>

#include "admin/context.hpp"
#include "dnsd/notifier.hpp"
#include "zones/history.hpp"
#include "zones/name.hpp"

namespace hairpin::daemon {

class Following final : public admin::SecondarySource {
public:
    /// `notifier` outlives this.
    explicit Following(const dnsd::Notifier& notifier) noexcept : notifier_(notifier) {}
    [[nodiscard]] std::vector<admin::SecondaryStatus> secondaries_of(
        const zones::Name& apex) const override;

private:
    const dnsd::Notifier& notifier_;
};

/// The name server is there before the committer, which remembers what it tells.
class FollowerDoor final : public zones::FollowerSink {
public:
    /// Before anything is told.
    void open(zones::FollowerSink& store) noexcept { store_ = &store; }
    void holds(zones::Held held) override;

private:
    zones::FollowerSink* store_ = nullptr;
};

}  // namespace hairpin::daemon
