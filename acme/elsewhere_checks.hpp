// acme/elsewhere_checks.hpp - could a value be put into a zone that is not ours? For preflights.
//
// Asks the zone's primary for its SOA, signed with the key: an answer shows that it is reached over
// TCP, has the zone and knows the key, and that the clocks agree. That the key may change the zone
// only an UPDATE shows. What was found is believed for as long as the caller says.
//
// Standards RFC 8945 section 5.4.
// Threads   The loop's thread.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "acme/elsewhere.hpp"
#include "acme/preflight.hpp"
#include "acme/signed_ask.hpp"
#include "core/clock.hpp"
#include "net/loop.hpp"
#include "zones/name.hpp"

namespace hairpin::acme {

class ElsewhereChecks {
public:
    ElsewhereChecks(net::Loop& loop, const Clock& clock) noexcept : loop_(loop), clock_(clock) {}

    /// Looks at all of them, but for those found no longer than that ago; then `then`, perhaps at
    /// once. `zones` outlive this.
    void look(const std::vector<const ElsewhereZone*>& zones, Milliseconds good_for,
              Milliseconds bad_for, std::function<void()> then);
    /// What is known of the zone, as the end of a sentence about where a value goes.
    [[nodiscard]] PreflightCheck found(const ElsewhereZone& zone) const;

private:
    struct Known {
        std::optional<MonotonicTime> asked_at;
        std::optional<ServerRefusal> refusal;
        std::shared_ptr<SignedAsk> ask;
        std::vector<std::function<void()>> waiting;
    };
    [[nodiscard]] bool is_known(const Known& known, Milliseconds good_for,
                                Milliseconds bad_for) const;
    void answered(const ElsewhereZone& zone, const Result<Octets, ServerRefusal>& answer);

    net::Loop& loop_;
    const Clock& clock_;
    std::unordered_map<zones::Name, Known, zones::NameHash> known_;  // As many as are configured.
};

}  // namespace hairpin::acme
