// acme/preflight_asker.hpp - asks servers and resolvers about one zone, for preflight.hpp to judge.
//
// One question after the other: first each server that must answer for the zone, then the resolvers
// about its delegation, its DS and the CAA records above our zones. The first resolver that answers
// is believed; one that has no answer (SERVFAIL, silence) makes way for the next. Who was silent a
// moment ago is not asked again for a while: with a dead secondary a thousand zones would wait a
// thousand times.
//
// Standards RFC 1035 section 7.3, RFC 8659 section 3.
// Threads   The loop's thread; `then` comes on the loop, never inside the call.

#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "acme/dns_ask.hpp"
#include "acme/preflight.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "net/loop.hpp"

namespace hairpin::acme {

/// Servers that did not answer, and until when they are not asked again.
class SilentServers {
public:
    explicit SilentServers(const Clock& clock) noexcept : clock_(clock) {}
    void note(const Endpoint& server);
    void heard(const Endpoint& server) { until_.erase(server.text()); }
    [[nodiscard]] bool is_silent(const Endpoint& server) const;

private:
    const Clock& clock_;
    std::unordered_map<std::string, MonotonicTime> until_;
};

struct PreflightQuestions {
    zones::Name apex;
    std::vector<std::pair<Endpoint, PreflightServer>> servers;
    std::vector<Endpoint> resolvers;
    std::vector<zones::Name> our_servers;  // NS of the zone.
    std::vector<Octets> dnskeys;
    /// CaaElsewhere: CAA are asked for from there upwards.
    CaaPlace caa = CaaNone{};
};

struct PreflightAnswers {
    std::vector<PreflightCheck> checks;
    CaaPlace above;  // In place of PreflightQuestions::caa.
};

/// Questions under way. Dropping it ends them; `then` is not called any more.
class PreflightAsker {
public:
    using Then = std::function<void(PreflightAnswers)>;
    /// `silent` outlives it.
    [[nodiscard]] static std::shared_ptr<PreflightAsker> start(net::Loop& loop,
                                                               SilentServers& silent,
                                                               PreflightQuestions questions,
                                                               Then then);
    virtual ~PreflightAsker() = default;
};

}  // namespace hairpin::acme
