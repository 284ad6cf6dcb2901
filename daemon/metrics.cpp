#include "daemon/metrics.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

namespace hairpin::daemon {
namespace {

using Kind = admin::MetricsText::Kind;

void collect_dns(admin::MetricsText& metrics, const dnsd::Counters& dns) {
    metrics.family("dns_queries_total", Kind::Counter, "DNS messages received, by transport.");
    metrics.sample("transport", "udp",
                   dns.received[static_cast<std::size_t>(dnsd::Transport::Udp)].value());
    metrics.sample("transport", "tcp",
                   dns.received[static_cast<std::size_t>(dnsd::Transport::Tcp)].value());

    metrics.family("dns_responses_total", Kind::Counter, "DNS responses, by RCODE.");
    for (std::size_t rcode = 0; rcode < dns.responses.size(); ++rcode)
        if (const auto value = dns.responses[rcode].value(); value > 0 || rcode <= 5)
            metrics.sample("rcode", rcode_name(rcode), value);

    constexpr std::array<const char*, dnsd::kOutcomes> kOutcomeNames = {
        "match", "alias", "redirection", "referral", "nodata", "nxdomain", "refused", "cookie"};
    metrics.family("dns_outcomes_total", Kind::Counter, "What the zones had to say.");
    for (std::size_t outcome = 0; outcome < dns.outcomes.size(); ++outcome)
        metrics.sample("outcome", kOutcomeNames[outcome], dns.outcomes[outcome].value());

    constexpr std::array<const char*, dnsd::kTsigOutcomes> kTsigNames = {
        "ok", "badkey", "badsig", "badtime", "badtrunc", "formerr"};
    metrics.family("dns_tsig_total", Kind::Counter, "Signed requests, by what the TSIG was worth.");
    for (std::size_t outcome = 0; outcome < dns.tsig.size(); ++outcome)
        metrics.sample("outcome", kTsigNames[outcome], dns.tsig[outcome].value());

    constexpr std::array<const char*, dnsd::kSilences> kSilenceNames = {"too-short", "response",
                                                                        "source-port", "oversized"};
    metrics.family("dns_unanswered_total", Kind::Counter, "Messages left unanswered, by reason.");
    for (std::size_t reason = 0; reason < dns.silent.size(); ++reason)
        metrics.sample("reason", kSilenceNames[reason], dns.silent[reason].value());

    metrics.counter("dns_truncated_total", "Responses with TC.", dns.truncated.value());
    metrics.counter("dns_udp_send_failed_total", "Answers the kernel would not take.",
                    dns.udp_send_failed.value());
    metrics.counter("dns_tcp_connections_total", "TCP connections accepted.",
                    dns.tcp_accepted.value());
    metrics.counter("dns_tcp_refused_total", "TCP connections over a limit.",
                    dns.tcp_refused.value());
    metrics.counter("dns_tcp_timed_out_total", "TCP connections closed for being idle or slow.",
                    dns.tcp_timed_out.value());
    metrics.gauge("dns_tcp_connections", "TCP connections open now.", dns.tcp_open.value());

    metrics.family("dns_transfers_total", Kind::Counter, "Zone transfers, by what came of them.");
    metrics.sample("outcome", "whole", dns.transfers_whole.value());
    metrics.sample("outcome", "incremental", dns.transfers_incremental.value());
    metrics.sample("outcome", "refused", dns.transfers_refused.value());
}

void collect_notify(admin::MetricsText& metrics, const dnsd::NotifyCounters& notify) {
    metrics.counter("dns_notify_sent_total", "NOTIFYs sent to secondaries, repetitions included.",
                    notify.sent);
    metrics.family("dns_notify_results_total", Kind::Counter, "What came of NOTIFYs.");
    metrics.sample("result", "acknowledged", notify.acknowledged);
    metrics.sample("result", "refused", notify.refused);
    metrics.sample("result", "no-answer", notify.given_up);
    metrics.sample("result", "not-sent", notify.not_sent);
    metrics.sample("result", "unverified", notify.unverified);
}

/// Against senders that forge or flood: cookies and rate limits.
void collect_dns_guard(admin::MetricsText& metrics, const dnsd::Counters& dns) {
    constexpr std::array<const char*, dnsd::kCookieStates> kCookieNames = {"none", "client",
                                                                           "valid", "bad"};
    metrics.family("dns_cookies_total", Kind::Counter,
                   "Queries by what their COOKIE option is worth.");
    for (std::size_t state = 0; state < dns.cookies.size(); ++state)
        metrics.sample("state", kCookieNames[state], dns.cookies[state].value());

    metrics.family("dns_rate_limited_total", Kind::Counter,
                   "Answers over a rate limit: dropped, slipped (sent empty with TC), or sent "
                   "because limiting only logs.");
    metrics.sample("action", "dropped", dns.rate_dropped.value());
    metrics.sample("action", "slipped", dns.rate_slipped.value());
    metrics.sample("action", "spared", dns.rate_spared.value());
}

void collect_http(admin::MetricsText& metrics, const HttpFront& http) {
    std::uint64_t open = 0, total = 0, refused = 0, failed = 0, late = 0, http1 = 0, http2 = 0,
                  displaced = 0, bodies = 0;
    http.for_each_counters([&](const net::HttpCounters& each) {
        open += each.connections_open;
        total += each.connections_total;
        refused += each.connections_refused;
        failed += each.handshakes_failed;
        late += each.deadlines_passed;
        http1 += each.requests_http1;
        http2 += each.requests_http2;
        displaced += each.handshakes_displaced;
        bodies += each.bodies_refused;
    });
    metrics.gauge("http_connections", "API connections open now.", open);
    metrics.counter("http_connections_total", "API connections accepted.", total);
    metrics.counter("http_connections_refused_total", "API connections over the limit of one peer.",
                    refused);
    metrics.counter("http_handshakes_failed_total", "TLS handshakes that failed.", failed);
    metrics.counter("http_handshakes_displaced_total",
                    "TLS handshakes closed to make room for newer connections.", displaced);
    metrics.counter("http_bodies_refused_total",
                    "Requests refused because bodies take all the memory set aside.", bodies);
    metrics.counter("http_deadlines_passed_total", "API connections closed for being idle or slow.",
                    late);
    metrics.family("http_requests_total", Kind::Counter, "API requests, by protocol.");
    metrics.sample("protocol", "http/1.1", http1);
    metrics.sample("protocol", "h2", http2);
}

void collect_acme(admin::MetricsText& metrics, const acme::Counters& acme) {
    metrics.family("acme_transitions_total", Kind::Counter,
                   "Transitions of orders into each state.");
    for (std::size_t state = 0; state < acme.entered.size(); ++state)
        metrics.sample("state", to_string(static_cast<acme::StateName>(state)),
                       acme.entered[state]);
    metrics.counter("acme_issued_total", "Certificates issued.", acme.issued);
    metrics.counter("acme_failed_total", "Orders that have to wait or need a person.", acme.failed);
    metrics.counter("acme_requests_total", "HTTP requests to the CA.", acme.requests);
    metrics.counter("acme_nonces_rejected_total", "badNonce answers of the CA.",
                    acme.nonces_rejected);
    metrics.gauge("acme_live", "Orders under way now.", acme.live);
}

// The second number of /proc/self/statm: resident pages.
std::uint64_t resident_octets() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string rcode_name(std::size_t rcode) {
    constexpr std::array<const char*, 11> kNames = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                    "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                    "NXRRSET", "NOTAUTH", "NOTZONE"};
    if (rcode < kNames.size()) return kNames[rcode];
    if (rcode == 23) return "BADCOOKIE";
    return rcode == 16 ? "BADVERS" : std::to_string(rcode);
}

void Metrics::collect(admin::MetricsText& metrics) const {
    const dnsd::Counters dns = dns_.totals();
    collect_dns(metrics, dns);
    collect_dns_guard(metrics, dns);
    collect_notify(metrics, notifier_.counters());
    collect_http(metrics, http_);
    if (certificates_ != nullptr) collect_acme(metrics, certificates_->counters());
    metrics.gauge("process_resident_octets", "Resident memory.", resident_octets());
}

}  // namespace hairpin::daemon
