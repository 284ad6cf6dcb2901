// acme/engine.hpp - the thread "acme": carries out what attempts are due for.
//
// Loads the schedule from the store, and for each attempt that is due does what its state asks for
// (attempt.hpp's duties): talks to the CA, asks our listeners, commits the next state. Everything
// it knows that matters is in the store; what is only here (polls so far, free places) may be lost
// at any instant. The face to the rest of Hairpin is certificates.hpp.
//
//   schedule -> begin() -> duty (duties.cpp) -> advance() -> commit -> next duty, or schedule
//                                                         -> next duty (Begin::AtOnce), one commit
//                                            -> wait()    -> the same duty later
//                                            -> give_up() -> clean up at the CA -> advance(Failed)
//
// Threads   Its own. wake() and stop() from any thread; prepare() before start().

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "acme/attempt.hpp"
#include "acme/caa_keeper.hpp"
#include "acme/certificates.hpp"
#include "acme/chain.hpp"
#include "acme/client.hpp"
#include "acme/dns_ask.hpp"
#include "acme/elsewhere_keeper.hpp"
#include "acme/gate.hpp"
#include "acme/issuer.hpp"
#include "acme/issuer_choice.hpp"
#include "acme/issuer_view.hpp"
#include "acme/listener_check.hpp"
#include "acme/order_log.hpp"
#include "acme/pacing.hpp"
#include "acme/preflights.hpp"
#include "acme/queue_view.hpp"
#include "acme/renewal_window.hpp"
#include "acme/revocation.hpp"
#include "acme/schedule.hpp"
#include "acme/txt_values.hpp"
#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/result.hpp"
#include "net/loop.hpp"
#include "store/acme_rows.hpp"
#include "store/committer.hpp"
#include "store/reader.hpp"
#include "store/renewal_rows.hpp"

namespace hairpin::acme {

/// Until a store that could not be read is asked again.
inline constexpr Milliseconds kReadRetry{1'000};

class Engine : public std::enable_shared_from_this<Engine> {
public:
    /// @param notify  Called with a server's id after each of its transitions is durable.
    /// All references outlive this.
    Engine(const Options& options, const Clock& clock, store::Committer& committer,
           const Sealer& sealer, Counters& counters, std::function<void(std::int64_t)> notify);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Opens its reader and loads the schedule. Errors: as Reader::open and the store's reads.
    [[nodiscard]] Result<void> prepare();
    void start();
    /// Ends the thread. Twice is no harm.
    void stop();

    /// An attempt is new, or was changed by somebody else.
    void wake(std::int64_t attempt_id);
    /// An attempt was superseded while `order_url` was under way: what is pending at the CA is
    /// deactivated, and its place is free.
    void replaced(std::int64_t attempt_id, std::string order_url);
    /// A certificate was noted to be revoked.
    void revoke_soon();
    /// Certificates::roll_over_account(). `done` runs on the thread "acme".
    void roll_over_account(std::string issuer, zones::Actor actor,
                           std::function<void(Result<void>)> done);
    /// Certificates::switch_account(). `done` runs on the thread "acme", or inside of this.
    void switch_account(std::string issuer, zones::Actor actor,
                        std::function<void(Result<void>)> done);
    /// Never null once prepared.
    [[nodiscard]] std::shared_ptr<const IssuersView> issuers() const;
    /// An operator changed a limit, and that is durable. `then` runs on the thread "acme" when
    /// queue() shows it.
    void limit_changed(LimitChange change, std::function<void()> then);
    /// Who waits; never null once prepared.
    [[nodiscard]] std::shared_ptr<const QueueView> queue() const;
    [[nodiscard]] std::string trouble() const;
    /// Certificates::preflight(). `done` runs on the thread "acme".
    void preflight(zones::Name apex, std::vector<std::string> names,
                   std::function<void(Result<PreflightReport>)> done);
    /// Never null once prepared.
    [[nodiscard]] std::shared_ptr<const CaaView> caa() const;
    [[nodiscard]] const Ladder& ladder() const noexcept { return ladder_; }

private:
    using Rows = std::function<Result<void>(store::Writer& writer, zones::Change& change)>;
    /// The outcomes of duties, on their way to the store: in one transaction.
    struct Write {
        Attempt before;                 // As the store has it.
        std::vector<StateName> states;  // Entered since, one after the other.
        ZoneEffect effect = ZoneEffect::None;
        Rows extra = {};
        std::string audit = {};
        std::string order_url = {};  // Of an order that was placed since.
        bool was_sent = false;       // Else the next state is to come, or a reason to wait.
        int failures = 0;            // Of the store.
    };
    /// How far the secondaries of a zone have been found to answer, one after the other.
    struct SecondaryWait {
        std::optional<WallTime> since;  // Empty: they were not looked at.
        std::vector<SecondaryQuestion> all;
        std::size_t done = 0;  // So many of them are no matter any more.
        int silent = 0;        // How often the next one did not answer, in a row.
    };
    /// How far the values in zones that are not ours are put there and answered, one after the
    /// other.
    struct ElsewhereWait {
        std::optional<std::vector<ElsewhereValues>> all;  // Empty: they were not looked at.
        std::size_t zone = 0;                             // So many of them are done.
        bool is_put = false;                              // In the next one,
        std::size_t seen = 0;                             // where so many values are answered.
        int failures = 0;                                 // In a row.
        bool are_secondaries_next = false;                // All are, and those that follow too: ..
        std::optional<WallTime> settled_at;               // .. others have them then.
        std::shared_ptr<DnsAsk> ask;
    };
    /// An attempt that is being worked on: from its admission until it is settled, paused or final.
    struct Job {
        Attempt attempt;             // With what is on its way to the store.
        Issuer* issuer = nullptr;    // Where its order is, or is to be; null: not configured.
        Seat* seat = nullptr;        // The account there; null where `issuer` is.
        MonotonicTime entered_at{};  // The state, in this run.
        bool has_failed_validation = false;  // The CA checked a name of it, in vain.
        int tries = 0;                       // Of the duty, since the state was entered.
        bool waiting = false;                // In the schedule, or for a place.
        std::optional<Write> write;  // Kept until it is durable: a duty is not done twice for it.
        std::optional<WallTime> resume_at;  // The duty waited when the write was sent.
        std::shared_ptr<ListenerCheck> check;
        /// What the CA has just said of the order, so that the next duty need not ask. Empty after
        /// a restart: then it does.
        std::optional<SeenOrder> seen;
        bool has_authorizations = false;  // They were read in this run, and are pending.
        std::optional<ChainFacts> facts;  // Of its chain, where it was checked in this run.
        SecondaryWait secondaries;
        ElsewhereWait elsewhere;
        WallTime told_at{};  // From then on questions are the CA's; in an earlier run: never.
        bool may_have_ordered = false;      // newOrder may have reached the CA.
        Rows settlement;                    // Of the budget, for the step that ends the order.
        WorkClass work = WorkClass::First;  // As what it stands, or stood, in the line.
    };
    using JobRef = std::shared_ptr<Job>;
    using Committed = Result<store::WorkReceipt, store::WorkRefusal>;

    // engine.cpp
    void look();
    void set_timer();
    void begin(std::int64_t attempt_id);
    void resume(const JobRef& job);
    void carry_out(const JobRef& job);
    void drop(const JobRef& job);
    void forget(std::int64_t attempt_id);
    void keep_count(const Attempt& attempt);
    void count_live();
    void note_trouble(std::string text);

    // tidying.cpp
    void give_up(const JobRef& job, Verdict verdict);
    [[nodiscard]] Rows rows_of_failure(const JobRef& job, const std::string& problem);
    void settle_failure(const JobRef& job, Failed failed);
    void ended(const JobRef& job, bool is_gone);
    void abandon(Seat& seat, std::string order_url);
    static void deactivate(Client& client, std::vector<std::string> authorizations,
                           std::function<void()> then);

    // issuing.cpp
    [[nodiscard]] Result<void> open_issuers();
    [[nodiscard]] Issuer& first_issuer() noexcept { return *issuers_.front(); }
    /// Null: no CA has that name.
    [[nodiscard]] Issuer* issuer_called(std::string_view name) noexcept;
    [[nodiscard]] static Result<void> no_such_issuer(const std::string& name);
    /// By the URL of its directory, a staging one too; the first one where that is empty. Null: it
    /// is not configured.
    [[nodiscard]] Issuer* issuer_at(std::string_view directory) noexcept;
    template <typename Visit>
    void for_each_issuer(const Visit& visit) {
        for (const auto& issuer : issuers_) {
            visit(*issuer);
            if (issuer->staging() != nullptr) visit(*issuer->staging());
        }
    }
    void sit_down(Job& job);
    [[nodiscard]] std::vector<IssuerFacts> issuer_facts(const Attempt& attempt, WorkClass work,
                                                        int more_failures);
    [[nodiscard]] IssuerChoice choose(const Attempt& attempt, WorkClass work,
                                      const std::optional<store::CertificateRow>& current,
                                      int more_failures = 0);
    /// Puts the job to the CA that gets its order. When to look again; empty: never.
    [[nodiscard]] std::optional<WallTime> assign(
        const JobRef& job, const std::optional<store::CertificateRow>& current);
    [[nodiscard]] Failed failure_of(const JobRef& job, Verdict verdict);
    void examine_account(const JobRef& job, Verdict verdict);
    /// Whether the order stands still where it is, and another CA would take it.
    [[nodiscard]] bool is_stuck(const JobRef& job);
    void breaker_changed(Issuer& issuer);
    void look_anew(Issuer& issuer);
    void attend_issuers();
    void publish_issuers();

    // canaries.cpp
    void attend_canaries();
    void look_up_standby(Issuer& issuer, store::CanaryRow row);
    void begin_canary(Issuer& issuer);
    void keep_canary(Issuer& issuer, store::CanaryKind kind, const std::string& problem);
    [[nodiscard]] Rows canary_rows(const Attempt& attempt, const std::string& problem);

    // preflighting.cpp
    [[nodiscard]] Result<void> prepare_coupling();
    void find_caa_accounts(std::function<void(Result<std::vector<CaaAccount>>)> then);
    void learn_directories(std::vector<Client*> clients, std::function<void()> then);
    [[nodiscard]] Result<std::vector<CaaAccount>> caa_accounts();
    void start_coupling();
    void stop_coupling();
    void begin_order(const JobRef& job);
    [[nodiscard]] bool is_too_early(const JobRef& job);
    void look_before_order(const JobRef& job);
    void hold(const JobRef& job, WallTime until, const std::string& why);
    void preflight_seen(const JobRef& job, const PreflightReport& report);
    void look_for_person(const zones::Name& apex, const std::vector<std::string>& names,
                         const CaaWanted& wanted, const std::string& no_ca,
                         const std::function<void(Result<PreflightReport>)>& done);

    // placing.cpp
    [[nodiscard]] Result<Pending, Verdict> value_for(const Seat& seat,
                                                     const std::string& authorization_url,
                                                     const Authorization& authorization);
    [[nodiscard]] std::optional<Pending> persist_value_for(const Client& client,
                                                           const std::string& authorization_url,
                                                           const Authorization& authorization);

    // stepping.cpp
    void advance(const JobRef& job, Event event, Rows extra = {}, std::string_view audit = {});
    void enter(const JobRef& job, Step step, Rows extra, std::string_view audit);
    [[nodiscard]] static Rows both(Rows first, Rows second);
    void submit(const JobRef& job);
    void add_zone_changes(const Job& job, zones::Change& change);
    void tell_of(const JobRef& job, const Write& write);
    void committed(const JobRef& job, const Committed& done);
    void not_committed(const JobRef& job, const store::WorkRefusal& why);
    void begin_successor(const store::Subject& subject);
    void wait(const JobRef& job, Milliseconds pause);

    // admission.cpp
    void admit(const JobRef& job);
    [[nodiscard]] Result<std::optional<Postponed>> postponement(const Attempt& attempt);
    [[nodiscard]] Result<std::optional<Postponed>> suspension(const Attempt& attempt);
    [[nodiscard]] Result<std::optional<Postponed>> enough_issued(const Attempt& attempt);
    [[nodiscard]] Result<std::optional<Postponed>> enough_ordered(const Attempt& attempt);

    // renewal.cpp
    [[nodiscard]] static store::RenewalRow first_renewal_row(const Job& job, std::string_view chain,
                                                             WallTime now);
    struct DueRenewal {
        std::string replaces;         // The predecessor that it names; empty: none.
        bool is_called_back = false;  // The CA will revoke what it replaces.
    };
    /// Of one that is due now. Empty: it is not, and what is to be done instead has begun.
    [[nodiscard]] std::optional<DueRenewal> due_renewal(const JobRef& job);
    void ask_renewal_info(const JobRef& job, const store::CertificateRow& certificate,
                          store::RenewalRow row);
    void renewal_info_failed(const Attempt& attempt, const Client& client, const CaFailure& failure,
                             store::RenewalRow& row);
    void keep_plan(const JobRef& job, store::RenewalRow row, WallTime renew_at);
    void plan_kept(const JobRef& job, const std::string& failure);
    void count_overdue(const std::string& explanation_url);
    /// The window of the predecessor that an order of the account may name; one that never comes
    /// where the CA gave none. Empty: it may not be named.
    [[nodiscard]] Result<std::optional<RenewalWindow>> claim(const Attempt& attempt,
                                                             const Issuer& issuer,
                                                             const Seat& seat);
    /// Whether the CA has issued for its names before, as far as the store knows.
    [[nodiscard]] bool is_known_at(const Attempt& attempt, const Issuer& issuer);
    /// Says of an attempt how the limits of the CA would count its order.
    void claim_at(Attempt& attempt, Issuer& issuer);

    // ordering.cpp
    [[nodiscard]] Result<OrderWishes> wishes_of(const Job& job);
    [[nodiscard]] Result<std::string> profile_of_attempt(const Job& job);

    // budgeting.cpp
    [[nodiscard]] static Rows rows_of(BudgetRows rows);
    [[nodiscard]] Result<std::optional<CertificateSpan>> current_span(const Attempt& attempt);
    void stand_in_line(const JobRef& job);
    void admit_waiting();
    void admit_from(Issuer& issuer);
    void reserve_again(const JobRef& job);
    void give_tokens_back(const JobRef& job);
    void count_failure(const JobRef& job);
    void order_refused(const JobRef& job, const CaFailure& failure);
    void look_at_line();
    void publish_view();

    // duties.cpp
    void place_order(const JobRef& job);
    void order_placed(const JobRef& job, const OrderWishes& wishes,
                      const CaResult<SeenOrder>& placed);
    void choose_chain(const JobRef& job, const std::string& default_pem, const std::string& pem,
                      std::vector<std::string> others);
    void take_chain(const JobRef& job, const std::string& pem);

    // duties.cpp
    void read_authorizations(const JobRef& job);
    /// What the answers to questions asked at the same time come to. One that goes wrong settles
    /// it; the others are passed over then.
    struct Answers {
        std::size_t missing = 0;
        bool is_settled = false;
        std::vector<Pending> pending = {};
    };
    using AnswersRef = std::shared_ptr<Answers>;
    void read_authorization(const JobRef& job, const std::string& url, const AnswersRef& answers);
    [[nodiscard]] bool take_authorization(const JobRef& job, const std::string& url,
                                          const CaResult<Authorization>& seen,
                                          std::vector<Pending>& pending);
    void ask_listeners(const JobRef& job);
    void answer_challenges(const JobRef& job);
    void look_and_answer(const JobRef& job, const Pending& one, const AnswersRef& answers);
    void answer_challenge(const JobRef& job, const std::string& url, const AnswersRef& answers);
    void challenge_answered(const JobRef& job, Answers& answers);
    [[nodiscard]] Verdict with_evidence(const JobRef& job, std::string_view name,
                                        Verdict verdict) const;
    void await_order(const JobRef& job);
    void explain_invalid(const JobRef& job, std::size_t index, std::optional<Problem> problem);
    void poll(const JobRef& job, PollPace& pace, std::optional<Milliseconds> retry_after);
    /// Calls back with what the CA says of the order: now, or has just said.
    void with_order(const JobRef& job, std::function<void(const SeenOrder& seen)> then);

    // secondary_wait.cpp
    void ask_secondaries(const JobRef& job);
    void secondary_answered(const JobRef& job, const Endpoint& one, const Result<void>& answered);

    // elsewhere_wait.cpp
    void prepare_elsewhere();
    void place_elsewhere(const JobRef& job);
    void ask_secondaries_elsewhere(const JobRef& job);
    void settle_elsewhere(const JobRef& job);
    void put_elsewhere(const JobRef& job, const ElsewhereZone& zone);
    void ask_elsewhere(const JobRef& job, const ElsewhereZone& zone);
    void answered_elsewhere(const JobRef& job, const ElsewhereZone& zone,
                            const Result<DnsAnswer>& answer);
    void refused_elsewhere(const JobRef& job, const ElsewhereZone& zone,
                           const ServerRefusal& refusal);

    // issue.cpp
    void prepare_key(const JobRef& job);
    void finalize(const JobRef& job);
    void send_csr(const JobRef& job);
    void await_certificate(const JobRef& job);
    void fetch(const JobRef& job, const std::string& url);
    void check(const JobRef& job);
    void offer(const JobRef& job);
    void renew(const JobRef& job);
    void erase_key(const JobRef& job);

    /// Runs `then` with an account, or gives up.
    void with_account(const JobRef& job, std::function<void()> then);
    /// The CA's answer, or gives up: `doing` as in judge().
    template <typename T>
    [[nodiscard]] bool good(const JobRef& job, const CaResult<T>& answer, std::string_view doing) {
        if (answer) {
            note_trouble({});
            return true;
        }
        give_up(job, judge(answer.error(), doing));
        return false;
    }
    [[nodiscard]] ChainExpectation expectation(const Attempt& attempt) const;

    const Options options_;
    const Ladder ladder_;
    const Clock& clock_;
    store::Committer& committer_;
    const Sealer& sealer_;
    Counters& counters_;
    const std::function<void(std::int64_t)> notify_;

    net::Loop loop_;
    std::optional<store::Reader> reader_;
    std::vector<std::shared_ptr<Issuer>> issuers_;  // From prepare() on: at least one.
    std::shared_ptr<Revoker> revoker_;
    net::Timer timer_;
    net::Timer attend_timer_;
    Guarded<std::shared_ptr<const IssuersView>> issuers_view_;
    std::unordered_set<std::string> canaries_under_way_;  // Kind and directory.
    bool was_first_steady_ = true;
    Schedule schedule_;
    OrderLog orders_;
    std::unordered_map<std::int64_t, JobRef> jobs_;
    std::unordered_set<std::int64_t> live_;       // Attempts with an order under way.
    std::unique_ptr<Preflights> preflights_;      // Null: nothing is known of zones.
    std::unique_ptr<CaaKeeper> caa_;              // From prepare() on.
    std::unique_ptr<ElsewhereKeeper> elsewhere_;  // The same.
    net::Timer view_timer_;
    bool is_view_due_ = false;
    Milliseconds view_took_{0};
    Guarded<std::shared_ptr<const QueueView>> queue_;
    std::size_t asking_ = 0;   // Questions for renewal information under way.
    std::size_t overdue_ = 0;  // Answers with a window that was over, since:
    MonotonicTime overdue_since_{};
    std::string profile_warning_;  // The last one.
    Guarded<std::string> trouble_;
    std::thread thread_;
};

}  // namespace hairpin::acme
