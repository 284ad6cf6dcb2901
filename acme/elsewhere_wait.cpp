// Values in zones that are not ours: put there, and waited for until they are answered. See
// engine.hpp, elsewhere_keeper.hpp.
//
// The store has noted them in the commit that made the attempt's state, so that what is put here is
// taken away whatever comes. All of it may be done again after a crash. A server that is not
// reached is tried until the attempt's time is over; one that refuses needs a person.

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kElsewherePatience{2'000};  // For one answer.
constexpr Milliseconds kFirstElsewherePause{100};  // Between questions for a value, ..
constexpr Milliseconds kLongestElsewherePause{2'000};
constexpr int kElsewhereTries = 30;
constexpr Milliseconds kFirstRetry{1'000};  // .. and between UPDATEs.
constexpr Milliseconds kLongestRetry{60'000};
constexpr int kRetryDoublings = 6;

Verdict unconfigured(const zones::Name& apex) {
    return {
        Remedy::PersonNeeded,
        "challenge-elsewhere",
        "a CNAME leads to " + apex.text_without_dot() +
            ", which is not in [acme] elsewhere any more: name it there again, or let the CNAME "
            "end in a zone of ours",
        {}};
}

}  // namespace

void Engine::prepare_elsewhere() {
    auto commit = [this](store::Work work, std::function<void(const std::string&)> then) {
        committer_.submit(std::move(work), [weak = weak_from_this(),
                                            then = std::move(then)](Committed done) {
            const auto self = weak.lock();
            if (!self) return;
            self->loop_.post([then, failure = done ? "" : store::to_error(done.error()).text()] {
                then(failure);
            });
        });
    };
    elsewhere_ = std::make_unique<ElsewhereKeeper>(loop_, clock_, options_.coupling.elsewhere,
                                                   (*reader_)->database(), std::move(commit));
}

void Engine::place_elsewhere(const JobRef& job) {
    ElsewhereWait& wait_for = job->elsewhere;
    if (!wait_for.all) wait_for.all = values_elsewhere(published(job->attempt.state));
    if (wait_for.zone == wait_for.all->size()) return ask_secondaries_elsewhere(job);
    const zones::Name& apex = (*wait_for.all)[wait_for.zone].apex;
    const ElsewhereZone* zone = elsewhere_zone(options_.coupling.elsewhere, apex);
    if (zone == nullptr) return give_up(job, unconfigured(apex));
    wait_for.is_put ? ask_elsewhere(job, *zone) : put_elsewhere(job, *zone);
}

/// As those of our own zones (secondary_wait.cpp), and it comes back here.
void Engine::ask_secondaries_elsewhere(const JobRef& job) {
    if (std::exchange(job->elsewhere.are_secondaries_next, true)) return settle_elsewhere(job);
    job->secondaries = {clock_.now(), {}, 0, 0};
    for (const ElsewhereValues& each : *job->elsewhere.all)
        if (const auto* zone = elsewhere_zone(options_.coupling.elsewhere, each.apex))
            for (const Endpoint& server : zone->secondaries)
                job->secondaries.all.push_back({server, each.values, each.apex});
    ask_secondaries(job);
}

/// Servers that are not named are not ours to ask: they are given the time that was configured.
void Engine::settle_elsewhere(const JobRef& job) {
    ElsewhereWait& wait_for = job->elsewhere;
    const WallTime now = clock_.now();
    if (!wait_for.settled_at) {
        wait_for.settled_at = now;
        for (const ElsewhereValues& each : *wait_for.all)
            if (const auto* zone = elsewhere_zone(options_.coupling.elsewhere, each.apex))
                wait_for.settled_at = std::max(*wait_for.settled_at, now + zone->settle);
    }
    if (*wait_for.settled_at <= now) return advance(job, ListenersAnswered{});
    wait(job, *wait_for.settled_at - now);
}

void Engine::put_elsewhere(const JobRef& job, const ElsewhereZone& zone) {
    elsewhere_->put(zone, (*job->elsewhere.all)[job->elsewhere.zone].values,
                    [this, job, &zone](const Result<void, ServerRefusal>& done) {
                        if (!done) return refused_elsewhere(job, zone, done.error());
                        job->elsewhere.is_put = true;
                        job->elsewhere.failures = 0;
                        place_elsewhere(job);
                    });
}

void Engine::refused_elsewhere(const JobRef& job, const ElsewhereZone& zone,
                               const ServerRefusal& refusal) {
    const std::string text = server_text(zone) + " " + refusal.text;
    if (refusal.kind == ServerRefusal::Kind::Lasting)
        return give_up(job, {Remedy::PersonNeeded, "elsewhere-refused", text, {}});
    const int doublings = std::min(job->elsewhere.failures++, kRetryDoublings);
    const Milliseconds pause = std::min(kFirstRetry * (1 << doublings), kLongestRetry);
    if (job->attempt.deadline_at && clock_.now() + pause >= *job->attempt.deadline_at)
        return give_up(job, {Remedy::TryAgain,
                             "elsewhere-unreachable",
                             text + "; the TXT value could not be put there in time",
                             {}});
    if (doublings == 0)
        log::logger("acme").warn("{}: its TXT value is not in place yet, it is tried again: {}",
                                 job->attempt.public_name, text);
    wait(job, pause);
}

void Engine::ask_elsewhere(const JobRef& job, const ElsewhereZone& zone) {
    const auto& values = (*job->elsewhere.all)[job->elsewhere.zone].values;
    job->elsewhere.ask = DnsAsk::start(
        loop_, zone.server, {values[job->elsewhere.seen].owner, zones::RType::TXT, Asking::Server},
        kElsewherePatience, [this, job, &zone](const Result<DnsAnswer>& answer) {
            // Not from inside of the question that is to be replaced.
            loop_.post([this, job, &zone, answer] { answered_elsewhere(job, zone, answer); });
        });
}

void Engine::answered_elsewhere(const JobRef& job, const ElsewhereZone& zone,
                                const Result<DnsAnswer>& answer) {
    ElsewhereWait& wait_for = job->elsewhere;
    wait_for.ask.reset();
    const TxtQuestion& question = (*wait_for.all)[wait_for.zone].values[wait_for.seen];
    const auto there = answer ? answer->rdatas(zones::RType::TXT) : std::vector<Octets>();
    if (std::find(there.begin(), there.end(), txt_rdata(question.value)) != there.end()) {
        wait_for.failures = 0;
        if (++wait_for.seen == (*wait_for.all)[wait_for.zone].values.size()) {
            ++wait_for.zone;
            wait_for.is_put = false;
            wait_for.seen = 0;
        }
        return place_elsewhere(job);
    }
    if (++wait_for.failures < kElsewhereTries)
        return wait(job,
                    std::min(kFirstElsewherePause * wait_for.failures, kLongestElsewherePause));
    give_up(job, {Remedy::TryAgain,
                  "txt-not-answered",
                  server_text(zone) + " took the TXT value for " +
                      question.owner.text_without_dot() + " and " +
                      (answer ? "does not answer it" : "does not answer: " + answer.error().cause),
                  {}});
}

}  // namespace hairpin::acme
