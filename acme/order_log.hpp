// acme/order_log.hpp - when orders were placed for each subject, and whether it may have another.
//
// One account at the CA serves all servers, and a CA counts what an account orders: one server that
// asks with a new key each minute must not use up what the others need. Certificates that were
// issued have limits of their own (admission.cpp); this counts orders, whatever became of them.
//
// In memory: what a last run did is given to begin_with() from the stored attempts.
//
// Threads   One.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "store/acme_rows.hpp"

namespace hairpin::acme {

struct OrderLimits {
    std::size_t per_hour = 5;
    std::size_t per_day = 20;
};

class OrderLog {
public:
    struct Full {
        std::size_t placed = 0;
        std::string_view span;  // "an hour", "a day".
        WallTime until{};
    };

    /// Whether it was met since the start.
    [[nodiscard]] bool knows(const store::Subject& subject) const {
        return placed_.contains(subject);
    }
    /// What is known from before the start; in any order.
    void begin_with(const store::Subject& subject, std::vector<WallTime> times);
    void note(const store::Subject& subject, WallTime now);
    /// Which limit is reached, and until when; empty: another order may be placed now.
    [[nodiscard]] std::optional<Full> full(const store::Subject& subject, WallTime now,
                                           const OrderLimits& limits) const;

private:
    void drop_old(WallTime now);

    std::map<store::Subject, std::vector<WallTime>> placed_;  // Ascending.
    WallTime looked_at_{};
};

}  // namespace hairpin::acme
