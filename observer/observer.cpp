#include "observer/observer.hpp"

#include <pthread.h>

#include <system_error>
#include <thread>
#include <utility>

#include "core/signals_blocked.hpp"
#include "net/loop.hpp"
#include "observer/dnstap.hpp"
#include "observer/query_log.hpp"

namespace hairpin::observer {

class Observer::Impl {
public:
    explicit Impl(Published<zones::ZoneTable>& zones)
        : zones_(zones), dnstap_(counters_.dnstap), query_log_(counters_.query_log) {
        timer_ = loop_.add_timer(kIdleTick, Milliseconds{0}, [this] { on_tick(); });
        timer_.pause();
    }
    [[nodiscard]] Result<void> start();
    void configure(const Options& options, const Rings& rings) {
        loop_.post([this, options, rings] { set(options, rings); });
    }
    void attend_challenges(bool attends, const Rings& rings) {
        loop_.post([this, attends, rings] {
            drain(clock_.monotonic());
            rings_ = rings;
            attends_ = attends;
            pause_or_go_on();
        });
    }
    void stop();
    [[nodiscard]] const ObserverCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] const ChallengeLog& challenges() const noexcept { return challenges_; }

private:
    void set(const Options& options, const Rings& rings);
    void pause_or_go_on();
    void on_tick();
    /// Whether the rings held anything.
    bool drain(MonotonicTime now);

    Published<zones::ZoneTable>& zones_;
    ObserverCounters counters_;
    net::Loop loop_;
    net::Timer timer_;  // Paused while nothing is watched.
    const SystemClock clock_;
    Rings rings_;
    bool taps_ = false;     // Whether there is a dnstap to show things to,
    bool logs_ = false;     // or a query log,
    bool attends_ = false;  // or somebody who asks what CAs asked.
    Dnstap dnstap_;
    QueryLog query_log_;
    ChallengeLog challenges_;
    std::thread thread_;
};

Result<void> Observer::Impl::start() {
    const SignalsBlocked blocked;
    try {
        thread_ = std::thread([this] {
            pthread_setname_np(pthread_self(), "observer");
            loop_.run();
        });
    } catch (const std::system_error& error) {
        return fail(Error{ErrorCode::Unavailable, "observer", error.what()});
    }
    return {};
}

void Observer::Impl::set(const Options& options, const Rings& rings) {
    drain(clock_.monotonic());  // For those who have watched until now.
    rings_ = rings;
    taps_ = options.dnstap.is_on();
    logs_ = options.query_log.is_on();
    dnstap_.set(options.dnstap);
    query_log_.set(logs_ ? options.query_log.path : std::string(), clock_.monotonic());
    pause_or_go_on();
}

void Observer::Impl::pause_or_go_on() {
    on_tick();
    if (!taps_ && !logs_ && !attends_) timer_.pause();
}

void Observer::Impl::on_tick() {
    const MonotonicTime now = clock_.monotonic();
    bool is_busy = drain(now);
    is_busy |= dnstap_.advance(now);
    query_log_.flush(now);
    const std::uint64_t connected = dnstap_.is_connected() ? 1 : 0;
    if (const auto before = counters_.is_connected.value(); before != connected)
        connected != 0 ? counters_.is_connected.add() : counters_.is_connected.subtract(1);
    timer_.again(is_busy ? kBusyTick : kIdleTick);
}

bool Observer::Impl::drain(MonotonicTime now) {
    // Held no longer than this: a snapshot keeps the memory of what has changed since.
    const auto zones = zones_.snapshot();
    std::size_t count = 0;
    for (const auto& ring : rings_)
        count += ring->drain([&](const dnsd::Exchange& exchange, dnsd::Audience audience) {
            if (audience.everything && taps_) dnstap_.see(exchange, *zones);
            if (audience.sample && logs_) query_log_.see(exchange, now);
            if (audience.challenge) challenges_.see(exchange);
        });
    return count != 0;
}

void Observer::Impl::stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] {
        const MonotonicTime now = clock_.monotonic();
        drain(now);
        query_log_.flush(now);
        dnstap_.close();
        timer_.pause();
    });
    loop_.stop();
    thread_.join();
}

Observer::Observer(Key /*only start() has one*/, std::size_t workers,
                   Published<zones::ZoneTable>& zones)
    : workers_(workers), impl_(std::make_unique<Impl>(zones)) {}

Result<std::unique_ptr<Observer>> Observer::start(std::size_t workers,
                                                  Published<zones::ZoneTable>& zones) {
    auto observer = std::make_unique<Observer>(Key(), workers, zones);
    TRY(observer->impl_->start());
    return observer;
}

Observer::~Observer() {
    stop();
}

void Observer::configure(const Options& options) {
    watch_.everything = options.dnstap.is_on();
    watch_.sample = options.query_log.is_on() ? options.query_log.sample : 0;
    make_rings();
    impl_->configure(options, rings_);
}

void Observer::attend_challenges(bool attends) {
    watch_.challenges = attends;
    make_rings();
    impl_->attend_challenges(attends, rings_);
}

void Observer::make_rings() {
    const bool is_on = watch_ != dnsd::Watch();
    for (std::size_t each = rings_.size(); is_on && each < workers_; ++each)
        rings_.push_back(std::make_shared<dnsd::ExchangeRing>());
}

const ChallengeLog& Observer::challenges() const noexcept {
    return impl_->challenges();
}

const ObserverCounters& Observer::counters() const noexcept {
    return impl_->counters();
}

void Observer::stop() {
    impl_->stop();
}

}  // namespace hairpin::observer
