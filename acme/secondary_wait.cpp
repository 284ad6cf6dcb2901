// Waiting for the secondaries of a zone to answer the TXT values: see engine.hpp.
//
// A CA asks any name server that the delegation names, from several places. A secondary that is
// behind answers NXDOMAIN, and that is the end of the order; so it is waited for. One that does not
// answer at all is passed over by resolvers, and so it is here, in the end: a dead secondary must
// not keep a fleet without certificates.

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kSecondaryPatience{1'000};  // For one answer.
constexpr Milliseconds kFirstSecondaryPause{100};
constexpr Milliseconds kLongestSecondaryPause{5'000};
constexpr int kSilentTries = 5;

}  // namespace

void Engine::ask_secondaries(const JobRef& job) {
    SecondaryWait& wait_for = job->secondaries;
    if (!wait_for.since) {
        wait_for.since = clock_.now();
        if (options_.secondaries)
            wait_for.all = secondary_questions(job->attempt.zone_apex,
                                               published(job->attempt.state), options_.secondaries);
    }
    if (wait_for.done == wait_for.all.size()) return place_elsewhere(job);
    const SecondaryQuestion& next = wait_for.all[wait_for.done];
    job->check = ListenerCheck::start(
        loop_, {next.server}, next.questions, kSecondaryPatience,
        [this, job, one = next.server](const Result<void>& answered) {
            // Not from inside of the check that is to be replaced.
            loop_.post([this, job, one, answered] { secondary_answered(job, one, answered); });
        });
}

void Engine::secondary_answered(const JobRef& job, const Endpoint& one,
                                const Result<void>& answered) {
    SecondaryWait& wait_for = job->secondaries;
    const bool is_behind = !answered && answered.error().code == ErrorCode::Protocol;
    wait_for.silent = answered || is_behind ? 0 : wait_for.silent + 1;
    if (wait_for.silent == kSilentTries)
        log::logger("acme").warn("{}: secondary {} does not answer, the CA is told without it: {}",
                                 job->attempt.public_name, one.text(), answered.error().cause);
    if (answered || wait_for.silent == kSilentTries) {
        ++wait_for.done;
        wait_for.silent = 0;
        job->tries = 0;
        return ask_secondaries(job);
    }
    if (clock_.now() - *wait_for.since >= options_.secondary_patience)
        return give_up(job,
                       {Remedy::TryAgain,
                        "secondary-behind",
                        "the secondary " + answered.error().text() + ": look at its transfers of " +
                            wait_for.all[wait_for.done].apex.text() +
                            ", or take it out of the zone's secondaries",
                        {}});
    wait(job, std::min(kFirstSecondaryPause * ++job->tries, kLongestSecondaryPause));
}

}  // namespace hairpin::acme
