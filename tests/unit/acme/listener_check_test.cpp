#include "acme/listener_check.hpp"

#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <thread>

#include <catch2/catch.hpp>

#include "net/socket.hpp"
#include "tests/support/zones.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

const zones::Name kOwner = tests::name("_acme-challenge.nur1.example.net.");
const TxtQuestion kQuestion{kOwner, "our-value"};

/// The answer to `query` with TXT records of these values at `owner`.
Octets answer_to(OctetView query, const std::vector<std::string>& values, std::uint8_t rcode = 0,
                 const zones::Name& owner = kOwner, std::uint8_t more_flags = 0) {
    Octets answer(query.begin(), query.begin() + 12);
    const auto qname = zones::read_name(query, 12);
    answer[2] = static_cast<std::uint8_t>(0x84 | more_flags);
    answer[3] = rcode;
    zones::write_u16(answer.data() + 6, static_cast<std::uint16_t>(values.size()));
    zones::write_u16(answer.data() + 10, 0);
    answer.insert(answer.end(), query.begin() + 12,
                  query.begin() + static_cast<std::ptrdiff_t>(qname->next) + 4);
    for (const std::string& value : values) {
        answer.insert(answer.end(), owner.wire().begin(), owner.wire().end());
        const auto size = static_cast<std::uint8_t>(value.size());
        const std::array<std::uint8_t, 11> head = {
            0, 16, 0, 1, 0, 0, 0, 60, 0, static_cast<std::uint8_t>(size + 1), size};
        answer.insert(answer.end(), head.begin(), head.end());
        answer.insert(answer.end(), value.begin(), value.end());
    }
    return answer;
}

TEST_CASE("an answer is good when one of its records is the value", "[acme][rfc1035]") {
    const Octets query = txt_query(7, kOwner);
    struct Case {
        const char* why;
        Octets answer;
        bool good;
    };
    const std::vector<Case> cases = {
        {"the value", answer_to(query, {"our-value"}), true},
        {"among others", answer_to(query, {"x", "our-value", "y"}), true},
        {"another value", answer_to(query, {"other-val"}), false},
        {"a longer value", answer_to(query, {"our-value-and-more"}), false},
        {"no records", answer_to(query, {}), false},
        {"another owner", answer_to(query, {"our-value"}, 0, tests::name("example.net.")), false},
        {"NXDOMAIN", answer_to(query, {}, 3), false},
        {"REFUSED", answer_to(query, {}, 5), false},
        {"cut short", answer_to(query, {}, 0, kOwner, 0x02), false},
        {"cut short behind the value", answer_to(query, {"our-value"}, 0, kOwner, 0x02), true},
        {"upper case owner",
         answer_to(query, {"our-value"}, 0, tests::name("_ACME-Challenge.NUR1.example.net.")),
         true},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        std::string why;
        const auto read = read_txt_answer(each.answer, 7, kQuestion, why);
        REQUIRE(read);
        CHECK(*read == each.good);
        CHECK(why.empty() == each.good);
    }
}

TEST_CASE("what is no answer to this query is passed over", "[acme][hostile]") {
    const Octets query = txt_query(7, kOwner);
    const Octets good = answer_to(query, {"our-value"});
    std::string why;
    CHECK_FALSE(read_txt_answer(good, 8, kQuestion, why));
    CHECK_FALSE(read_txt_answer(query, 7, kQuestion, why));
    CHECK_FALSE(read_txt_answer({}, 7, kQuestion, why));
    CHECK_FALSE(read_txt_answer(answer_to(txt_query(7, tests::name("a.")), {}), 7, kQuestion, why));
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto read = read_txt_answer(OctetView(good).first(size), 7, kQuestion, why);
        if (read) CHECK_FALSE(*read);
    }
}

/// A listener that answers each query with what `reply` makes of it; nothing where that is empty.
class FakeListener {
public:
    explicit FakeListener(std::function<Octets(OctetView)> reply)
        : socket_(*net::bind_udp({IpAddress::v4({127, 0, 0, 1}), 0}, {.reuse_port = false})),
          endpoint_(*net::local_endpoint(socket_)),
          thread_([this, reply = std::move(reply)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  std::array<std::uint8_t, 1500> buffer;
                  sockaddr_storage from{};
                  socklen_t size = sizeof from;
                  const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                                 reinterpret_cast<sockaddr*>(&from), &size);
                  if (got <= 0) {
                      std::this_thread::sleep_for(Milliseconds(1));
                      continue;
                  }
                  const Octets answer = reply({buffer.data(), static_cast<std::size_t>(got)});
                  if (!answer.empty() && ::sendto(socket_.get(), answer.data(), answer.size(), 0,
                                                  reinterpret_cast<sockaddr*>(&from), size) < 0)
                      std::abort();
              }
          }) {}
    [[nodiscard]] Endpoint endpoint() const { return endpoint_; }

private:
    Fd socket_;
    Endpoint endpoint_;
    std::jthread thread_;
};

Result<void> check(const std::vector<Endpoint>& listeners, std::vector<TxtQuestion> questions) {
    net::Loop loop;
    std::optional<Result<void>> outcome;
    const auto running = ListenerCheck::start(loop, listeners, std::move(questions),
                                              Milliseconds(200), [&](Result<void> result) {
                                                  outcome = std::move(result);
                                                  loop.stop();
                                              });
    CHECK_FALSE(outcome);  // Never inside the call.
    loop.run();
    return *outcome;
}

TEST_CASE("all listeners must answer all values", "[acme]") {
    const TxtQuestion second{tests::name("_acme-challenge.i-nur1.example.net."), "our-value"};
    FakeListener good([](OctetView query) {
        return answer_to(query, {"our-value"}, 0, zones::read_name(query, 12)->name);
    });
    FakeListener stale([](OctetView query) { return answer_to(query, {}, 3); });
    FakeListener silent([](OctetView) { return Octets(); });
    FakeListener noisy([](OctetView query) {
        Octets other = answer_to(query, {}, 5);
        other[0] ^= 1;  // Of another query: passed over, so that silence is all that is left.
        return other;
    });

    CHECK(check({good.endpoint()}, {kQuestion, second}));
    CHECK(check({good.endpoint(), good.endpoint()}, {kQuestion}));
    CHECK(check({}, {kQuestion}));
    CHECK(check({good.endpoint()}, {}));
    const auto refused = check({good.endpoint(), stale.endpoint()}, {kQuestion});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Protocol);
    CHECK(refused.error().subject == stale.endpoint().text());
    CHECK_THAT(refused.error().cause,
               Catch::Contains("RCODE 3") && Catch::Contains("_acme-challenge.nur1.example.net."));
    for (const FakeListener* each : {&silent, &noisy}) {
        const auto unanswered = check({good.endpoint(), each->endpoint()}, {kQuestion});
        REQUIRE_FALSE(unanswered);
        CHECK(unanswered.error().code == ErrorCode::Unavailable);
        CHECK(unanswered.error().subject == each->endpoint().text());
    }
}

}  // namespace
}  // namespace hairpin::acme
