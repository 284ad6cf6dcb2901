#include "hooks/teller.hpp"

#include <pthread.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "core/json_writer.hpp"
#include "core/log.hpp"
#include "hooks/retry.hpp"
#include "hooks/signature.hpp"
#include "hooks/target.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "store/event_rows.hpp"
#include "store/reader.hpp"
#include "store/webhook_rows.hpp"

namespace hairpin::hooks {
namespace {

constexpr std::size_t kMaxAnswer = 65'536;   // Octets: nobody reads them.
constexpr std::int64_t kPassedOver = 1'000;  // Events that a hook does not want, until it is noted.
constexpr Milliseconds kStoreRetry{1'000};   // After a failure of the store.
constexpr Milliseconds kLongestSleep{30'000};  // The wall clock may be set meanwhile.
constexpr int kGone = 410;

auto relaxed() noexcept {
    return std::memory_order_relaxed;
}

bool is_taken(const Result<net::ClientResponse>& answer) {
    return answer && answer->status >= 200 && answer->status < 300;
}

/// Why an event was not taken; empty: it was.
std::string reason_of(const Result<net::ClientResponse>& answer) {
    if (!answer) return answer.error().text();
    if (is_taken(answer)) return {};
    std::string status = "the answer was HTTP " + std::to_string(answer->status);
    if (answer->status == kGone) return status + ": nobody wants to be told there any more";
    if (answer->status >= 300 && answer->status < 400)
        return status + ": web-hooks follow no redirect, give them the address that it leads to";
    return status;
}

std::uint32_t random_number() {
    const Octets octets = random_octets(sizeof(std::uint32_t));
    std::uint32_t number = 0;
    for (const std::uint8_t each : octets)
        number = number << 8 | each;
    return number;
}

std::string shown(const store::WebhookRow& row) {
    return "web-hook " + std::to_string(row.id) + (row.label.empty() ? "" : " (" + row.label + ")");
}

/// One hook as it is told.
struct Hook {
    store::WebhookRow row;
    std::int64_t looked_at = 0;  // The event up to which there is nothing to tell.
    bool is_busy = false;        // From sending until what came of it is durable.
    /// What came of it, until that is durable.
    struct Outcome {
        store::WebhookProgress progress;
        std::string give_up;  // Why; empty: it is not.
    };
    std::optional<Outcome> outcome;
    std::optional<MonotonicTime> save_again_at;  // The store did not take it.
};

}  // namespace

class Teller::Impl : public std::enable_shared_from_this<Teller::Impl> {
public:
    Impl(TellerOptions options, const Clock& clock, store::Committer& committer,
         const Sealer& sealer)
        : options_(std::move(options)), clock_(clock), committer_(committer), sealer_(sealer) {}

    [[nodiscard]] Result<void> start();
    void stop();
    void wake();
    void look_at_hooks();
    void test(std::int64_t webhook_id, Tested done);

    TellerCounters counters;

private:
    void look();
    void read_hooks();
    void attend(Hook& hook);
    void tell_next(Hook& hook);
    void send(Hook& hook, const store::EventRow& event);
    void told(std::int64_t id, std::int64_t event, const Result<net::ClientResponse>& answer);
    void save(Hook& hook, Hook::Outcome outcome);
    void submit(Hook& hook);
    void saved(std::int64_t id, const Result<store::WorkReceipt, store::WorkRefusal>& done);
    void remember_place(Hook& hook);
    void send_test(const store::WebhookRow& row, Tested done);
    [[nodiscard]] Result<std::vector<Octets>> secrets_of(const store::WebhookRow& row) const;
    [[nodiscard]] Result<net::ClientRequest> request_of(const store::WebhookRow& row,
                                                        const std::string& id,
                                                        std::string body) const;
    void store_failed(const Error& error);
    void set_timer();
    void count();

    const TellerOptions options_;
    const Clock& clock_;
    store::Committer& committer_;
    const Sealer sealer_;
    net::Loop loop_;
    std::optional<store::Reader> reader_;
    std::unique_ptr<net::HttpClient> http_;
    net::Timer timer_;
    std::map<std::int64_t, Hook> hooks_;
    std::atomic<bool> is_woken_{false};
    bool are_hooks_old_ = true;
    bool is_store_failing_ = false;
    std::size_t tests_ = 0;
    std::thread thread_;
};

Result<void> Teller::Impl::start() {
    reader_.emplace(TRY(store::Reader::open(options_.database_path)));
    net::ClientOptions http;
    http.user_agent = options_.user_agent;
    http.ca_file = options_.ca_file;
    http.timeout = options_.timeout;
    http.connect_timeout = options_.timeout;
    http.max_response = kMaxAnswer;
    http.max_in_flight = kMostWebhooks + kMostTests;
    http.may_connect = [also = options_.also_allowed](const IpAddress& address) {
        return may_be_told(address, also);
    };
    http_ = TRY(net::HttpClient::create(loop_, std::move(http)));
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "webhooks");
        timer_ = loop_.add_timer(Milliseconds(0), Milliseconds(0), [this] { look(); });
        loop_.run();
        timer_.reset();
        http_.reset();
    });
    return {};
}

void Teller::Impl::stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
}

void Teller::Impl::wake() {
    if (is_woken_.exchange(true)) return;
    loop_.post([this] { look(); });
}

void Teller::Impl::look_at_hooks() {
    loop_.post([this] {
        are_hooks_old_ = true;
        look();
    });
}

void Teller::Impl::look() {
    is_woken_ = false;  // What comes from here on is looked at anew.
    is_store_failing_ = false;
    if (are_hooks_old_) read_hooks();
    for (auto& [id, hook] : hooks_)
        attend(hook);
    count();
    set_timer();
}

void Teller::Impl::read_hooks() {
    auto rows = store::WebhookQueries((*reader_)->database()).webhooks();
    if (!rows) return store_failed(rows.error());
    are_hooks_old_ = false;
    std::map<std::int64_t, Hook> next;
    for (store::WebhookRow& row : *rows) {
        Hook hook;
        if (const auto known = hooks_.find(row.id); known != hooks_.end())
            hook = std::move(known->second);
        const bool is_changed = hook.row.id != 0 && hook.row.version != row.version;
        hook.row = std::move(row);
        hook.looked_at = std::max(hook.looked_at, hook.row.progress.cursor);
        auto& placed = next.emplace(hook.row.id, std::move(hook)).first->second;
        // What it did not want stays passed over, whatever it wants now.
        const bool is_behind = placed.looked_at > placed.row.progress.cursor;
        if (is_changed && is_behind && !placed.is_busy && !placed.row.progress.next_at)
            remember_place(placed);
    }
    hooks_ = std::move(next);
}

void Teller::Impl::attend(Hook& hook) {
    if (hook.save_again_at && *hook.save_again_at <= loop_.now()) return submit(hook);
    if (hook.is_busy || hook.row.state != store::WebhookState::Enabled) return;
    const auto& next_at = hook.row.progress.next_at;
    if (next_at && *next_at > clock_.now()) return;
    tell_next(hook);
}

void Teller::Impl::tell_next(Hook& hook) {
    auto page =
        store::EventQueries((*reader_)->database()).after(hook.looked_at, hook.row.filter, 1);
    if (!page) return store_failed(page.error());
    if (!page->rows.empty()) {
        hook.looked_at = page->rows.front().id - 1;
        return send(hook, page->rows.front());
    }
    hook.looked_at = page->looked_at;
    if (page->has_more) return wake();  // Others come in between.
    if (hook.looked_at - hook.row.progress.cursor >= kPassedOver) remember_place(hook);
}

Result<std::vector<Octets>> Teller::Impl::secrets_of(const store::WebhookRow& row) const {
    const std::string context = store::webhook_secret_context(row.uid);
    std::vector<Octets> secrets{TRY(sealer_.open(row.secret_sealed, context))};
    if (row.old_secret_until && *row.old_secret_until > clock_.now())
        secrets.push_back(TRY(sealer_.open(row.old_secret_sealed, context)));
    return secrets;
}

Result<net::ClientRequest> Teller::Impl::request_of(const store::WebhookRow& row,
                                                    const std::string& id, std::string body) const {
    const auto secrets = TRY(secrets_of(row));
    const std::int64_t now = to_unix_seconds(clock_.now());
    net::ClientRequest request;
    request.method = "POST";
    request.url = row.url;
    // A connection for each hook: one that hangs holds up no other at the same host.
    request.version = net::HttpVersion::Http1;
    request.headers = {{"content-type", "application/json"},
                       {"webhook-id", id},
                       {"webhook-timestamp", std::to_string(now)},
                       {"webhook-signature", sign(secrets, id, now, body)}};
    request.body = std::move(body);
    return request;
}

void Teller::Impl::send(Hook& hook, const store::EventRow& event) {
    auto request = request_of(hook.row, "evt_" + std::to_string(event.id), store::to_json(event));
    if (!request) {
        auto progress = hook.row.progress;
        progress.last_error = "its secret does not open: " + request.error().text();
        return save(hook, {progress, progress.last_error});
    }
    hook.is_busy = true;
    http_->request(*std::move(request),
                   [weak = weak_from_this(), id = hook.row.id,
                    event = event.id](const Result<net::ClientResponse>& answer) {
                       if (const auto self = weak.lock()) self->told(id, event, answer);
                   });
}

void Teller::Impl::told(std::int64_t id, std::int64_t event,
                        const Result<net::ClientResponse>& answer) {
    const auto found = hooks_.find(id);
    if (found == hooks_.end()) return;  // Removed meanwhile.
    Hook& hook = found->second;
    const WallTime now = clock_.now();
    Hook::Outcome outcome{hook.row.progress, {}};
    store::WebhookProgress& progress = outcome.progress;
    progress.last_event = event;
    progress.last_at = now;
    progress.last_status = answer ? answer->status : 0;
    progress.last_error = reason_of(answer);
    if (is_taken(answer)) {
        progress.cursor = event;
        progress.attempts = 0;
        progress.failing_since_at.reset();
        progress.next_at.reset();
        ++progress.delivered;
        counters.delivered.fetch_add(1, relaxed());
        return save(hook, std::move(outcome));
    }
    ++progress.attempts;
    ++progress.failed;
    counters.failed.fetch_add(1, relaxed());
    if (!progress.failing_since_at) progress.failing_since_at = now;
    progress.next_at = now + pause_after(progress.attempts, random_number());
    const bool is_hopeless = now - *progress.failing_since_at >= kGiveUpAfter;
    if (is_hopeless || progress.last_status == kGone) outcome.give_up = progress.last_error;
    if (progress.attempts == 1)
        log::logger("hooks").info("{} did not take event {}, which is sent again: {}",
                                  shown(hook.row), event, progress.last_error);
    save(hook, std::move(outcome));
}

void Teller::Impl::save(Hook& hook, Hook::Outcome outcome) {
    hook.is_busy = true;
    hook.outcome = std::move(outcome);
    submit(hook);
}

void Teller::Impl::submit(Hook& hook) {
    hook.save_again_at.reset();
    store::Work work;
    work.rows = [row = hook.row, outcome = *hook.outcome](store::Writer& writer,
                                                          zones::Change&) mutable {
        row.progress = outcome.progress;
        return outcome.give_up.empty() ? write_progress(writer, row.id, row.progress)
                                       : give_up_webhook(writer, row, outcome.give_up);
    };
    committer_.submit(std::move(work), [weak = weak_from_this(), id = hook.row.id](
                                           Result<store::WorkReceipt, store::WorkRefusal> done) {
        const auto self = weak.lock();
        if (!self) return;
        self->loop_.post([raw = self.get(), id, done = std::move(done)] { raw->saved(id, done); });
    });
}

void Teller::Impl::saved(std::int64_t id,
                         const Result<store::WorkReceipt, store::WorkRefusal>& done) {
    const auto found = hooks_.find(id);
    if (found == hooks_.end()) return;
    Hook& hook = found->second;
    if (!done && store::to_error(done.error()).code != ErrorCode::NotFound) {
        // What the receiver said is kept: it need not be told again because our disk is full.
        hook.save_again_at = loop_.now() + kStoreRetry;
        return set_timer();
    }
    if (!done) {
        hooks_.erase(found);
        return;
    }
    const Hook::Outcome outcome = *std::exchange(hook.outcome, std::nullopt);
    hook.row.progress = outcome.progress;
    hook.looked_at = std::max(hook.looked_at, outcome.progress.cursor);
    hook.is_busy = false;
    if (!outcome.give_up.empty()) {
        hook.row.state = store::WebhookState::GivenUp;
        counters.given_up.fetch_add(1, relaxed());
        log::logger("hooks").warn("{} is given up, it is told of nothing any more: {}",
                                  shown(hook.row), outcome.give_up);
    }
    attend(hook);
    count();
    set_timer();
}

void Teller::Impl::remember_place(Hook& hook) {
    auto progress = hook.row.progress;
    progress.cursor = hook.looked_at;
    save(hook, {std::move(progress), {}});
}

void Teller::Impl::test(std::int64_t webhook_id, Tested done) {
    loop_.post([this, webhook_id, done = std::move(done)] {
        if (tests_ >= kMostTests)
            return done(fail(
                Error{ErrorCode::Limit, "tests of web-hooks", "too many of them are under way"}));
        const auto row = store::WebhookQueries((*reader_)->database()).webhook(webhook_id);
        if (!row) return done(fail(row.error()));
        if (!*row)
            return done(fail(Error{ErrorCode::NotFound, "web-hook " + std::to_string(webhook_id),
                                   "there is no such thing"}));
        send_test(**row, done);
    });
}

void Teller::Impl::send_test(const store::WebhookRow& row, Tested done) {
    store::EventRow event;
    event.at = clock_.now();
    event.kind = "webhook.test";
    event.licence = row.filter.licence;
    event.subject = "webhook/" + std::to_string(row.id);
    event.data = "{}";
    auto request = request_of(row, "test_" + random_id(), store::to_json(event));
    if (!request) return done(fail(request.error()));
    ++tests_;
    http_->request(*std::move(request),
                   [weak = weak_from_this(), done = std::move(done),
                    began = loop_.now()](const Result<net::ClientResponse>& answer) {
                       const auto self = weak.lock();
                       if (!self) return;
                       --self->tests_;
                       done(TestOutcome{answer ? answer->status : 0, reason_of(answer),
                                        self->loop_.now() - began});
                   });
}

void Teller::Impl::store_failed(const Error& error) {
    if (!std::exchange(is_store_failing_, true))
        log::logger("hooks").warn("events cannot be read, web-hooks wait: {}", error.text());
}

void Teller::Impl::set_timer() {
    if (!timer_) return;
    Milliseconds sleep = is_store_failing_ ? kStoreRetry : kLongestSleep;
    const WallTime now = clock_.now();
    for (const auto& [id, hook] : hooks_) {
        const auto& next_at = hook.row.progress.next_at;
        if (hook.save_again_at) sleep = std::min(sleep, *hook.save_again_at - loop_.now());
        if (next_at && !hook.is_busy && hook.row.state == store::WebhookState::Enabled)
            sleep = std::min<Milliseconds>(sleep, *next_at - now);
    }
    timer_.again(std::max(sleep, Milliseconds(1)));
}

void Teller::Impl::count() {
    const auto newest = store::EventQueries((*reader_)->database()).newest();
    if (!newest) return store_failed(newest.error());
    std::uint64_t enabled = 0;
    std::uint64_t failing = 0;
    std::uint64_t pending = 0;
    for (const auto& [id, hook] : hooks_) {
        if (hook.row.state != store::WebhookState::Enabled) continue;
        ++enabled;
        if (hook.row.progress.next_at) ++failing;
        pending += static_cast<std::uint64_t>(std::max<std::int64_t>(0, *newest - hook.looked_at));
    }
    counters.enabled.store(enabled, relaxed());
    counters.failing.store(failing, relaxed());
    counters.pending.store(pending, relaxed());
}

Teller::Teller(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Teller::~Teller() {
    stop();
}

Result<std::unique_ptr<Teller>> Teller::start(TellerOptions options, const Clock& clock,
                                              store::Committer& committer, const Sealer& sealer) {
    auto impl = std::make_shared<Impl>(std::move(options), clock, committer, sealer);
    TRY(impl->start());
    return std::unique_ptr<Teller>(new Teller(std::move(impl)));
}

void Teller::wake() {
    impl_->wake();
}

void Teller::look_at_hooks() {
    impl_->look_at_hooks();
}

void Teller::test(std::int64_t webhook_id, Tested done) {
    impl_->test(webhook_id, std::move(done));
}

const TellerCounters& Teller::counters() const noexcept {
    return impl_->counters;
}

void Teller::stop() {
    impl_->stop();
}

}  // namespace hairpin::hooks
