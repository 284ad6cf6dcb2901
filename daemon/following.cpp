#include "daemon/following.hpp"

#include <utility>

#include "core/assert.hpp"
#include "dnsd/code_names.hpp"

namespace hairpin::daemon {

std::vector<admin::SecondaryStatus> Following::secondaries_of(const zones::Name& apex) const {
    std::vector<admin::SecondaryStatus> all;
    for (const dnsd::NotifyReport& each : notifier_.results(apex)) {
        admin::SecondaryStatus status;
        status.address = each.secondary.address.text();
        status.key = each.secondary.key;
        status.state = to_string(each.entry.state);
        status.result = to_string(each.entry.result);
        if (each.entry.result == dnsd::NotifyResult::Refused)
            status.rcode = dnsd::rcode_name(static_cast<std::size_t>(each.entry.rcode));
        if (each.entry.acknowledged != 0) status.serial = each.entry.acknowledged;
        all.push_back(std::move(status));
    }
    return all;
}

void FollowerDoor::holds(zones::Held held) {
    HAIRPIN_ASSERT(store_ != nullptr);  // Threads that tell are started after the committer.
    store_->holds(std::move(held));
}

}  // namespace hairpin::daemon
