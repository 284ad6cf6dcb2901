#include "tests/simulation/fleet.hpp"

#include <algorithm>
#include <utility>

namespace hairpin::tests {
namespace {

using acme::Duty;
using acme::StateName;

constexpr std::size_t kMaxLive = 32;  // As acme::Options has it.
constexpr std::size_t kAtOnce = 256;  // As the engine has it.
constexpr Milliseconds kSlowestRequest{3'000};
// The CA's Retry-After. The longest that is believed: who hears late of a revocation has least
// time.
constexpr Milliseconds kAskedEach = acme::kLongestRenewalCheck;
constexpr Milliseconds kWeekLong = kSimDay * 7;
constexpr Milliseconds kKeepExpired = kSimDay * 30;  // As the engine does.
constexpr acme::IssueLimits kIssueLimits;
constexpr acme::OrderLimits kOrderLimits;

/// A gate over an empty store: its rows are not written here.
acme::Gate open_gate(const std::string& directory, WallTime now) {
    const TemporaryFolder folder;
    store::Database database = make_database(folder.file("gate.db"));
    return must(acme::Gate::open(database, directory, {}, now));
}

void dismiss(const acme::BudgetRows& /*rows*/) {}

}  // namespace

Fleet::Fleet(const std::vector<FleetCa>& cas, WallTime begin, std::uint32_t seed)
    : began_(begin), now_(begin), random_(seed) {
    for (const FleetCa& each : cas)
        issuers_.push_back({each.ca, each.directory, "CA " + std::to_string(issuers_.size() + 1),
                            open_gate(each.directory, begin)});
    servers_.emplace_back().public_name = "canary." + domain_;
}

std::int64_t Fleet::add_server(const std::string& profile) {
    Server& server = servers_.emplace_back();
    const std::int64_t id = count_servers();
    server.profile = profile;
    server.public_name = "nur1.pl-" + std::to_string(id) + "." + domain_;
    begin(add_attempt(id, store::AttemptCause::First));
    return id;
}

Fleet::Job& Fleet::make_job(std::int64_t server_id, store::AttemptCause cause) {
    const Server& server = server_of(server_id);
    Job job;
    job.attempt.id = ++last_attempt_;
    job.attempt.server_id = server_id;
    job.attempt.cause = cause;
    job.attempt.public_name = server.public_name;
    job.attempt.next_at = job.attempt.created_at = now_;
    if (server_id != store::kOurselves) job.attempt.internal_name = "i-" + server.public_name;
    job.order.names = acme::names_of(job.attempt);
    std::sort(job.order.names.begin(), job.order.names.end());
    job.order.domain = domain_;
    job.order.profile = server.profile;
    return jobs_.emplace(last_attempt_, std::move(job)).first->second;
}

std::int64_t Fleet::add_attempt(std::int64_t server_id, store::AttemptCause cause) {
    return make_job(server_id, cause).attempt.id;
}

void Fleet::at(WallTime time, std::function<void()> what) {
    events_.emplace(time, std::move(what));
}

void Fleet::run_until(WallTime end) {
    while (now_ < end) {
        for (const std::int64_t id : schedule_.take_due(now_, kAtOnce))
            begin(id);
        while (!events_.empty() && events_.begin()->first <= now_) {
            const auto what = std::move(events_.begin()->second);
            events_.erase(events_.begin());
            what();
        }
        attend();
        admit_waiting();
        WallTime next = end;
        if (const auto due = schedule_.earliest()) next = std::min(next, *due);
        if (const auto look_at = next_attend()) next = std::min(next, *look_at);
        if (!events_.empty()) next = std::min(next, events_.begin()->first);
        if (live_.size() < kMaxLive)
            for (const Issuer& issuer : issuers_)
                if (const auto token = next_admission(issuer))
                    next = std::min(next, std::max(*token, now_ + Milliseconds(1)));
        now_ = std::max(now_, next);
    }
}

void Fleet::begin(std::int64_t id) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    const auto next_at = found->second.attempt.next_at;
    if (next_at && *next_at > now_) return schedule_.set(id, *next_at);
    carry_out(id);
}

void Fleet::carry_out(std::int64_t id) {
    Job& job = jobs_.at(id);
    while (act(job)) {
    }
    const acme::Attempt& attempt = job.attempt;
    if (acme::has_deadline(name_of(attempt.state))) {
        live_.insert(id);
    } else {
        live_.erase(id);
    }
    if (!attempt.next_at) {
        jobs_.erase(id);
        return schedule_.erase(id);
    }
    if (*attempt.next_at > now_) schedule_.set(id, *attempt.next_at);
}

bool Fleet::act(Job& job) {
    switch (acme::duty_of(name_of(job.attempt.state))) {
        case Duty::Nothing:
            return false;
        case Duty::Admit:
            return admit(job);
        case Duty::Begin:
            return advance(job, acme::WasBegun{});
        case Duty::PlaceOrder:
            return place_order(job);
        case Duty::ReadAuthorizations: {
            if (!reach(issuer_of(job))) return unreachable(job, "reading the order");
            acme::AuthorizationsRead read;
            for (const std::string& name : job.order.names)
                read.pending.push_back(
                    {"https://ca.test/" + name, name, "https://ca.test/c", "v", "", "", false});
            return advance(job, std::move(read));
        }
        case Duty::AskListeners:
            return advance(job, acme::ListenersAnswered{});
        case Duty::AnswerChallenges:
            if (!reach(issuer_of(job))) return unreachable(job, "telling the CA");
            return advance(job, acme::ChallengesAnswered{});
        case Duty::AwaitOrder:
            return await_order(job);
        case Duty::PrepareKey:
            return advance(job, acme::KeyPrepared{job.attempt.key});
        case Duty::Finalize:
            if (!reach(issuer_of(job))) return unreachable(job, "sending the CSR");
            return advance(job, acme::CsrSent{});
        case Duty::AwaitCertificate:
            return advance(job, acme::ChainFetched{"chain"});
        case Duty::CheckChain:
            return advance(job, acme::ChainGood{"chain"});
        case Duty::Offer:
            return offer(job);
        case Duty::Renew:
            return renew(job);
        case Duty::TryAgain:
            return advance(job, acme::PauseOver{});
    }
    return false;
}

bool Fleet::advance(Job& job, acme::Event event) {
    const bool is_pending = name_of(job.attempt.state) == StateName::Admitted;
    auto next = acme::step(job.attempt, std::move(event), now_, ladder_);
    if (!next) {
        mistakes_.push_back(next.error().text());
        job.attempt.next_at.reset();
        return false;
    }
    job.attempt = std::move(next->next);
    if (is_pending && name_of(job.attempt.state) == StateName::Ordering)
        orders_.note(job.attempt.server_id, now_);
    return job.attempt.next_at && *job.attempt.next_at <= now_;
}

// Engine::admit, postponement, stand_in_line.
bool Fleet::admit(Job& job) {
    acme::Attempt& attempt = job.attempt;
    Server& server = server_of(attempt.server_id);
    std::erase_if(server.issued, [&](WallTime at) { return at < now_ - kWeekLong; });
    const auto later = acme::enough_issued(server.issued, attempt.cause, kIssueLimits, now_);
    if (later && !attempt.is_canary()) return advance(job, *later);
    const auto full = orders_.full(attempt.server_id, now_, kOrderLimits);
    if (full && !attempt.is_canary()) return advance(job, acme::Postponed{full->until, "orders"});
    std::optional<acme::CertificateSpan> current;
    if (server.held && server.held->facts.not_after > now_)
        current = {server.held->facts.not_before, server.held->facts.not_after};
    const acme::LinePlace place = acme::place_in_line(attempt, current, now_);
    job.work = place.work;
    job.may_have_ordered = job.is_sent = false;
    std::optional<WallTime> look_at = place.urgent_at;
    if (const auto other_at = assign(job))
        look_at = std::min(look_at.value_or(*other_at), *other_at);
    if (look_at) schedule_.set(attempt.id, *look_at);
    issuer_of(job).gate.put(attempt, place.work, place.due, now_);
    return false;
}

void Fleet::admit_waiting() {
    for (std::size_t index = 0; index < issuers_.size(); ++index)
        if (issuers_[index].breaker.state() == acme::Breaker::State::Closed) admit_from(index);
}

void Fleet::admit_from(std::size_t index) {
    acme::Gate& gate = issuers_[index].gate;
    while (live_.size() < kMaxLive) {
        const auto next = gate.take(now_);
        if (!next) return;
        const auto found = jobs_.find(next->id);
        // Postponed meanwhile, or it stands elsewhere.
        if (found == jobs_.end() || found->second.attempt.next_at > now_ ||
            found->second.issuer != index ||
            name_of(found->second.attempt.state) != StateName::Wanted) {
            gate.undo(*next);
            continue;
        }
        Job& job = found->second;
        schedule_.erase(next->id);
        live_.insert(next->id);
        dismiss(gate.reservation(next->keys, now_));
        if (job.attempt.cause == store::AttemptCause::First)
            first_admissions_.try_emplace(job.attempt.server_id, now_);
        if (advance(job, acme::WasAdmitted{issuers_[index].directory})) carry_out(next->id);
    }
}

bool Fleet::place_order(Job& job) {
    if (!job.is_sent) {
        // A moment on its way, so that orders do not arrive in step.
        job.is_sent = true;
        const auto delay = Milliseconds(draw() % kSlowestRequest.count());
        job.attempt.next_at = now_ + delay;
        return delay == Milliseconds(0);
    }
    job.is_sent = false;
    const bool is_reached = reach(issuer_of(job));
    // Nearly always a nonce or the directory is missing, and nothing was sent.
    job.may_have_ordered = is_reached || draw() % 20 == 0;
    if (!is_reached) return unreachable(job, "placing the order");
    const auto& held = server_of(job.attempt.server_id).held;
    job.order.replaces = held && held->issuer == job.issuer ? job.attempt.replaces : "";
    note_placed(job);
    const auto hour = static_cast<std::size_t>((now_ - began_) / Milliseconds(kSimHour));
    by_hour_.resize(std::max(by_hour_.size(), hour + 1));
    ++by_hour_[hour];
    const std::string words = issuer_of(job).ca->new_order(job.order, now_);
    if (!words.empty()) return refused(job, words);
    return advance(job, acme::OrderPlaced{{"https://ca.test/order", "https://ca.test/finalize"},
                                          now_ + kSimDay});
}

// Engine::order_refused, of a limit.
bool Fleet::refused(Job& job, const std::string& words) {
    acme::CaFailure failure{acme::CaFailure::Kind::Refused, 429, {}, {}, kSimHour, true};
    failure.problem.type = "rateLimited";
    failure.problem.detail = words;
    acme::Gate& gate = issuer_of(job).gate;
    const acme::OrderKeys keys = gate.keys_of(job.attempt);
    dismiss(gate.return_of(keys));
    dismiss(gate.reached(acme::read_reached_limit(failure, keys, now_), job.work, words));
    return advance(job, acme::Postponed{now_, words});
}

bool Fleet::unreachable(Job& job, std::string_view doing) {
    const acme::CaFailure failure{
        acme::CaFailure::Kind::Unreachable, 0, {}, "no answer", {}, job.may_have_ordered};
    return fail(job, acme::judge(failure, doing));
}

// Engine::give_up.
bool Fleet::fail(Job& job, const acme::Verdict& verdict) {
    const StateName state = name_of(job.attempt.state);
    acme::Gate& gate = issuer_of(job).gate;
    if (!job.may_have_ordered && (state == StateName::Admitted || state == StateName::Ordering))
        dismiss(gate.return_of(gate.keys_of(job.attempt)));
    if (job.attempt.is_canary()) end_canary(job, verdict.text);
    job.is_sent = false;
    return advance(job, failure_of(job, verdict));
}

bool Fleet::await_order(Job& job) {
    if (!reach(issuer_of(job))) return unreachable(job, "reading the order");
    if (issuer_of(job).ca->authorize(job.order, now_)) return advance(job, acme::OrderReady{});
    acme::Gate& gate = issuer_of(job).gate;
    dismiss(gate.failure_of(gate.keys_of(job.attempt), now_));
    job.has_failed_validation = true;
    acme::Problem problem;
    problem.type = "dns";
    problem.detail = "no answer";
    return fail(job, acme::judge(problem, "the order"));
}

bool Fleet::offer(Job& job) {
    Server& server = server_of(job.attempt.server_id);
    Issuer& issuer = issuer_of(job);
    const SimulatedCertificate& made = issuer.ca->issue(job.order, now_);
    if (job.attempt.is_canary()) {
        end_canary(job, "");
        return advance(job, acme::CanaryPassed{});
    }
    if (server.held) note_loss(job.attempt.server_id, *server.held, now_);
    Held held;
    held.issuer = *job.issuer;
    held.number = made.number;
    held.facts = {made.not_before, made.not_after, now_, job.attempt.server_id};
    held.renew_at = acme::usual_renewal(held.facts);
    held.row.cert_id = std::to_string(made.number);
    if (issuer.ca->has_renewal_info()) held.row.check_at = now_;
    server.held = std::move(held);
    server.issued.insert(server.issued.begin(), now_);
    server.known_until.resize(issuers_.size());
    server.known_until[*job.issuer] = made.not_after + kKeepExpired;
    if (issuers_.size() > 1) issues_[job.attempt.server_id].emplace_back(now_, *job.issuer);
    dismiss(issuer.gate.success_of(issuer.gate.keys_of(job.attempt)));
    return advance(
        job, acme::CertificateStored{{}, acme::next_look(server.held->renew_at, server.held->row)});
}

// Engine::renew, due_renewal.
bool Fleet::renew(Job& job) {
    const std::int64_t server_id = job.attempt.server_id;
    Held& held = *server_of(server_id).held;
    if (held.row.check_at && *held.row.check_at <= now_) {
        ask_renewal_info(held);
        return advance(job, acme::RenewalPlanned{acme::next_look(held.renew_at, held.row)});
    }
    if (held.renew_at > now_)
        return advance(job, acme::RenewalPlanned{acme::next_look(held.renew_at, held.row)});
    const bool goes_on = advance(job, acme::RenewalDue{});
    acme::Attempt& next = make_job(server_id, store::AttemptCause::Renewal).attempt;
    next.directory = issuers_[held.issuer].directory;
    next.replaces = held.row.cert_id;
    next.incident = acme::is_called_back(held.facts, held.row, now_);
    schedule_.set(next.id, now_);
    return goes_on;
}

void Fleet::ask_renewal_info(Held& held) {
    Issuer& issuer = issuers_[held.issuer];
    if (!reach(issuer)) {
        held.row.check_at = now_ + acme::renewal_check_pause(++held.row.failures, true, {});
        return;
    }
    const acme::RenewalSuggestion info = issuer.ca->renewal_info(held.number, now_);
    const acme::RenewalPlan plan = acme::plan_renewal(held.facts, info, acme::window_of(held.row),
                                                      held.renew_at, kAskedEach, now_, draw());
    held.row.window_start = info.window.start;
    held.row.window_end = info.window.end;
    held.row.explanation_url = info.explanation_url;
    held.row.check_at = plan.check_at;
    held.row.failures = 0;
    held.renew_at = plan.renew_at;
}

WallTime Fleet::known_at(const Held& held) const {
    return certificate_of(held).called_back_at.value_or(acme::usual_renewal(held.facts));
}

void Fleet::note_loss(std::int64_t server_id, const Held& before,
                      std::optional<WallTime> followed) {
    const WallTime end = certificate_of(before).ends_at();
    if (end < followed.value_or(now_))
        losses_.push_back({server_id, known_at(before), end, followed});
}

std::string text_of(const Loss& loss) {
    return "server " + std::to_string(loss.server_id) + " could be renewed from " +
           to_rfc3339(loss.known_at) + ", ended " + to_rfc3339(loss.ended_at) +
           (loss.followed_at ? ", followed " + to_rfc3339(*loss.followed_at) : ", not followed");
}

std::vector<std::int64_t> Fleet::served() const {
    std::vector<std::int64_t> all;
    for (std::int64_t id = 1; id <= count_servers(); ++id)
        if (server_of(id).held && certificate_of(id).ends_at() > now_) all.push_back(id);
    return all;
}

std::vector<Loss> Fleet::losses() const {
    std::vector<Loss> all = losses_;
    for (std::int64_t id = 1; id <= count_servers(); ++id) {
        const auto& held = server_of(id).held;
        if (held && certificate_of(id).ends_at() < now_)
            all.push_back({id, known_at(*held), certificate_of(id).ends_at(), {}});
    }
    return all;
}

}  // namespace hairpin::tests
