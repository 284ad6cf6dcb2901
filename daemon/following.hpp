// daemon/following.hpp - what the API tells of the secondaries of a zone, from the notifier.
//
// Threads   Any.

#pragma once

#include <vector>

#include "admin/context.hpp"
#include "dnsd/notifier.hpp"
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

}  // namespace hairpin::daemon
