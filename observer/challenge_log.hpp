// observer/challenge_log.hpp - who asked for the challenges of certificates, and what they were
// told.
//
// A CA that refuses to issue says "NXDOMAIN for _acme-challenge.nur1..", from one of its vantage
// points, minutes ago. As the authority for the name we saw that very question, so we can say who
// was told what, when and by which of our addresses; or that nobody asked us, which says that the
// delegation leads elsewhere. Kept are questions for `_acme-challenge` and for CAA, the newest
// kMost of them; the text of an answer is not kept.
//
// Standards RFC 8555 section 8.4; RFC 8659.
// Threads   see() on the watching thread, since() on any.

#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/ip_address.hpp"
#include "dnsd/exchange.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::observer {

/// One question for a challenge or for CAA.
struct ChallengeQuery {
    WallTime at{};
    Endpoint client;
    Endpoint server;  // Which of our addresses was asked.
    dnsd::Transport transport = dnsd::Transport::Udp;
    zones::Name owner;
    zones::RType type{};
    std::string rcode;        // "NOERROR", "NXDOMAIN", ..; empty: it was not answered.
    std::size_t records = 0;  // In the answer section.
    bool is_truncated = false;
};

class ChallengeLog {
public:
    static constexpr std::size_t kMost = 4'096;

    /// Of an exchange that dnsd::Tap has found to be about a challenge.
    void see(const dnsd::Exchange& exchange);
    /// Oldest first.
    [[nodiscard]] std::vector<ChallengeQuery> since(WallTime at) const;

private:
    Guarded<std::deque<ChallengeQuery>> queries_;
};

}  // namespace hairpin::observer
