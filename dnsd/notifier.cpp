#include "dnsd/notifier.hpp"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "core/guarded.hpp"
#include "core/log.hpp"
#include "core/signals_blocked.hpp"
#include "dnsd/notify_message.hpp"
#include "dnsd/signed_notify.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"

namespace hairpin::dnsd {
namespace {

using Target = NotifySchedule::Target;

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::size_t kAtOnce = 64;  // Between looks at the sockets.
constexpr Milliseconds kTick{100};   // How finely per_second is dealt out.
constexpr int kIdTries = 32;

/// An answer has a question and perhaps a TSIG; our own with its SOA is the longest.
constexpr std::size_t kBufferOctets = kMaxNotifyOctets + kMaxTsigOctets;

TsigTime unix_now() {
    return static_cast<TsigTime>(to_unix_seconds(SystemClock().now()));
}

/// The apex that a target holds in wire form.
zones::Name apex_of(const Target& target) {
    return zones::Name::from_wire(as_octets(target.apex)).value_or(zones::Name());
}

std::optional<Secondary> find_secondary(const TransferPolicy& policy, const Target& target) {
    const std::vector<Secondary> all = policy.secondaries_of(apex_of(target));
    const auto found = std::find_if(all.begin(), all.end(), [&](const Secondary& each) {
        return each.address == target.secondary;
    });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

std::uint16_t random_message_id() {
    std::array<std::uint8_t, 2> octets{};
    fill_random(octets);
    return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
}

}  // namespace

class Notifier::Impl {
public:
    Impl(const NotifierOptions& options, const NotifySources& sources)
        : options_(options), sources_(sources), schedule_(NotifySchedule(options_.policy)) {}

    [[nodiscard]] Result<void> start();
    void stop();
    void changed(const std::vector<zones::ZoneReceipt>& receipts);
    void followed(const std::vector<zones::Name>& apexes);
    void changed_all();
    [[nodiscard]] std::vector<NotifyReport> results(const zones::Name& apex) const;
    [[nodiscard]] const NotifyCounters& counters() const noexcept { return counters_; }

private:
    enum class Standing : std::uint8_t { Unknown, Well, Unwell };
    struct Socket {
        Fd socket;
        net::Poll poll;
    };

    /// What is waited for.
    struct Waited {
        Target target;
        SignedNotify signatures;
    };

    using Scheduling = void (NotifySchedule::*)(const Target& target, MonotonicTime now);
    /// So many secondaries are told of it, or are followed up.
    std::size_t tell(const TransferPolicy& policy, const zones::Name& apex, MonotonicTime now,
                     Scheduling schedule_it);
    void forget_strangers(const TransferPolicy& policy, const std::vector<Target>& targets);
    [[nodiscard]] Result<void> open(Socket& socket, const Endpoint& endpoint);
    void send_due();
    void send(const Target& target, const zones::ZoneTable& table, const TransferPolicy& policy);
    [[nodiscard]] const char* put(const Secondary& to, const Target& target,
                                  const zones::Zone& zone);
    [[nodiscard]] TsigKeyRef key_named(const zones::Name& name) const;
    [[nodiscard]] std::optional<std::uint16_t> id_of(const Target& target);
    void forget_id(const Target& target);
    void give_up(const Target& target);
    [[nodiscard]] bool put_on_wire(const Endpoint& to, OctetView message);
    void receive(const Fd& socket);
    void take_answer(const Endpoint& from, OctetView message);
    void note(const Endpoint& secondary, Standing standing, const char* why);

    const NotifierOptions options_;
    const NotifySources sources_;
    Guarded<NotifySchedule> schedule_;
    NotifyCounters counters_;

    net::Loop loop_;
    Socket v4_;
    Socket v6_;
    net::Timer timer_;
    MonotonicTime window_{};  // Since when `left_` counts.
    std::size_t left_ = 0;    // What may still be sent in this tick.
    // By where an answer has to come from and its ID.
    std::map<std::pair<Endpoint, std::uint16_t>, Waited> waiting_;
    std::map<Target, std::uint16_t> ids_;
    std::map<Endpoint, Standing> standing_;
    std::thread thread_;
};

Result<void> Notifier::Impl::open(Socket& socket, const Endpoint& endpoint) {
    net::UdpOptions udp;
    udp.reuse_port = false;
    socket.socket = TRY(net::bind_udp(endpoint, udp));
    socket.poll = loop_.add_poll(socket.socket.get(), net::Interest::Read,
                                 [this, &socket](net::PollEvents) { receive(socket.socket); });
    if (socket.poll) return {};
    return fail(Error{ErrorCode::Unavailable, endpoint.text(), "the kernel will not watch it"});
}

Result<void> Notifier::Impl::start() {
    TRY(open(v4_, {IpAddress::v4({}), 0}));
    // A machine without IPv6 has no secondaries there either; if it is told so, they are not sent
    // to.
    if (const auto opened = open(v6_, {IpAddress::v6({}), 0}); !opened) v6_ = {};
    timer_ = loop_.add_timer(kTick, Milliseconds{0}, [this] { send_due(); });
    timer_.pause();
    const SignalsBlocked blocked;
    try {
        thread_ = std::thread([this] {
            pthread_setname_np(pthread_self(), "notify");
            loop_.run();
        });
    } catch (const std::system_error& error) {
        return fail(Error{ErrorCode::Unavailable, "notify", error.what()});
    }
    return {};
}

void Notifier::Impl::stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
}

void Notifier::Impl::changed(const std::vector<zones::ZoneReceipt>& receipts) {
    const auto policy = sources_.policy.snapshot();
    const MonotonicTime now = SystemClock().monotonic();
    std::size_t told = 0;
    for (const zones::ZoneReceipt& receipt : receipts)
        if (receipt.changed) told += tell(*policy, receipt.apex, now, &NotifySchedule::changed);
    // This is on the way of every change's acknowledgement: who has no secondaries wakes no thread.
    if (told != 0) loop_.post([this] { send_due(); });
}

void Notifier::Impl::followed(const std::vector<zones::Name>& apexes) {
    const auto policy = sources_.policy.snapshot();
    const MonotonicTime now = SystemClock().monotonic();
    for (const zones::Name& apex : apexes)
        tell(*policy, apex, now, &NotifySchedule::wake);
    loop_.post([this, apexes] {
        // The newest: who came back meanwhile is no stranger.
        const auto newest = sources_.policy.snapshot();
        for (const zones::Name& apex : apexes)
            forget_strangers(*newest, schedule_.with([&](const NotifySchedule& schedule) {
                return schedule.targets_of(apex);
            }));
        send_due();
    });
}

void Notifier::Impl::changed_all() {
    loop_.post([this] {
        const auto policy = sources_.policy.snapshot();
        const auto table = sources_.zones.snapshot();
        const MonotonicTime now = SystemClock().monotonic();
        forget_strangers(*policy, schedule_.with([](const NotifySchedule& schedule) {
            return schedule.targets();
        }));
        table->for_each([&](const zones::Zone& zone) {
            tell(*policy, zone.apex(), now, &NotifySchedule::wake);
            return true;
        });
        send_due();
    });
}

std::size_t Notifier::Impl::tell(const TransferPolicy& policy, const zones::Name& apex,
                                 MonotonicTime now, Scheduling schedule_it) {
    const auto secondaries = policy.secondaries_of(apex);
    for (const Secondary& secondary : secondaries)
        schedule_.with([&](NotifySchedule& schedule) {
            (schedule.*schedule_it)(NotifySchedule::target(apex, secondary.address), now);
        });
    return secondaries.size();
}

/// Those that follow their zone no more.
void Notifier::Impl::forget_strangers(const TransferPolicy& policy,
                                      const std::vector<Target>& targets) {
    for (const Target& target : targets) {
        if (find_secondary(policy, target)) continue;
        forget_id(target);
        schedule_.with([&](NotifySchedule& schedule) { schedule.forget(target); });
    }
}

std::vector<NotifyReport> Notifier::Impl::results(const zones::Name& apex) const {
    std::vector<NotifyReport> reports;
    for (const Secondary& secondary : sources_.policy.snapshot()->secondaries_of(apex)) {
        const Target target = NotifySchedule::target(apex, secondary.address);
        const auto entry = schedule_.with([&](const NotifySchedule& schedule) {
            const NotifyStanding* known = schedule.find(target);
            return known == nullptr ? NotifyStanding() : *known;
        });
        reports.push_back({secondary, entry});
    }
    return reports;
}

void Notifier::Impl::send_due() {
    const MonotonicTime now = SystemClock().monotonic();
    if (now - window_ >= kTick) {
        window_ = now;
        left_ = std::max<std::size_t>(options_.per_second / (Seconds(1) / kTick), 1);
    }
    while (left_ > 0) {
        const auto due = schedule_.with([&](NotifySchedule& schedule) {
            return schedule.take_due(now, std::min(left_, kAtOnce));
        });
        for (const Target& target : due.given_up)
            give_up(target);
        if (due.targets.empty()) break;
        const auto table = sources_.zones.snapshot();
        const auto policy = sources_.policy.snapshot();
        for (const Target& target : due.targets)
            send(target, *table, *policy);
        left_ -= due.targets.size();
    }
    const auto next =
        schedule_.with([](const NotifySchedule& schedule) { return schedule.next(); });
    if (!next) return timer_.pause();
    const MonotonicTime at = left_ == 0 ? std::max(*next, window_ + kTick) : *next;
    timer_.again(std::max(std::chrono::duration_cast<Milliseconds>(at - now), Milliseconds{1}));
}

void Notifier::Impl::send(const Target& target, const zones::ZoneTable& table,
                          const TransferPolicy& policy) {
    const zones::Name apex = apex_of(target);
    const zones::Zone* zone = table.find(apex);
    const auto to = find_secondary(policy, target);
    if (zone == nullptr || !to) {
        forget_id(target);
        schedule_.with([&](NotifySchedule& schedule) { schedule.forget(target); });
        return;
    }
    if (const char* why = put(*to, target, *zone)) {
        counters_.not_sent.fetch_add(1, kRelaxed);
        note(target.secondary, Standing::Unwell, why);
        schedule_.with([&](NotifySchedule& schedule) {
            schedule.not_sent(target, SystemClock().monotonic());
        });
        return;
    }
    counters_.sent.fetch_add(1, kRelaxed);
    schedule_.with([&](NotifySchedule& schedule) { schedule.sent(target, zone->serial()); });
}

/// Null: it is on its way. Else why it is not.
const char* Notifier::Impl::put(const Secondary& to, const Target& target,
                                const zones::Zone& zone) {
    // Never unsigned where a key is wanted: whoever forged it then could not be told from us.
    const TsigKeyRef key = to.key ? key_named(*to.key) : TsigKeyRef();
    if (to.key && !key) return "there is no such TSIG key here (any more)";
    const auto id = id_of(target);
    if (!id) return "too many are waited for";
    std::array<std::uint8_t, kBufferOctets> buffer{};
    std::size_t octets = write_notify(zone, *id, buffer);
    SignedNotify& signatures = waiting_.at({target.secondary, *id}).signatures;
    if (key)
        octets = signatures.sign(key, buffer, octets, unix_now());
    else
        signatures = {};  // A repetition of a signed one, and the key is not wanted any more.
    const bool is_sent = put_on_wire(target.secondary, OctetView(buffer).first(octets));
    return is_sent ? nullptr : "the system would not send it";
}

TsigKeyRef Notifier::Impl::key_named(const zones::Name& name) const {
    if (sources_.keys == nullptr) return {};
    const auto ring = sources_.keys->snapshot();
    const TsigKey* key = ring->find(name);
    return key != nullptr && key->is_usable(unix_now()) ? TsigKeyRef::share(key) : TsigKeyRef();
}

/// A repetition keeps its ID, so that the answer to either of the two ends it. Nothing: too many
/// are waited for from this secondary.
std::optional<std::uint16_t> Notifier::Impl::id_of(const Target& target) {
    const auto known = ids_.find(target);
    if (known != ids_.end()) return known->second;
    for (int tries = 0; tries < kIdTries; ++tries) {
        const std::uint16_t id = random_message_id();
        if (!waiting_.try_emplace({target.secondary, id}, Waited{target, {}}).second) continue;
        ids_.emplace(target, id);
        return id;
    }
    return std::nullopt;
}

void Notifier::Impl::forget_id(const Target& target) {
    const auto known = ids_.find(target);
    if (known == ids_.end()) return;
    waiting_.erase({target.secondary, known->second});
    ids_.erase(known);
}

void Notifier::Impl::give_up(const Target& target) {
    counters_.given_up.fetch_add(1, kRelaxed);
    forget_id(target);
    note(target.secondary, Standing::Unwell, "no answer");
}

bool Notifier::Impl::put_on_wire(const Endpoint& to, OctetView message) {
    sockaddr_storage address{};
    const socklen_t size = to.to_sockaddr(address);
    const Fd& socket = to.address.is_v4() ? v4_.socket : v6_.socket;
    return ::sendto(socket.get(), message.data(), message.size(), MSG_DONTWAIT,
                    reinterpret_cast<const sockaddr*>(&address), size) >= 0;
}

void Notifier::Impl::receive(const Fd& socket) {
    std::array<std::uint8_t, kBufferOctets> buffer{};
    for (std::size_t count = 0; count < kAtOnce; ++count) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const ssize_t octets = ::recvfrom(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                          reinterpret_cast<sockaddr*>(&peer), &size);
        if (octets < 0 && errno == EINTR) continue;
        if (octets < 0 && errno == ECONNREFUSED)
            continue;  // Told of an earlier one; it is repeated.
        if (octets < 0) break;
        const auto from = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&peer));
        if (from) take_answer(*from, OctetView(buffer).first(static_cast<std::size_t>(octets)));
    }
    send_due();  // What was answered may have changed meanwhile.
}

void Notifier::Impl::take_answer(const Endpoint& from, OctetView message) {
    const auto id = message_id(message);
    const auto waited = id ? waiting_.find({from, *id}) : waiting_.end();
    if (waited == waiting_.end()) return counters_.strange.fetch_add(1, kRelaxed), void();
    const Target target = waited->second.target;
    const auto answer = read_notify_answer(message, apex_of(target));
    if (!answer) return counters_.strange.fetch_add(1, kRelaxed), void();
    // RFC 8945 section 5.4: it is as if nothing had come; the right answer may still follow.
    if (const auto verdict = waited->second.signatures.judge(message, unix_now());
        verdict != TsigVerdict::Ok) {
        counters_.unverified.fetch_add(1, kRelaxed);
        return note(from, Standing::Unwell, why_not(verdict));
    }
    forget_id(target);
    const bool is_well = answer->rcode == Rcode::NoError;
    (is_well ? counters_.acknowledged : counters_.refused).fetch_add(1, kRelaxed);
    note(from, is_well ? Standing::Well : Standing::Unwell, "it refuses them");
    schedule_.with([&](NotifySchedule& schedule) {
        schedule.answered(target, answer->rcode, SystemClock().monotonic());
    });
}

/// One line when a secondary stops or begins to take NOTIFYs, not one for each zone.
void Notifier::Impl::note(const Endpoint& secondary, Standing standing, const char* why) {
    Standing& known = standing_[secondary];
    if (std::exchange(known, standing) == standing) return;
    if (standing == Standing::Well) {
        log::logger("dnsd").info("{} takes NOTIFYs", secondary.text());
    } else {
        log::logger("dnsd").warn(
            "{} takes no NOTIFYs: {}; it learns of changes when it refreshes by itself",
            secondary.text(), why);
    }
}

Notifier::Notifier(Key /*only start() has one*/, const NotifierOptions& options,
                   const NotifySources& sources)
    : impl_(std::make_unique<Impl>(options, sources)) {}

Result<std::unique_ptr<Notifier>> Notifier::start(const NotifierOptions& options,
                                                  const NotifySources& sources) {
    auto notifier = std::make_unique<Notifier>(Key(), options, sources);
    TRY(notifier->impl_->start());
    return notifier;
}

Notifier::~Notifier() {
    stop();
}

void Notifier::changed(const std::vector<zones::ZoneReceipt>& receipts) {
    impl_->changed(receipts);
}

void Notifier::changed_all() {
    impl_->changed_all();
}

void Notifier::followed(const std::vector<zones::Name>& apexes) {
    impl_->followed(apexes);
}

std::vector<NotifyReport> Notifier::results(const zones::Name& apex) const {
    return impl_->results(apex);
}

const NotifyCounters& Notifier::counters() const noexcept {
    return impl_->counters();
}

void Notifier::stop() {
    impl_->stop();
}

}  // namespace hairpin::dnsd
