#include "acme/attempt.hpp"

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::acme {
namespace {

const WallTime kNow = from_unix_milliseconds(1'795'000'000'000);
const WallTime kOld = kNow - Milliseconds(5'000);
constexpr Ladder kLadder;
const OrderPlace kOrder{"https://ca.example/order/1", "https://ca.example/finalize/1"};
const std::vector<Pending> kPending = {
    {"https://ca.example/authz/1", "nur1.example.net", "https://ca.example/c/1", "value-1",
     "elsewhere.example.", "example.", true},
    {"https://ca.example/authz/2",
     "i-nur1.example.net",
     "https://ca.example/c/2",
     "value-2",
     {},
     {},
     false}};
const Sha256 kHash = sha256(as_octets("certificate"));

/// One of each, in the order of store::AttemptState.
std::vector<State> all_states() {
    return {Wanted{},
            Admitted{},
            Ordering{},
            Open{kOrder},
            TxtStaged{kOrder, kPending},
            TxtLive{kOrder, kPending},
            Challenged{kOrder, kPending},
            Ready{kOrder},
            Finalizing{kOrder},
            Processing{kOrder},
            Fetched{"chain"},
            Checked{"chain"},
            Offered{kHash},
            Deployed{kHash},
            Backoff{},
            Blocked{},
            Superseded{},
            Cancelled{}};
}

const Verdict kPassing{Remedy::TryAgain, "unreachable", "not reached", {}};
const Verdict kLasting{Remedy::PersonNeeded, "caa", "forbidden", {}};

std::vector<Event> all_events() {
    return {WasAdmitted{},
            Postponed{kNow + Seconds(9), "too many"},
            WasBegun{},
            OrderPlaced{kOrder, {}},
            AskedForLess{true, false},
            AuthorizationsRead{kPending},
            AuthorizationsRead{},
            ListenersAnswered{},
            ChallengesAnswered{},
            OrderReady{},
            KeyPrepared{},
            CsrSent{},
            ChainFetched{"chain"},
            ChainGood{"clean"},
            CertificateStored{kHash, kNow + Seconds(1000)},
            KeyHandedOut{kNow + Seconds(60)},
            KeyErased{kNow + Seconds(1000)},
            Acknowledged{kNow + Seconds(1000)},
            RenewalPlanned{kNow + Seconds(500)},
            RenewalDue{},
            Failed{kPassing},
            Failed{kLasting},
            PauseOver{},
            Replaced{},
            Withdrawn{},
            Rehearsed{},
            CanaryPassed{}};
}

Attempt attempt_in(State state) {
    Attempt attempt;
    attempt.id = 7;
    attempt.server_id = 3;
    attempt.zone_apex = tests::name("example.net.");
    attempt.public_name = "nur1.example.net";
    attempt.internal_name = "i-nur1.example.net";
    attempt.state = std::move(state);
    attempt.next_at = kOld;
    return attempt;
}

using S = StateName;

/// The drawing in attempt.hpp, line by line: what may follow on what.
struct Line {
    S from;
    const char* event;
    std::set<S> to;
};
const std::vector<Line> kDrawing = {
    {S::Wanted, "admitted", {S::Admitted}},
    {S::Wanted, "postponed", {S::Wanted}},
    {S::Admitted, "begun", {S::Ordering}},
    {S::Admitted, "postponed", {S::Wanted}},
    {S::Ordering, "order placed", {S::Open}},
    {S::Ordering, "asked for less", {S::Wanted}},
    {S::Ordering, "postponed", {S::Wanted}},
    {S::Open, "authorizations read", {S::TxtStaged, S::Ready}},
    {S::TxtStaged, "listeners answered", {S::TxtLive}},
    {S::TxtLive, "challenges answered", {S::Challenged}},
    {S::Challenged, "order ready", {S::Ready}},
    {S::Ready, "key prepared", {S::Finalizing}},
    {S::Ready, "rehearsed", {S::Wanted}},
    {S::Finalizing, "CSR sent", {S::Processing}},
    {S::Processing, "chain fetched", {S::Fetched}},
    {S::Fetched, "chain good", {S::Checked}},
    {S::Checked, "certificate stored", {S::Offered}},
    {S::Checked, "canary passed", {S::Superseded}},
    {S::Offered, "key handed out", {S::Offered}},
    {S::Offered, "key erased", {S::Offered}},
    {S::Offered, "acknowledged", {S::Deployed}},
    {S::Offered, "renewal planned", {S::Offered}},
    {S::Deployed, "renewal planned", {S::Deployed}},
    {S::Offered, "renewal due", {S::Superseded}},
    {S::Deployed, "renewal due", {S::Superseded}},
    {S::Offered, "replaced", {S::Superseded}},
    {S::Deployed, "replaced", {S::Superseded}},
    {S::Backoff, "pause over", {S::Wanted}},
    {S::Blocked, "pause over", {S::Wanted}},
};

std::map<std::pair<S, std::string>, std::set<S>> drawing() {
    std::map<std::pair<S, std::string>, std::set<S>> lines;
    for (const Line& line : kDrawing)
        lines[{line.from, line.event}] = line.to;
    for (int state = 0; state <= static_cast<int>(S::Blocked); ++state) {
        const S from = static_cast<S>(state);
        if (!store::is_under_way(from)) continue;
        lines[{from, "replaced"}] = {S::Superseded};
        lines[{from, "withdrawn"}] = {S::Cancelled};
        if (from < S::Offered) lines[{from, "failed"}] = {S::Backoff, S::Blocked};
    }
    return lines;
}

TEST_CASE("the machine does what the drawing says, and nothing else", "[acme]") {
    const auto lines = drawing();
    std::map<std::pair<S, std::string>, std::set<S>> walked;
    for (const State& state : all_states()) {
        for (const Event& event : all_events()) {
            const auto key = std::pair{name_of(state), std::string(name_of(event))};
            INFO(to_string(key.first) << ": " << key.second);
            const auto next = step(attempt_in(state), event, kNow, kLadder);
            REQUIRE(next.has_value() == lines.contains(key));
            if (next) walked[key].insert(name_of(next->next.state));
            if (!next) CHECK(next.error().code == ErrorCode::Conflict);
        }
    }
    CHECK(walked == lines);
}

TEST_CASE("TXT values come with TxtStaged and go with whatever leaves Challenged", "[acme]") {
    for (const State& state : all_states()) {
        for (const Event& event : all_events()) {
            INFO(to_string(name_of(state)) << ": " << name_of(event));
            const auto next = step(attempt_in(state), event, kNow, kLadder);
            if (!next) continue;
            const bool had = !published(state).empty();
            const bool has = !published(next->next.state).empty();
            CHECK(next->effect == (had == has ? ZoneEffect::None
                                   : has      ? ZoneEffect::AddTxt
                                              : ZoneEffect::RemoveTxt));
        }
    }
    CHECK(published(TxtStaged{kOrder, kPending}).size() == 2);
    CHECK(published(Ready{kOrder}).empty());
}

TEST_CASE("every state has a duty and a rule why it may be begun again", "[acme]") {
    REQUIRE(rules().size() == store::kAttemptStates);
    for (std::size_t each = 0; each < rules().size(); ++each) {
        CHECK(rules()[each].state == static_cast<S>(each));
        CHECK(rules()[each].reentry.size() > 5);
        const bool is_final =
            rules()[each].state == S::Superseded || rules()[each].state == S::Cancelled;
        CHECK((rules()[each].duty == Duty::Nothing) == is_final);
        CHECK(store::attempt_state_from_text(to_string(static_cast<S>(each))) ==
              static_cast<S>(each));
    }
    CHECK_FALSE(store::attempt_state_from_text("lost"));
}

TEST_CASE("what cannot be seen afterwards is done once its state is durable", "[acme]") {
    std::set<S> at_once;
    for (const Rule& rule : rules())
        if (begin_of(rule.state) == Begin::AtOnce) at_once.insert(rule.state);
    // An order, a CSR, a question for TXT values: a restart must find why. The rest reads first.
    CHECK(at_once == std::set<S>{S::Admitted, S::Open, S::TxtLive, S::Ready, S::Processing,
                                 S::Fetched, S::Checked});
    // Steps in one transaction change the zone once: values appear with the last state alone.
    const auto states = all_states();
    for (const auto& [from_and_event, to] : drawing()) {
        const bool has = !published(states[static_cast<std::size_t>(from_and_event.first)]).empty();
        for (const S next : to) {
            INFO(to_string(from_and_event.first) << " to " << to_string(next));
            const bool appears = !has && !published(states[static_cast<std::size_t>(next)]).empty();
            CHECK_FALSE((appears && begin_of(next) == Begin::AtOnce));
        }
    }
}

TEST_CASE("each transition sets when the next one is due", "[acme]") {
    const auto after = [](State state, Event event) {
        return step(attempt_in(std::move(state)), std::move(event), kNow, kLadder)->next.next_at;
    };
    CHECK(after(Wanted{}, WasAdmitted{}) == kNow);
    CHECK(after(Wanted{}, Postponed{kNow + Seconds(9), "x"}) == kNow + Seconds(9));
    CHECK(after(Admitted{}, Postponed{kNow + Seconds(9), "x"}) == kNow + Seconds(9));
    CHECK(after(Ordering{}, Postponed{kNow + Seconds(9), "x"}) == kNow + Seconds(9));
    CHECK(after(TxtLive{kOrder, kPending}, ChallengesAnswered{Milliseconds(40)}) ==
          kNow + Milliseconds(40));
    CHECK(after(Checked{"c"}, CertificateStored{kHash, kNow + Seconds(5)}) == kNow + Seconds(5));
    CHECK(after(Offered{kHash}, KeyHandedOut{kNow + Seconds(5)}) == kNow + Seconds(5));
    CHECK(after(Offered{kHash}, KeyErased{kNow + Seconds(6)}) == kNow + Seconds(6));
    CHECK(after(Offered{kHash}, Acknowledged{kNow + Seconds(7)}) == kNow + Seconds(7));
    CHECK_FALSE(after(Offered{kHash}, RenewalDue{}));
    CHECK_FALSE(after(Open{kOrder}, Replaced{}));
    CHECK_FALSE(after(Blocked{}, Withdrawn{}));
    CHECK(after(Blocked{}, PauseOver{}) == kNow);
}

TEST_CASE("an order that asked for too much begins anew without it, and without an exemption",
          "[acme][rfc9773]") {
    Attempt attempt = attempt_in(Ordering{});
    attempt.replaces = "aki.serial";
    attempt.exempt = true;
    attempt.deadline_at = kNow;
    const Attempt plain = step(attempt, AskedForLess{true, false}, kNow, kLadder)->next;
    CHECK(plain.replaces.empty());
    CHECK_FALSE(plain.exempt);
    CHECK_FALSE(plain.without_profile);
    CHECK_FALSE(plain.deadline_at);
    CHECK(plain.next_at == kNow);  // At once.
    CHECK(plain.failures == 0);
    const Attempt other = step(attempt, AskedForLess{false, true}, kNow, kLadder)->next;
    CHECK(other.replaces == "aki.serial");
    CHECK(other.without_profile);
}

TEST_CASE("a managed key is erased in time, whenever the CA is to be asked", "[acme]") {
    Attempt attempt = attempt_in(Offered{kHash});
    attempt.deadline_at = kNow + Seconds(60);
    const auto look = [&](Seconds in) {
        return step(attempt, RenewalPlanned{kNow + in}, kNow, kLadder)->next.next_at;
    };
    CHECK(look(Seconds(900)) == kNow + Seconds(60));
    CHECK(look(Seconds(30)) == kNow + Seconds(30));
}

TEST_CASE("failures climb the ladder: 1, 10, 100 minutes, then daily", "[acme]") {
    constexpr Milliseconds kMinute{60'000};
    Attempt attempt = attempt_in(Ordering{});
    for (const Milliseconds pause :
         {kMinute, kMinute * 10, kMinute * 100, kMinute * 1440, kMinute * 1440}) {
        attempt.state = Ordering{};
        attempt = step(attempt, Failed{kPassing}, kNow, kLadder)->next;
        CHECK(attempt.next_at == kNow + pause);
        CHECK(attempt.problem == "not reached");
        CHECK(attempt.problem_type == "unreachable");
    }
    CHECK(attempt.failures == 5);
    CHECK(pause_after(1'000'000'000, kLadder) == kLadder.longest);
}

TEST_CASE("the first failure at another CA begins with the shortest pause", "[acme][issuers]") {
    constexpr Milliseconds kMinute{60'000};
    Attempt attempt = attempt_in(Wanted{});
    attempt.directory = "https://one.example/dir";
    attempt.failures = attempt.failed_there = 2;
    attempt = step(attempt, WasAdmitted{"https://two.example/dir"}, kNow, kLadder)->next;
    CHECK(attempt.directory == "https://two.example/dir");
    CHECK(attempt.failed_there == 0);
    attempt.state = Ordering{};
    attempt = step(attempt, Failed{kPassing, 1}, kNow, kLadder)->next;
    CHECK(attempt.next_at == kNow + kMinute);
    CHECK(attempt.failures == 3);
    CHECK(attempt.failed_there == 1);
    attempt.state = Ordering{};
    attempt = step(attempt, Failed{kPassing, 1}, kNow, kLadder)->next;
    CHECK(attempt.next_at == kNow + kMinute * 1440);
    attempt.state = Wanted{};
    attempt = step(attempt, WasAdmitted{"https://two.example/dir"}, kNow, kLadder)->next;
    CHECK(attempt.failed_there == 2);  // The same CA again.
}

TEST_CASE("what another CA may take is looked at then, and needs no person", "[acme][issuers]") {
    const auto failed = [](const Verdict& verdict, std::optional<WallTime> elsewhere_at) {
        return step(attempt_in(Ordering{}), Failed{verdict, 1, {}, elsewhere_at}, kNow, kLadder)
            ->next;
    };
    CHECK(failed(kPassing, kNow).next_at == kNow);
    CHECK(failed(kPassing, kOld).next_at == kNow);
    CHECK(failed(kPassing, kNow + Seconds(20)).next_at == kNow + Seconds(20));
    CHECK(failed(kPassing, kNow + Seconds(90)).next_at == kNow + Seconds(60));  // The ladder.
    CHECK(name_of(failed(kLasting, kNow + Seconds(20)).state) == S::Backoff);
    CHECK(failed(kLasting, kNow + Seconds(90)).next_at == kNow + Seconds(90));  // Not the ladder.
    CHECK(name_of(failed(kLasting, {}).state) == S::Blocked);
}

TEST_CASE("a rehearsal is asked for, and is over when it went well", "[acme][issuers]") {
    using store::Rehearsal;
    const auto failed = step(attempt_in(Challenged{kOrder, kPending}),
                             Failed{kPassing, 0, Rehearsal::Due}, kNow, kLadder);
    CHECK(failed->next.rehearsal == Rehearsal::Due);
    CHECK(failed->effect == ZoneEffect::RemoveTxt);
    Attempt attempt = failed->next;
    attempt.state = Ready{kOrder};
    attempt.deadline_at = kNow;
    attempt = step(attempt, Rehearsed{}, kNow, kLadder)->next;
    CHECK(attempt.rehearsal == Rehearsal::Passed);
    CHECK_FALSE(attempt.deadline_at);
    CHECK(attempt.next_at == kNow);
    attempt.state = Checked{"chain"};
    attempt = step(attempt, CertificateStored{kHash, kNow}, kNow, kLadder)->next;
    CHECK(attempt.rehearsal == Rehearsal::None);
}

TEST_CASE("a canary ends where others would be tried again", "[acme][issuers]") {
    for (const Verdict& verdict : {kPassing, kLasting}) {
        Attempt attempt = attempt_in(TxtLive{kOrder, kPending});
        attempt.canary = attempt.directory = "https://two.example/dir";
        attempt.key.sealed = {1};
        const auto ended = step(attempt, Failed{verdict}, kNow, kLadder);
        CHECK(name_of(ended->next.state) == S::Superseded);
        CHECK(ended->effect == ZoneEffect::RemoveTxt);
        CHECK_FALSE(ended->next.next_at);
        CHECK(ended->next.key.sealed.empty());
    }
}

TEST_CASE("a renewal that fails is tried again in time, however often it has failed", "[acme]") {
    const auto pause = [](Seconds left) {
        Attempt attempt = attempt_in(Ordering{});
        attempt.failures = 9;
        Failed failed{kPassing};
        failed.needed_by = kNow + left;
        return *step(attempt, failed, kNow, kLadder)->next.next_at - kNow;
    };
    CHECK(pause(Seconds(8 * 3600)) == Seconds(3600));
    CHECK(pause(Seconds(60)) == kLadder.base);
    CHECK(pause(Seconds(30 * 24 * 3600)) == kLadder.longest);
    CHECK(pause(Seconds(-1)) == kLadder.longest);  // Too late: there is no hurry any more.
}

TEST_CASE("where a person is needed the CA is asked again once a day", "[acme]") {
    const auto blocked = step(attempt_in(Ordering{}), Failed{kLasting}, kNow, kLadder)->next;
    CHECK(name_of(blocked.state) == S::Blocked);
    CHECK(blocked.next_at == kNow + kLadder.longest);
}

TEST_CASE("the CA's Retry-After holds where it is longer, and at most a day", "[acme][rfc8555]") {
    const auto pause = [](std::int64_t seconds) {
        Verdict verdict = kPassing;
        verdict.not_before = Seconds(seconds);
        return *step(attempt_in(Ordering{}), Failed{verdict}, kNow, kLadder)->next.next_at - kNow;
    };
    CHECK(pause(5) == Milliseconds(60'000));
    CHECK(pause(600) == Milliseconds(600'000));
    CHECK(pause(100'000'000) == kLadder.longest);
}

TEST_CASE("a success clears failures and problem", "[acme]") {
    Attempt attempt = attempt_in(Checked{"chain"});
    attempt.failures = 3;
    attempt.problem = "old";
    attempt.problem_type = "dns";
    attempt.deadline_at = kNow;
    const Attempt offered =
        step(attempt, CertificateStored{kHash, kNow + Seconds(9)}, kNow, kLadder)->next;
    CHECK(offered.failures == 0);
    CHECK(offered.problem.empty());
    CHECK(offered.problem_type.empty());
    CHECK_FALSE(offered.deadline_at);
}

TEST_CASE("the deadline is ours or the order's, whichever is earlier", "[acme][rfc8555]") {
    Attempt attempt = step(attempt_in(Wanted{}), WasAdmitted{}, kNow, kLadder)->next;
    CHECK(attempt.deadline_at == kNow + kLadder.deadline);
    attempt.state = Ordering{};
    CHECK(step(attempt, OrderPlaced{kOrder, kNow + Seconds(60)}, kNow, kLadder)->next.deadline_at ==
          kNow + Seconds(60));
    CHECK(step(attempt, OrderPlaced{kOrder, kNow + Seconds(8'640'000)}, kNow, kLadder)
              ->next.deadline_at == kNow + kLadder.deadline);
    for (const State& state : all_states())
        CHECK(has_deadline(name_of(state)) ==
              (name_of(state) >= S::Admitted && name_of(state) <= S::Checked));
}

TEST_CASE("every state survives the store", "[acme]") {
    for (const State& state : all_states()) {
        INFO(to_string(name_of(state)));
        Attempt attempt = attempt_in(state);
        attempt.cause = store::AttemptCause::Renewal;
        attempt.key = {store::KeyOrigin::Managed, {1, 2}, {3}, kHash};
        attempt.deadline_at = kNow;
        attempt.failures = 2;
        attempt.problem_type = "dns";
        attempt.problem = "no answer";
        attempt.replaces = "aki.serial";
        attempt.directory = "https://ca.example/dir";
        attempt.account = "https://ca.example/account/1";
        attempt.failed_there = 2;
        attempt.rehearsal = store::Rehearsal::Due;
        attempt.canary = "https://ca.example/dir";
        attempt.exempt = attempt.without_profile = true;
        const store::AcmeAttemptRow row = to_row(attempt);

        const auto again = from_row(row);

        REQUIRE(again);
        CHECK(name_of(again->state) == name_of(state));
        CHECK(again->key == attempt.key);
        CHECK(again->next_at == attempt.next_at);
        CHECK(again->deadline_at == attempt.deadline_at);
        CHECK(again->failures == 2);
        CHECK(again->problem == "no answer");
        CHECK(again->replaces == "aki.serial");
        CHECK(again->exempt);
        CHECK(again->without_profile);
        CHECK(again->directory == attempt.directory);
        CHECK(again->account == attempt.account);
        CHECK(again->failed_there == 2);
        CHECK(again->rehearsal == store::Rehearsal::Due);
        CHECK(again->canary == attempt.canary);
        const auto values = published(again->state);
        CHECK(std::vector<Pending>(values.begin(), values.end()) ==
              std::vector<Pending>(published(state).begin(), published(state).end()));
        CHECK((order_of(again->state) == nullptr) == (order_of(state) == nullptr));
        if (order_of(state) != nullptr) CHECK(*order_of(again->state) == kOrder);
        const store::AcmeAttemptRow row_again = to_row(*again);
        CHECK(row_again.chain == row.chain);
        CHECK(row_again.certificate_sha256 == row.certificate_sha256);
    }
}

TEST_CASE("a row that lacks what its state needs is corrupt", "[acme][hostile]") {
    store::AcmeAttemptRow row = to_row(attempt_in(Open{kOrder}));
    row.order_url.clear();
    CHECK(from_row(row).error().code == ErrorCode::Corrupt);
    row = to_row(attempt_in(Offered{kHash}));
    row.certificate_sha256.reset();
    CHECK(from_row(row).error().code == ErrorCode::Corrupt);
}

}  // namespace
}  // namespace hairpin::acme
