#include "acme/signed_ask.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "dnsd/code_names.hpp"
#include "dnsd/codes.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

using dnsd::TsigError;
using dnsd::TsigVerdict;

constexpr std::size_t kMaxSignedAnswer = 65'535;

ServerRefusal passing_refusal(std::string text) {
    return {ServerRefusal::Kind::Passing, std::move(text)};
}
ServerRefusal lasting_refusal(std::string text) {
    return {ServerRefusal::Kind::Lasting, std::move(text)};
}

dnsd::TsigTime tsig_now(const Clock& clock) {
    return static_cast<dnsd::TsigTime>(to_unix_seconds(clock.now()));
}

/// By how much the server's clock differs, where its answer says so (RFC 8945 section 5.2.3).
std::string clocks_text(OctetView answer, dnsd::TsigTime now) {
    const auto offset = dnsd::find_tsig(answer);
    const auto record = offset && *offset != 0 ? dnsd::read_tsig(answer, *offset) : std::nullopt;
    if (!record) return "its clock and ours differ";
    dnsd::TsigTime theirs = record->time_signed;
    if (record->other.size() == dnsd::kTsigTimeOctets) {
        theirs = 0;
        for (const std::uint8_t octet : record->other)
            theirs = theirs << 8 | octet;
    }
    if (theirs == now) return "its clock and ours differ";
    return "its clock is " + std::to_string(theirs > now ? theirs - now : now - theirs) +
           " seconds " + (theirs > now ? "ahead of" : "behind") + " ours";
}

/// What the server says about our signature.
ServerRefusal key_refusal(TsigError error, OctetView answer, dnsd::TsigTime now,
                          const ElsewhereZone& zone) {
    const std::string key = key_text(zone);
    switch (error) {
        case TsigError::BadKey:
            return lasting_refusal("answers BADKEY: it does not know the key " + key +
                                   ", whose name and algorithm must be the same on both sides");
        case TsigError::BadSig:
            return lasting_refusal("answers BADSIG: the secret of the key " + key +
                                   " is another one there");
        case TsigError::BadTime:
            return lasting_refusal("answers BADTIME: " + clocks_text(answer, now) +
                                   ", set both to the same time");
        case TsigError::BadTrunc:
            return lasting_refusal("answers BADTRUNC: it wants longer signatures of the key " +
                                   key + " than its algorithm makes");
        case TsigError::None:
            break;
    }
    return lasting_refusal("does not take our signature (error " +
                           std::to_string(static_cast<int>(error)) + ")");
}

/// Of a server that did not sign: it does not know TSIG, or does not say who it is.
ServerRefusal unsigned_refusal(OctetView answer, const ElsewhereZone& zone) {
    const std::uint8_t rcode = answer[3] & 0x0f;
    const std::string text = "answers " + dnsd::rcode_name(rcode) +
                             " without a signature, which counts for nothing: see that it has the "
                             "key " +
                             key_text(zone) + " and takes UPDATE";
    const bool is_passing = rcode == static_cast<std::uint8_t>(dnsd::Rcode::ServFail);
    return is_passing ? passing_refusal(text) : lasting_refusal(text);
}

class SignedExchange final : public SignedAsk, public std::enable_shared_from_this<SignedExchange> {
public:
    SignedExchange(net::Loop& loop, const Clock& clock, const ElsewhereZone& zone, Then then)
        : loop_(loop), clock_(clock), zone_(zone), then_(std::move(then)) {}

    void begin(Octets message, Milliseconds patience) {
        timer_ = loop_.add_timer(patience, Milliseconds(0), [this] {
            finish(fail(passing_refusal("does not answer over TCP in time")));
        });
        sign(std::move(message));
        if (auto opened = open(); !opened)
            loop_.post([weak = weak_from_this(), cause = opened.error().cause] {
                if (const auto self = weak.lock())
                    self->finish(fail(passing_refusal("is not reached: " + cause)));
            });
    }

private:
    void sign(Octets message) {
        fill_random(std::span(message).first(2));
        id_ = zones::read_u16(message.data());
        dnsd::TsigStream stream(zone_.key);
        const std::size_t used = message.size();
        message.resize(used + stream.octets());
        message.resize(stream.sign(message, used, tsig_now(clock_)));
        answers_.emplace(zone_.key, stream.mac());
        octets_.assign(2, 0);
        zones::write_u16(octets_.data(), static_cast<std::uint16_t>(message.size()));
        octets_.insert(octets_.end(), message.begin(), message.end());
    }

    Result<void> open() {
        const Endpoint& server = zone_.server;
        socket_ = Fd(::socket(server.address.is_v4() ? AF_INET : AF_INET6,
                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!socket_) return fail(system_error(server.text(), errno));
        sockaddr_storage storage{};
        const socklen_t size = server.to_sockaddr(storage);
        if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 &&
            errno != EINPROGRESS)
            return fail(system_error(server.text(), errno));
        poll_ = loop_.add_poll(socket_.get(), net::Interest::Write,
                               [this](net::PollEvents) { exchange(); });
        return {};
    }

    void exchange() {
        const auto alive = shared_from_this();  // finish() may drop the last owner.
        const bool is_done = is_sent_ ? receive() : send();
        if (is_done) poll_.reset();
    }

    /// Each true: it is over.
    bool send() {
        const ssize_t sent = ::send(socket_.get(), octets_.data(), octets_.size(), MSG_NOSIGNAL);
        if (sent < 0) return failed(errno);
        octets_.erase(octets_.begin(), octets_.begin() + sent);
        is_sent_ = octets_.empty();
        if (is_sent_) poll_.set(net::Interest::Read);
        return false;
    }

    bool receive() {
        std::array<std::uint8_t, 4096> buffer;
        const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) return failed(errno);
        if (size == 0) {
            finish(fail(passing_refusal("ends the connection without an answer")));
            return true;
        }
        octets_.insert(octets_.end(), buffer.begin(), buffer.begin() + size);
        if (octets_.size() < 2) return false;
        const std::size_t length = zones::read_u16(octets_.data());
        if (octets_.size() < 2 + length && octets_.size() < 2 + kMaxSignedAnswer) return false;
        take(OctetView(octets_).subspan(2, length));
        return true;
    }

    bool failed(int error) {
        if (error == EAGAIN || error == EINTR) return false;
        finish(fail(
            passing_refusal("is not reached: " + system_error(zone_.server.text(), error).cause)));
        return true;
    }

    void take(OctetView answer) {
        const auto good = judge_signed_answer(answer, id_, *answers_, tsig_now(clock_), zone_);
        if (!good) return finish(fail(good.error()));
        finish(Octets(answer.begin(), answer.end()));
    }

    void finish(Result<Octets, ServerRefusal> result) {
        timer_.reset();
        poll_.reset();
        if (const Then then = std::exchange(then_, nullptr)) then(std::move(result));
    }

    net::Loop& loop_;
    const Clock& clock_;
    const ElsewhereZone zone_;
    Then then_;
    std::uint16_t id_ = 0;
    std::optional<dnsd::TsigVerifier> answers_;
    Fd socket_;
    net::Poll poll_;
    net::Timer timer_;
    Octets octets_;  // What is left to be sent, then what has come.
    bool is_sent_ = false;
};

}  // namespace

std::shared_ptr<SignedAsk> SignedAsk::start(net::Loop& loop, const Clock& clock,
                                            const ElsewhereZone& zone, Octets message,
                                            Milliseconds patience, Then then) {
    auto exchange = std::make_shared<SignedExchange>(loop, clock, zone, std::move(then));
    exchange->begin(std::move(message), patience);
    return exchange;
}

Result<void, ServerRefusal> judge_signed_answer(OctetView answer, std::uint16_t id,
                                                dnsd::TsigVerifier& answers, dnsd::TsigTime now,
                                                const ElsewhereZone& zone) {
    if (answer.size() < zones::kHeaderOctets || zones::read_u16(answer.data()) != id)
        return fail(passing_refusal("answers something that it was not asked"));
    const TsigVerdict verdict = answers.verify(answer, now);
    const std::string key = key_text(zone);
    switch (verdict) {
        case TsigVerdict::Ok:
            return {};
        case TsigVerdict::PeerError:
            return fail(key_refusal(answers.error(), answer, now, zone));
        case TsigVerdict::Pending:
        case TsigVerdict::Unsigned:
            return fail(unsigned_refusal(answer, zone));
        case TsigVerdict::BadTime:
            return fail(lasting_refusal("signs its answers at another time: " +
                                        clocks_text(answer, now) + ", set both to the same time"));
        case TsigVerdict::BadKey:
            return fail(lasting_refusal("signs its answers with another key than " + key));
        case TsigVerdict::BadSig:
            return fail(lasting_refusal("signs its answers wrongly: the secret of the key " + key +
                                        " is another one there"));
        case TsigVerdict::BadTrunc:
        case TsigVerdict::FormErr:
            break;
    }
    return fail(lasting_refusal("answers with a malformed message or signature"));
}

}  // namespace hairpin::acme
