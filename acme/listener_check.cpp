#include "acme/listener_check.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "acme/dns_answer.hpp"
#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "net/socket.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

constexpr std::uint8_t kResponseBit = 0x80;
constexpr std::uint8_t kTruncatedBit = 0x02;

std::uint16_t random_u16() {
    std::array<std::uint8_t, 2> octets{};
    fill_random(octets);
    return zones::read_u16(octets.data());
}

bool holds(OctetView message, const zones::RecordAt& record, const TxtQuestion& question) {
    if (record.type != zones::to_number(zones::RType::TXT) || !(record.owner == question.owner))
        return false;
    OctetView rdata = message.subspan(record.rdata, record.rdlength);
    std::string value;
    while (!rdata.empty()) {
        const std::size_t octets = rdata[0];
        if (octets >= rdata.size()) return false;
        value += as_text(rdata.subspan(1, octets));
        rdata = rdata.subspan(1 + octets);
    }
    return value == question.value;
}

class Check final : public ListenerCheck, public std::enable_shared_from_this<Check> {
public:
    Check(net::Loop& loop, std::vector<TxtQuestion> questions, Then then)
        : loop_(loop), questions_(std::move(questions)), then_(std::move(then)) {}

    void begin(const std::vector<Endpoint>& listeners, Milliseconds patience) {
        asks_.reserve(listeners.size());  // Poll callbacks point into it.
        for (const Endpoint& listener : listeners) {
            if (auto asked = ask(reachable_listener(listener)); !asked)
                return finish_later(fail(std::move(asked).error()));
        }
        if (left_ == 0) return finish_later({});
        timer_ = loop_.add_timer(patience, Milliseconds(0), [this] {
            finish(fail(Error{ErrorCode::Unavailable, silent_listener(), "does not answer"}));
        });
    }

private:
    struct Ask {
        Endpoint listener;
        Fd socket;
        net::Poll poll;
        std::vector<std::uint16_t> ids;  // One per question; parallel to answered.
        std::vector<bool> answered;
    };

    Result<void> ask(const Endpoint& listener) {
        Ask& one = asks_.emplace_back();
        one.listener = listener;
        one.socket =
            TRY(net::bind_udp({listener.address.is_v4() ? IpAddress() : IpAddress::v6({}), 0},
                              {.reuse_port = false}));
        sockaddr_storage storage{};
        const socklen_t size = listener.to_sockaddr(storage);
        if (::connect(one.socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0)
            return fail(system_error(listener.text(), errno));
        one.answered.assign(questions_.size(), false);
        for (const TxtQuestion& question : questions_) {
            one.ids.push_back(random_u16());
            const Octets query = txt_query(one.ids.back(), question.owner);
            if (::send(one.socket.get(), query.data(), query.size(), 0) < 0)
                return fail(system_error(listener.text(), errno));
            ++left_;
        }
        one.poll = loop_.add_poll(one.socket.get(), net::Interest::Read,
                                  [this, &one](net::PollEvents) { receive(one); });
        return {};
    }

    void receive(Ask& one) {
        const auto alive = shared_from_this();  // finish() may drop the last owner.
        std::array<std::uint8_t, kAnswerPayload> buffer;
        const ssize_t size = ::recv(one.socket.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            return finish(fail(system_error(one.listener.text(), errno)));
        }
        const OctetView message(buffer.data(), static_cast<std::size_t>(size));
        for (std::size_t index = 0; index < questions_.size(); ++index) {
            if (one.answered[index]) continue;
            std::string why;
            const auto good = read_txt_answer(message, one.ids[index], questions_[index], why);
            if (!good) continue;
            if (!*good)
                return finish(fail(Error{ErrorCode::Protocol, one.listener.text(),
                                         why + " for " + questions_[index].owner.text() + " TXT"}));
            one.answered[index] = true;
            if (--left_ == 0) finish({});
            return;
        }
    }

    [[nodiscard]] std::string silent_listener() const {
        for (const Ask& one : asks_)
            for (const bool answered : one.answered)
                if (!answered) return one.listener.text();
        return "listener";
    }

    void finish(Result<void> result) {
        timer_.reset();
        for (Ask& one : asks_)
            one.poll.reset();
        if (const Then then = std::exchange(then_, nullptr)) then(std::move(result));
    }

    void finish_later(Result<void> result) {
        loop_.post([weak = weak_from_this(), result = std::move(result)] {
            if (const auto alive = weak.lock()) alive->finish(result);
        });
    }

    net::Loop& loop_;
    std::vector<TxtQuestion> questions_;
    Then then_;
    std::vector<Ask> asks_;
    std::size_t left_ = 0;
    net::Timer timer_;
};

}  // namespace

std::shared_ptr<ListenerCheck> ListenerCheck::start(net::Loop& loop,
                                                    const std::vector<Endpoint>& listeners,
                                                    std::vector<TxtQuestion> questions,
                                                    Milliseconds patience, Then then) {
    auto check = std::make_shared<Check>(loop, std::move(questions), std::move(then));
    check->begin(listeners, patience);
    return check;
}

Endpoint reachable_listener(Endpoint listener) {
    if (!net::is_wildcard(listener.address)) return listener;
    listener.address = listener.address.is_v4()
                           ? IpAddress::v4({127, 0, 0, 1})
                           : IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    return listener;
}

Octets txt_query(std::uint16_t id, const zones::Name& owner) {
    return dns_query(id, {owner, zones::RType::TXT, Asking::Server});
}

Result<bool> read_txt_answer(OctetView message, std::uint16_t id, const TxtQuestion& question,
                             std::string& why) {
    const Error other{ErrorCode::Protocol, "DNS message", "is not the answer to this query"};
    if (message.size() < zones::kHeaderOctets || zones::read_u16(message.data()) != id ||
        (message[2] & kResponseBit) == 0 || zones::read_u16(message.data() + 4) != 1)
        return fail(other);
    const auto qname = zones::read_name(message, zones::kHeaderOctets);
    if (!qname || !(qname->name == question.owner)) return fail(other);
    if (const int rcode = message[3] & 0x0f; rcode != 0) {
        why = "answers with RCODE " + std::to_string(rcode);
        return false;
    }
    std::size_t at = qname->next + 4;
    for (int count = zones::read_u16(message.data() + 6); count > 0; --count) {
        const auto record = zones::read_record(message, at);
        if (!record) break;
        if (holds(message, *record, question)) return true;
        at = record->next;
    }
    why = (message[2] & kTruncatedBit) != 0
              ? "cuts its answer short: too many values, not all of them ours, stand"
              : "does not give our value";
    return false;
}

}  // namespace hairpin::acme
