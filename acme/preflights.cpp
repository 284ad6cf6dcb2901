#include "acme/preflights.hpp"

#include <algorithm>
#include <utility>

#include "acme/challenge_place.hpp"
#include "acme/engine.hpp"
#include "acme/listener_check.hpp"
#include "core/log.hpp"
#include "store/preflight_rows.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kMostPreflights = 20'000;  // Zones.
constexpr Milliseconds kLongestHold{15 * 60'000};
constexpr int kHoldDoublings = 6;

/// A server that follows is given as long as an order would wait for it.
bool is_fresh(const zones::Zone& zone, WallTime now, Milliseconds patience) {
    const WallTime published{Milliseconds(zone.published_at() * 1000)};
    return now - published < patience;
}

PreflightQuestions questions_about(const zones::ZoneTable& table, const zones::Zone& zone,
                                   const Options& options, WallTime now) {
    PreflightQuestions questions;
    questions.apex = zone.apex();
    questions.resolvers = options.coupling.resolvers;
    for (const Endpoint& each : options.listeners) {
        const Endpoint listener = reachable_listener(each);
        questions.servers.push_back(
            {listener, {"our own listener " + listener.text(), zone.serial(), false}});
    }
    const bool may_be_behind = is_fresh(zone, now, options.secondary_patience);
    if (options.secondaries)
        for (const Endpoint& each : options.secondaries(zone.apex()))
            questions.servers.push_back(
                {each, {"the secondary " + each.text(), zone.serial(), may_be_behind}});
    for (const OctetView rdata : zone.ns().rdatas())
        if (const auto server = zones::Name::from_wire(rdata))
            questions.our_servers.push_back(*server);
    if (const auto* keys = zone.find(zone.apex(), zones::RType::DNSKEY))
        questions.dnskeys = keys->copy_rdatas();
    questions.caa = find_caa(table, zone.apex());
    return questions;
}

}  // namespace

Preflights::Preflights(net::Loop& loop, const Clock& clock, const Options& options,
                       store::Committer& committer)
    : loop_(loop),
      clock_(clock),
      options_(options),
      committer_(committer),
      silent_(clock),
      elsewhere_(loop, clock) {}

Result<void> Preflights::load(store::Database& database) {
    for (const auto& each : TRY(store::preflights(database)))
        zones_[each.zone].kept = each.text;
    return {};
}

void Preflights::look(const zones::Name& apex, const std::vector<std::string>& names,
                      const CaaWanted& wanted, Freshness freshness, Then then) {
    const auto elsewhere = zones_elsewhere(names);
    if (elsewhere.empty()) return look_here(apex, names, wanted, freshness, std::move(then));
    const bool is_anew = freshness == Freshness::Anew;
    elsewhere_.look(elsewhere, is_anew ? Milliseconds(0) : options_.coupling.preflight_age,
                    is_anew ? Milliseconds(0) : bad_age(),
                    [this, apex, names, wanted, freshness, then = std::move(then)] {
                        look_here(apex, names, wanted, freshness, then);
                    });
}

/// Those that the challenges of the names lead to.
std::vector<const ElsewhereZone*> Preflights::zones_elsewhere(
    const std::vector<std::string>& names) const {
    std::vector<const ElsewhereZone*> all;
    if (options_.coupling.elsewhere.empty()) return all;
    const auto table = options_.coupling.zones();
    for (const std::string& each : names) {
        const auto challenge = challenge_name(each);
        if (!challenge) continue;
        const auto place = find_challenge_place(*table, options_.coupling.elsewhere, *challenge);
        if (place && place->elsewhere != nullptr &&
            std::find(all.begin(), all.end(), place->elsewhere) == all.end())
            all.push_back(place->elsewhere);
    }
    return all;
}

PreflightCheck Preflights::challenge_check(const zones::ZoneTable& table,
                                           const std::string& name) const {
    const std::string what = "challenge " + name;
    const auto challenge = challenge_name(name);
    if (!challenge) return {what, PreflightOutcome::Problem, name + " is too long for a challenge"};
    const auto place = find_challenge_place(table, options_.coupling.elsewhere, *challenge);
    if (!place) return {what, PreflightOutcome::Problem, place.error().text()};
    if (place->owner == *challenge)
        return {what, PreflightOutcome::Good, "goes into " + place->apex.text_without_dot()};
    const std::string follows = "follows a CNAME to " + place->owner.text_without_dot();
    if (place->elsewhere == nullptr) return {what, PreflightOutcome::Good, follows};
    PreflightCheck check = elsewhere_.found(*place->elsewhere);
    check.what = what;
    check.text = challenge->text_without_dot() + " " + follows + ": " + check.text;
    return check;
}

void Preflights::look_here(const zones::Name& apex, const std::vector<std::string>& names,
                           const CaaWanted& wanted, Freshness freshness, Then then) {
    Zone& zone = zones_[apex];
    if (freshness == Freshness::Remembered && is_remembered(zone))
        return then(report(apex, names, wanted));
    zone.waiting.push_back(
        [this, apex, names, wanted, then = std::move(then)] { then(report(apex, names, wanted)); });
    if (zone.asker == nullptr) ask(apex, zone);
}

bool Preflights::is_remembered(const Zone& zone) const {
    if (!zone.asked_at || zone.asker != nullptr) return false;
    const auto& checks = zone.answers.checks;
    const bool is_good = std::all_of(checks.begin(), checks.end(), [](const auto& each) {
        return each.outcome == PreflightOutcome::Good;
    });
    // What was not good may be mended any moment.
    const Milliseconds age = is_good ? options_.coupling.preflight_age : bad_age();
    return clock_.monotonic() - *zone.asked_at < age;
}

Milliseconds Preflights::bad_age() const noexcept {
    return std::min(options_.coupling.preflight_age, options_.backoff_base);
}

void Preflights::ask(const zones::Name& apex, Zone& zone) {
    const auto table = options_.coupling.zones();
    const zones::Zone* served = table->find(apex);
    PreflightQuestions questions;
    questions.apex = apex;
    if (served != nullptr) questions = questions_about(*table, *served, options_, clock_.now());
    zone.asker = PreflightAsker::start(
        loop_, silent_, std::move(questions), [this, apex](PreflightAnswers answers) {
            // Not from inside of the asker, which goes.
            loop_.post([this, apex, answers = std::move(answers)] { answered(apex, answers); });
        });
}

void Preflights::answered(const zones::Name& apex, PreflightAnswers answers) {
    Zone& zone = zones_[apex];
    zone.asker.reset();
    zone.asked_at = clock_.monotonic();
    zone.at = clock_.now();
    zone.answers = std::move(answers);
    const auto waiting = std::exchange(zone.waiting, {});
    for (const auto& each : waiting)
        each();
    forget_old();
}

PreflightReport Preflights::report(const zones::Name& apex, const std::vector<std::string>& names,
                                   const CaaWanted& wanted) {
    const Zone& zone = zones_[apex];
    PreflightReport report{apex, zone.at, {}};
    const auto table = options_.coupling.zones();
    if (table->find(apex) == nullptr) {
        report.checks.push_back({"zone", PreflightOutcome::Problem,
                                 apex.text_without_dot() +
                                     " is not served here: create the zone, or remove what asks "
                                     "for certificates of names in it"});
        return report;
    }
    report.checks.push_back({"zone", PreflightOutcome::Good, "served here"});
    report.checks.insert(report.checks.end(), zone.answers.checks.begin(),
                         zone.answers.checks.end());
    for (const std::string& each : names) {
        report.checks.push_back(challenge_check(*table, each));
        if (const auto name = zones::Name::parse(each))
            report.checks.push_back(judge_caa_of(*table, *name, zone.answers.above, wanted));
    }
    keep(report);
    return report;
}

/// A row per zone that is not good; it is for people, so a failure is no more than a log line.
void Preflights::keep(const PreflightReport& report) {
    Zone& zone = zones_[report.zone];
    const PreflightOutcome outcome = report.outcome();
    const std::string text = report.sentence();
    if (zone.kept == text) return;
    zone.kept = text;
    store::Work work;
    work.rows = [zone = report.zone, at = report.at, outcome, text](store::Writer& writer,
                                                                    zones::Change&) {
        if (outcome == PreflightOutcome::Good) return store::erase_preflight(writer, zone);
        return store::put_preflight(writer, {zone, std::string(to_string(outcome)), text, at});
    };
    committer_.submit(std::move(work), [apex = report.zone.text()](const auto& done) {
        if (!done)
            log::logger("acme").info("the preflight of {} is not kept: {}", apex,
                                     store::to_error(done.error()).text());
    });
}

WallTime Preflights::hold(const zones::Name& apex) {
    Zone& zone = zones_[apex];
    const WallTime now = clock_.now();
    // Other orders of the zone wait as long as the first.
    if (zone.held_until > now) return zone.held_until;
    const int doublings = std::min(zone.holds++, kHoldDoublings);
    zone.held_until = now + std::min(options_.backoff_base * (1 << doublings), kLongestHold);
    return zone.held_until;
}

void Preflights::passed(const zones::Name& apex) {
    zones_[apex].holds = 0;
    zones_[apex].held_until = {};
}

void Preflights::forget_old() {
    if (zones_.size() < kMostPreflights) return;
    const MonotonicTime now = clock_.monotonic();
    std::erase_if(zones_, [&](const auto& each) {
        return each.second.asker == nullptr && each.second.asked_at &&
               now - *each.second.asked_at > options_.coupling.preflight_age;
    });
}

}  // namespace hairpin::acme
