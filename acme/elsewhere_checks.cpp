#include "acme/elsewhere_checks.hpp"

#include <utility>

#include "acme/dns_answer.hpp"
#include "acme/txt_update.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kSoaPatience{3'000};

}  // namespace

void ElsewhereChecks::look(const std::vector<const ElsewhereZone*>& zones, Milliseconds good_for,
                           Milliseconds bad_for, std::function<void()> then) {
    for (const ElsewhereZone* zone : zones) {
        Known& known = known_[zone->apex];
        if (known.ask == nullptr && is_known(known, good_for, bad_for)) continue;
        // The others are looked at when this one is known: it is looked at once.
        std::vector<const ElsewhereZone*> others = zones;
        std::erase(others, zone);
        known.waiting.push_back(
            [this, others = std::move(others), good_for, bad_for, then = std::move(then)] {
                look(others, good_for, bad_for, then);
            });
        if (known.ask != nullptr) return;
        known.ask = SignedAsk::start(
            loop_, clock_, *zone, dns_query(0, {zone->apex, zones::RType::SOA, Asking::Server}),
            kSoaPatience, [this, zone](Result<Octets, ServerRefusal> answer) {
                // Not from inside of the exchange, which goes.
                loop_.post([this, zone, answer = std::move(answer)] { answered(*zone, answer); });
            });
        return;
    }
    then();
}

bool ElsewhereChecks::is_known(const Known& known, Milliseconds good_for,
                               Milliseconds bad_for) const {
    if (!known.asked_at) return false;
    return clock_.monotonic() - *known.asked_at < (known.refusal ? bad_for : good_for);
}

void ElsewhereChecks::answered(const ElsewhereZone& zone,
                               const Result<Octets, ServerRefusal>& answer) {
    Known& known = known_[zone.apex];
    known.ask.reset();
    known.asked_at = clock_.monotonic();
    known.refusal.reset();
    if (!answer)
        known.refusal = answer.error();
    else if (const auto read = read_soa_answer(*answer, zone); !read)
        known.refusal = read.error();
    const auto waiting = std::exchange(known.waiting, {});
    for (const auto& each : waiting)
        each();
}

PreflightCheck ElsewhereChecks::found(const ElsewhereZone& zone) const {
    const auto known = known_.find(zone.apex);
    if (known == known_.end() || !known->second.asked_at)
        return {"", PreflightOutcome::Unknown, server_text(zone) + " was not asked yet"};
    if (known->second.refusal)
        return {"", PreflightOutcome::Problem,
                server_text(zone) + " " + known->second.refusal->text};
    return {"", PreflightOutcome::Good,
            "put into " + zone.apex.text_without_dot() + " at " + zone.server.text() +
                " with the key " + key_text(zone)};
}

}  // namespace hairpin::acme
