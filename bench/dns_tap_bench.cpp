// bench/dns_tap_bench.cpp - what it costs a worker that its answers are watched, without sockets.
//
// The same batches of exchanges with the tap closed, open for a sample, and open for everything, in
// turns, so that the machine's noise meets all alike; the median of several rounds. The ring is
// emptied after each batch, outside of what is timed, so that every exchange has room. What the
// observer's thread does with them is told apart: a line of the query log, a dnstap message.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnsd/tap.hpp"
#include "observer/challenge_log.hpp"
#include "observer/dnstap_message.hpp"
#include "observer/query_line.hpp"

namespace {

using namespace hairpin;  // NOLINT(google-build-using-namespace): a program of one file.

constexpr int kRounds = 21;
constexpr std::size_t kExchanges = 64'000;
constexpr std::size_t kBatch = 64;

double nanoseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin)
        .count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// A query of 45 octets and an answer of 61, as most are.
Octets usual_query() {
    return {0x12, 0x34, 1, 0,   0,   1,   0,   0,   0,   0,   0, 1,   4,   'n', 'u',
            'r',  '1',  7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0,
            0,    1,    0, 1,   0,   0,   41,  4,   208, 0,   0, 0,   0,   0,   0};
}

/// What a CA asks: "_acme-challenge.nur1.example.net. TXT".
Octets challenge_query() {
    const std::string_view label = "_acme-challenge";
    const Octets usual = usual_query();
    Octets query(usual.begin(), usual.begin() + 12);
    query.push_back(static_cast<std::uint8_t>(label.size()));
    query.insert(query.end(), label.begin(), label.end());
    query.insert(query.end(), usual.begin() + 12, usual.end());
    query[query.size() - 14] = 16;  // TXT
    return query;
}

struct Sample {
    explicit Sample(Octets asked) : query(std::move(asked)), response(query.size() + 16) {
        std::copy(query.begin(), query.end() - 11, response.begin());
        exchange.client = Endpoint::parse("192.0.2.7:41234").value();
        exchange.server = Endpoint::parse("192.0.2.53:53").value();
        exchange.received = dnsd::exact_now();
        exchange.sent = exchange.received + std::chrono::microseconds(38);
        exchange.query = query;
        exchange.response = response;
    }
    Octets query;
    Octets response;
    dnsd::Exchange exchange;
};

struct Setting {
    const char* what;
    dnsd::Watch watch;
    bool is_challenge = false;  // What is asked.
    std::vector<double> rounds = {};
};

/// What a worker does after each batch.
double of_worker(dnsd::Tap& tap, dnsd::ExchangeRing& ring, const dnsd::Exchange& sample) {
    double passed = 0;
    for (std::size_t batch = 0; batch < kExchanges / kBatch; ++batch) {
        const auto begin = std::chrono::steady_clock::now();
        if (tap.is_open()) {
            dnsd::Exchange exchange = sample;
            exchange.sent = dnsd::exact_now();
            for (std::size_t each = 0; each < kBatch; ++each)
                tap.see(exchange);
        }
        passed += nanoseconds_since(begin);
        ring.drain([](const dnsd::Exchange&, dnsd::Audience) noexcept {});
    }
    return passed / static_cast<double>(kExchanges);
}

double of_lines(const dnsd::Exchange& exchange) {
    std::string text;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t each = 0; each < kExchanges; ++each) {
        if (each % 256 == 0) text.clear();
        observer::append_query_line(text, exchange);
    }
    return nanoseconds_since(begin) / static_cast<double>(kExchanges);
}

double of_dnstap(const dnsd::Exchange& exchange) {
    Octets room(observer::kMaxDnstapOctets);
    const observer::DnstapSpeaker speaker{"ns1.example.net", "hairpin"};
    std::size_t octets = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t each = 0; each < kExchanges; ++each)
        octets += observer::encode_dnstap(exchange, observer::Half::Response, {}, speaker, room);
    const double passed = nanoseconds_since(begin) / static_cast<double>(kExchanges);
    return octets == 0 ? 0 : passed;
}

double of_challenge_log(const dnsd::Exchange& exchange) {
    observer::ChallengeLog log;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t each = 0; each < kExchanges; ++each)
        log.see(exchange);
    return nanoseconds_since(begin) / static_cast<double>(kExchanges);
}

}  // namespace

int main() {
    const Sample sample(usual_query());
    const Sample challenge(challenge_query());
    if (!dnsd::asks_for_challenge(challenge.query) || dnsd::asks_for_challenge(sample.query)) {
        std::fprintf(stderr, "dns_tap_bench: the samples are not what they are called\n");
        return 1;
    }
    dnsd::Counters counters;
    dnsd::Tap tap(counters, 1);
    const auto ring = std::make_shared<dnsd::ExchangeRing>();
    std::vector<Setting> settings = {
        {"nobody watches", {}},
        {"query log, 1 in 1000", {false, 1'000}},
        {"query log, all", {false, 1}},
        {"dnstap", {true, 0}},
        {"challenges, usual questions", {false, 0, true}},
        {"challenges, a CA's questions", {false, 0, true}, true},
    };
    std::vector<double> noted;
    std::vector<double> lines;
    std::vector<double> messages;
    for (int round = 0; round < kRounds; ++round) {
        for (Setting& setting : settings) {
            tap.set(setting.watch, ring);
            setting.rounds.push_back(
                of_worker(tap, *ring, (setting.is_challenge ? challenge : sample).exchange));
        }
        lines.push_back(of_lines(sample.exchange));
        messages.push_back(of_dnstap(sample.exchange));
        noted.push_back(of_challenge_log(challenge.exchange));
    }
    for (const Setting& setting : settings)
        std::printf("worker: %-28s median %6.1f ns an exchange\n", setting.what,
                    median(setting.rounds));
    std::printf("observer: %-26s median %6.1f ns\n", "a line of text", median(lines));
    std::printf("observer: %-26s median %6.1f ns\n", "a dnstap message", median(messages));
    std::printf("observer: %-26s median %6.1f ns\n", "a CA's question noted", median(noted));
    std::printf("dropped: %llu of %llu\n",
                static_cast<unsigned long long>(counters.observed_dropped.value()),
                static_cast<unsigned long long>(counters.observed.value()));
    return 0;
}
