#include "bench/load/bare_orders.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "acme/client.hpp"
#include "acme/csr.hpp"
#include "acme/jws.hpp"
#include "bench/load/order_clock.hpp"
#include "core/fd.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "tests/support/store.hpp"
#include "zones/name.hpp"
#include "zones/wire.hpp"

namespace hairpin::bench {
namespace {

using tests::must;

constexpr Milliseconds kBarePoll{20};

/// Answers TXT from a table, over UDP.
class TxtTable {
public:
    TxtTable(net::Loop& loop, std::uint16_t port)
        : socket_(must(net::bind_udp({IpAddress::v4({127, 0, 0, 1}), port}, {}))) {
        poll_ = loop.add_poll(socket_.get(), net::Interest::Read,
                              [this](net::PollEvents) { answer_all(); });
    }
    void put(const std::string& name, const std::string& value) {
        values_["_acme-challenge." + name + "."] = value;
    }
    void erase(const std::string& name) { values_.erase("_acme-challenge." + name + "."); }

private:
    void answer_all() {
        std::array<std::uint8_t, 1500> buffer;
        sockaddr_storage from{};
        for (;;) {
            socklen_t from_size = sizeof from;
            const ssize_t size = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                            reinterpret_cast<sockaddr*>(&from), &from_size);
            if (size < static_cast<ssize_t>(zones::kHeaderOctets)) return;
            const Octets answer = answer_to({buffer.data(), static_cast<std::size_t>(size)});
            if (!answer.empty())
                ::sendto(socket_.get(), answer.data(), answer.size(), 0,
                         reinterpret_cast<const sockaddr*>(&from), from_size);
        }
    }

    [[nodiscard]] Octets answer_to(OctetView query) const {
        const auto qname = zones::read_name(query, zones::kHeaderOctets);
        if (!qname || qname->next + 4 > query.size()) return {};
        Octets answer(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(qname->next) + 4);
        answer[2] = 0x84;  // QR, AA.
        answer[3] = 0;
        std::fill(answer.begin() + 6, answer.begin() + 12, std::uint8_t{0});
        const auto found = values_.find(qname->name.lower().text());
        if (found == values_.end()) return answer;
        answer[7] = 1;  // ANCOUNT
        const auto octets = static_cast<std::uint8_t>(found->second.size());
        const std::array<std::uint8_t, 13> record = {
            0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 1, 0, static_cast<std::uint8_t>(octets + 1), octets};
        answer.insert(answer.end(), record.begin(), record.end());
        answer.insert(answer.end(), found->second.begin(), found->second.end());
        return answer;
    }

    Fd socket_;
    net::Poll poll_;
    std::unordered_map<std::string, std::string> values_;
};

class BareOrders {
public:
    explicit BareOrders(const OrderOptions& options)
        : options_(options),
          http_(must(net::HttpClient::create(loop_, http_options(options)))),
          client_(loop_, *http_, clock_, counters_, {options.directory}),
          txt_(loop_, options.dns_port),
          key_(must(acme::SigningKey::generate())),
          order_clock_(options.licences) {}

    int run() {
        client_.use_account(key_, "");
        auto begin = loop_.add_timer(Milliseconds(0), Milliseconds(0), [this] {
            client_.register_account({}, {}, [this](const acme::CaResult<std::string>& url) {
                client_.use_account(key_, *good(url));
                began_ = std::chrono::steady_clock::now();
                for (std::size_t each = 0; each < options_.at_once; ++each)
                    next();
            });
        });
        loop_.run();
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
        print_figures(order_clock_, passed.count(), counters_.requests.load(), 0);
        return 0;
    }

private:
    struct Order {
        std::int64_t number = 0;
        std::vector<std::string> names;
        std::string url;
        std::string finalize;
        std::vector<std::string> authorizations;
        std::vector<std::string> challenges;
        net::Timer timer;
    };
    using OrderRef = std::shared_ptr<Order>;

    static net::ClientOptions http_options(const OrderOptions& options) {
        net::ClientOptions http;
        http.ca_file = options.ca_file;
        http.max_waiting = 4096;
        return http;
    }

    template <typename T>
    static const acme::CaResult<T>& good(const acme::CaResult<T>& answer) {
        if (!answer) {
            fmt::print(stderr, "order_load: the CA: {} {} {}\n", answer.error().status,
                       answer.error().cause, answer.error().problem.detail);
            std::abort();  // A figure with failures in it would mean nothing.
        }
        return answer;
    }

    void next() {
        if (begun_ == options_.licences) {
            if (order_clock_.ended() == options_.licences) loop_.stop();
            return;
        }
        auto order = std::make_shared<Order>();
        order->number = static_cast<std::int64_t>(++begun_);
        const std::string name = fmt::format("nur1.pl-b{}.example.net", order->number);
        order->names = {name, "i-" + name};
        const acme::SigningKey key = must(acme::SigningKey::generate());
        auto csr = must(acme::make_csr(key, order->names));
        if (!order_clock_.begin(order->number)) std::abort();
        client_.place_order(
            order->names, {},
            [this, order, csr = std::move(csr)](const acme::CaResult<acme::SeenOrder>& placed) {
                order->url = good(placed)->url;
                order->finalize = placed->order.finalize;
                order->authorizations = placed->order.authorizations;
                authorize(order, csr);
            });
    }

    void authorize(const OrderRef& order, const Octets& csr) {
        if (order->authorizations.empty()) return tell(order, csr);
        const std::string url = order->authorizations.back();
        order->authorizations.pop_back();
        client_.read_authorization(url, [this, order,
                                         csr](const acme::CaResult<acme::Authorization>& seen) {
            txt_.put(good(seen)->name, acme::dns01_value(seen->dns01->token, client_.thumbprint()));
            order->challenges.push_back(seen->dns01->url);
            authorize(order, csr);
        });
    }

    void tell(const OrderRef& order, const Octets& csr) {
        if (order->challenges.empty()) return await(order, csr);
        const std::string url = order->challenges.back();
        order->challenges.pop_back();
        client_.answer_challenge(url, [this, order, csr](const acme::CaResult<void>& told) {
            good(told);
            tell(order, csr);
        });
    }

    void await(const OrderRef& order, const Octets& csr) {
        order->timer = loop_.add_timer(kBarePoll, Milliseconds(0), [this, order, csr] {
            client_.read_order(
                order->url, [this, order, csr](const acme::CaResult<acme::SeenOrder>& seen) {
                    if (good(seen)->order.status == acme::OrderStatus::Pending)
                        return await(order, csr);
                    if (seen->order.status != acme::OrderStatus::Ready) std::abort();
                    client_.finalize(order->finalize, csr,
                                     [this, order](const acme::CaResult<acme::SeenOrder>& sent) {
                                         good(sent);
                                         fetch(order, *sent);
                                     });
                });
        });
    }

    void fetch(const OrderRef& order, const acme::SeenOrder& seen) {
        if (seen.order.status == acme::OrderStatus::Valid)
            return client_.download(seen.order.certificate,
                                    [this, order](const acme::CaResult<acme::Downloaded>& got) {
                                        good(got);
                                        finish(order);
                                    });
        if (seen.order.status != acme::OrderStatus::Processing) std::abort();
        order->timer = loop_.add_timer(kBarePoll, Milliseconds(0), [this, order] {
            client_.read_order(order->url,
                               [this, order](const acme::CaResult<acme::SeenOrder>& again) {
                                   fetch(order, *good(again));
                               });
        });
    }

    void finish(const OrderRef& order) {
        for (const std::string& name : order->names)
            txt_.erase(name);
        order->timer.reset();
        order_clock_.end(order->number);
        next();
    }

    const OrderOptions& options_;
    net::Loop loop_;
    SystemClock clock_;
    acme::Counters counters_;
    std::unique_ptr<net::HttpClient> http_;
    acme::Client client_;
    TxtTable txt_;
    const acme::SigningKey key_;
    OrderClock order_clock_;
    std::size_t begun_ = 0;
    std::chrono::steady_clock::time_point began_;
};

}  // namespace

int order_bare(const OrderOptions& options) {
    return BareOrders(options).run();
}

}  // namespace hairpin::bench
