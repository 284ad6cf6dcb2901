#include "checkin/desk.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <system_error>
#include <thread>
#include <utility>

#include "checkin/judge.hpp"
#include "checkin/network_limiter.hpp"
#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "core/signals_blocked.hpp"
#include "core/siphash.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "net/udp_batch.hpp"

namespace hairpin::checkin {
namespace {

/// Datagrams of one socket before the loop looks at other sockets and at letters again.
constexpr std::size_t kMostInTurn = 16 * net::UdpBatch::kDatagrams;
/// How long datagrams gather before they are looked at: 100,000 servers send 167 in that time. A
/// socket of the size that systems allow by default holds some 500, so more are looked at sooner.
constexpr Milliseconds kGather{100};
constexpr std::size_t kMany = 256;
constexpr Milliseconds kGatherMany{10};
/// In how many parts the servers are handed on, and how many of one part follow one another.
constexpr std::size_t kSlices = 20;
constexpr std::uint64_t kNeighbours = 1024;

SipKey random_sip_key() {
    SipKey key{};
    fill_random(key);
    return key;
}

}  // namespace

class Desk::Impl {
public:
    Impl(const DeskOptions& options, Published<zones::ZoneTable>& zones, const Clock& clock)
        : reader_(zones),
          clock_(clock),
          known_(options.capacity),
          limiter_(options.per_network, random_sip_key()),
          batch_(kDatagramOctets, kDatagramOctets) {
        hand_on_ = loop_.add_timer(options.hand_on / kSlices, options.hand_on / kSlices,
                                   [this] { hand_on_next(); });
        again_ = loop_.add_timer(kGather, Milliseconds(0), [this] { serve_all(); });
        loop_.set_idle_hooks([this] { reader_.offline(); }, [this] { reader_.online(); });
    }
    ~Impl() { stop(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] Result<void> bind(const Endpoint& wanted, int receive_octets) {
        net::UdpOptions options;
        options.reuse_port = false;  // One thread; and nobody else takes half of the datagrams.
        options.receive_buffer_octets = receive_octets;
        Socket& socket = sockets_.emplace_back();
        socket.fd = TRY(net::bind_udp(wanted, options));
        endpoints_.push_back(TRY(net::local_endpoint(socket.fd)));
        socket.poll = loop_.add_poll(socket.fd.get(), net::Interest::Read,
                                     [this](net::PollEvents) { serve_all(); });
        if (socket.poll) return {};
        return fail(Error{ErrorCode::Unavailable, wanted.text(),
                          "the kernel refuses to watch another socket"});
    }
    [[nodiscard]] Result<void> start(Heard heard) {
        heard_ = std::move(heard);
        started_at_ = clock_.now();
        const SignalsBlocked blocked;
        try {
            thread_ = std::thread([this] {
                pthread_setname_np(pthread_self(), "checkin");
                reader_.online();
                loop_.run();
                reader_.offline();
            });
        } catch (const std::system_error& error) {
            return fail(Error{ErrorCode::Unavailable, "checkin", error.what()});
        }
        return {};
    }
    void apply(std::vector<Update> updates) {
        loop_.post([this, updates = std::move(updates)]() mutable { take(updates); });
    }
    void stop() {
        if (!thread_.joinable()) return;
        loop_.post([this] {
            serve_all();
            for (std::size_t slice = 0; slice < kSlices; ++slice)
                hand_on_next();
            loop_.stop();
        });
        thread_.join();
    }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }

private:
    struct Socket {
        Fd fd;
        net::Poll poll;
    };

    void take(std::vector<Update>& updates) {
        for (Update& update : updates) {
            if (!update.enrolment) {
                known_.erase(update.server);
            } else if (!known_.put(update.server, *std::move(update.enrolment))) {
                counters_.left_out.add();
            }
        }
        const std::uint64_t before = counters_.servers.value();
        const std::uint64_t now = known_.size();
        now > before ? counters_.servers.add(now - before)
                     : counters_.servers.subtract(before - now);
    }

    /// Takes what waits. While something does, the sockets are not watched but looked at from time
    /// to time, the sooner the more comes; at once where they are not empty.
    void serve_all() {
        std::size_t taken = 0;
        for (Socket& socket : sockets_)
            taken += serve(socket);
        const bool is_gathering = taken > 0 && taken < kMostInTurn;
        for (Socket& socket : sockets_)
            socket.poll.set(is_gathering ? net::Interest::None : net::Interest::Read);
        if (is_gathering) again_.again(taken < kMany ? kGather : kGatherMany);
    }

    /// @return How many were taken; kMostInTurn: there may be more.
    [[nodiscard]] std::size_t serve(Socket& socket) {
        std::size_t taken = 0;
        while (taken < kMostInTurn) {
            const std::size_t count = batch_.receive(socket.fd.get());
            if (count == 0) break;
            taken += count;
            const Situation situation{*reader_.get(), clock_.now(), started_at_};
            for (std::size_t each = 0; each < count; ++each) {
                const Outcome outcome = meet(situation, each);
                counters_.outcomes[static_cast<std::size_t>(outcome)].add();
            }
            counters_.send_failed.add(batch_.send(socket.fd.get()));
            reader_.quiescent();
            if (count < net::UdpBatch::kDatagrams) break;  // The socket is empty.
        }
        return taken;
    }

    void hand_on_next() {
        std::vector<HeardServer>& slice = heard_by_slice_[next_slice_];
        next_slice_ = (next_slice_ + 1) % kSlices;
        // The latest of each is what counts.
        std::stable_sort(slice.begin(), slice.end(),
                         [](const auto& a, const auto& b) { return a.server < b.server; });
        const auto is_same = [](const auto& a, const auto& b) { return a.server == b.server; };
        for (std::size_t each = 1; each < slice.size(); ++each)
            if (is_same(slice[each - 1], slice[each]) && slice[each].credential == 0)
                slice[each].credential = slice[each - 1].credential;
        const auto latest = std::unique(slice.rbegin(), slice.rend(), is_same).base();
        if (latest != slice.end() && heard_) heard_({latest, slice.end()});
        slice.clear();
    }

    Outcome meet(const Situation& situation, std::size_t index) {
        if (batch_.unfit(index) != net::Unfit::No) return Outcome::Malformed;
        const IpAddress source = batch_.client(index);
        const Admission admission = limiter_.admit(source, loop_.now());
        if (admission == Admission::None) return Outcome::Limited;
        const Judgement judgement = judge(known_, situation, batch_.received(index), source);
        if (is_challenged(judgement.outcome)) {
            if (admission == Admission::Spare) return Outcome::Limited;
            std::ranges::copy(judgement.challenge, batch_.response_room().begin());
            batch_.reply(index, judgement.challenge.size());
        }
        if (judgement.outcome == Outcome::Right)
            heard_by_slice_[judgement.server / kNeighbours % kSlices].push_back(
                {judgement.server, situation.now, judgement.used});
        return judgement.outcome;
    }

    net::Loop loop_;
    Published<zones::ZoneTable>::Reader reader_;
    const Clock& clock_;
    Counters counters_;
    Register known_;
    NetworkLimiter limiter_;
    net::UdpBatch batch_;
    std::list<Socket> sockets_;
    std::vector<Endpoint> endpoints_;
    Heard heard_;
    std::array<std::vector<HeardServer>, kSlices> heard_by_slice_;
    std::size_t next_slice_ = 0;
    net::Timer hand_on_;
    net::Timer again_;
    WallTime started_at_{};
    std::thread thread_;
};

Desk::Desk(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Desk::~Desk() = default;

Result<std::unique_ptr<Desk>> Desk::bind(const DeskOptions& options,
                                         Published<zones::ZoneTable>& zones, const Clock& clock) {
    auto impl = std::make_unique<Impl>(options, zones, clock);
    for (const Endpoint& endpoint : options.listen)
        TRY(impl->bind(endpoint, options.receive_buffer_octets));
    return std::unique_ptr<Desk>(new Desk(std::move(impl)));
}

Result<void> Desk::start(Heard heard) {
    return impl_->start(std::move(heard));
}

void Desk::apply(std::vector<Update> updates) {
    impl_->apply(std::move(updates));
}

void Desk::stop() {
    impl_->stop();
}

const Counters& Desk::counters() const noexcept {
    return impl_->counters();
}

const std::vector<Endpoint>& Desk::endpoints() const noexcept {
    return impl_->endpoints();
}

}  // namespace hairpin::checkin
