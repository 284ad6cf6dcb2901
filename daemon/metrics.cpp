#include "daemon/metrics.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "acme/issuer_view.hpp"
#include "acme/queue_view.hpp"
#include "dnsd/code_names.hpp"

namespace hairpin::daemon {
namespace {

constexpr std::size_t kDomainsInMetrics = 50;  // A series each.

using Kind = admin::MetricsText::Kind;

std::string_view name_of_transport(std::size_t transport) {
    return dnsd::transport_name(static_cast<dnsd::Transport>(transport));
}

/// A number as Prometheus reads it, exact for all that we count.
std::string shown(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

/// @param unit  What one of the label's units is of those that are counted: 1e9 for seconds of
/// nanoseconds.
template <typename Histograms>
void collect_histograms(admin::MetricsText& metrics, const Histograms& histograms, double unit) {
    for (std::size_t transport = 0; transport < histograms.size(); ++transport) {
        const auto& histogram = histograms[transport];
        std::vector<admin::MetricsText::Bucket> buckets;
        for (std::size_t each = 0; each < histogram.kBounds; ++each)
            buckets.push_back(
                {shown(static_cast<double>(histogram.bound(each)) / unit), histogram.in(each)});
        buckets.push_back({"+Inf", histogram.in(histogram.kBounds)});
        metrics.histogram("transport", name_of_transport(transport), buckets,
                          shown(static_cast<double>(histogram.sum()) / unit));
    }
}

void collect_dns_spread(admin::MetricsText& metrics, const dnsd::Counters& dns) {
    metrics.family("dns_response_octets", Kind::Histogram,
                   "Octets of DNS responses, those of zone transfers left out.");
    collect_histograms(metrics, dns.response_octets, 1);
    metrics.family(
        "dns_answer_seconds", Kind::Histogram,
        "From taking a batch of queries to handing over its responses, for each of them.");
    collect_histograms(metrics, dns.latency, 1e9);
}

void collect_dns_workers(admin::MetricsText& metrics, const std::vector<dnsd::Counters>& workers) {
    metrics.family("dns_worker_queries_total", Kind::Counter, "DNS messages received, by worker.");
    for (std::size_t worker = 0; worker < workers.size(); ++worker) {
        std::uint64_t received = 0;
        for (const Counter& each : workers[worker].received)
            received += each.value();
        metrics.sample("worker", std::to_string(worker), received);
    }
}

void collect_dns(admin::MetricsText& metrics, const dnsd::Counters& dns) {
    metrics.family("dns_queries_total", Kind::Counter, "DNS messages received, by transport.");
    for (std::size_t transport = 0; transport < dns.received.size(); ++transport)
        metrics.sample("transport", name_of_transport(transport), dns.received[transport].value());

    metrics.family("dns_opcodes_total", Kind::Counter, "DNS requests, by opcode.");
    for (std::size_t opcode = 0; opcode < dns.opcodes.size(); ++opcode)
        if (const auto value = dns.opcodes[opcode].value(); value > 0 || opcode == 0)
            metrics.sample("opcode", dnsd::opcode_name(opcode), value);
    metrics.counter("dns_zoneless_total", "Queries refused: their name is in no zone of ours.",
                    dns.zoneless.value());

    metrics.family("dns_responses_total", Kind::Counter, "DNS responses, by RCODE.");
    for (std::size_t rcode = 0; rcode < dns.responses.size(); ++rcode)
        if (const auto value = dns.responses[rcode].value(); value > 0 || rcode <= 5)
            metrics.sample("rcode", dnsd::rcode_name(rcode), value);

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
                    dns.tcp.accepted.value());
    metrics.counter("dns_tcp_refused_total", "TCP connections over a limit.",
                    dns.tcp.refused.value());
    metrics.counter("dns_tcp_timed_out_total", "TCP connections closed for being idle or slow.",
                    dns.tcp.timed_out.value());
    metrics.gauge("dns_tcp_connections", "TCP connections open now.", dns.tcp.open.value());

    metrics.family("dns_transfers_total", Kind::Counter, "Zone transfers, by what came of them.");
    metrics.sample("outcome", "whole", dns.transfers_whole.value());
    metrics.sample("outcome", "incremental", dns.transfers_incremental.value());
    metrics.sample("outcome", "refused", dns.transfers_refused.value());
}

void collect_dns_updates(admin::MetricsText& metrics, const dnsd::Counters& dns) {
    constexpr std::array<const char*, dnsd::kUpdateOutcomes> kNames = {
        "done", "prerequisite", "refused", "malformed", "notauth", "failed"};
    metrics.family("dns_updates_total", Kind::Counter, "UPDATEs answered, by what came of them.");
    for (std::size_t outcome = 0; outcome < dns.updates.size(); ++outcome)
        metrics.sample("outcome", kNames[outcome], dns.updates[outcome].value());
    metrics.counter("dns_updates_repeated_total",
                    "UPDATEs that came again over UDP and were not done again.",
                    dns.updates_repeated.value());
    metrics.gauge("dns_updates_in_flight", "UPDATEs that wait for their commit now.",
                  dns.updates_in_flight.value());
}

void collect_dns_tls(admin::MetricsText& metrics, const dnsd::ConnectionCounters& tls) {
    metrics.counter("dns_tls_connections_total", "DNS over TLS: connections accepted.",
                    tls.accepted.value());
    metrics.counter("dns_tls_refused_total", "DNS over TLS: connections over a limit.",
                    tls.refused.value());
    metrics.counter("dns_tls_timed_out_total",
                    "DNS over TLS: connections closed for being idle or slow.",
                    tls.timed_out.value());
    metrics.counter("dns_tls_handshakes_failed_total",
                    "DNS over TLS: handshakes that failed or made room for newer ones.",
                    tls.handshakes_failed.value());
    metrics.gauge("dns_tls_connections", "DNS over TLS: connections open now.", tls.open.value());
}

void collect_dns_https(admin::MetricsText& metrics, const dnsd::Server& dns) {
    std::uint64_t open = 0, total = 0, refused = 0, failed = 0;
    std::array<std::uint64_t, 6> responses{};
    dns.for_each_https([&](const net::HttpCounters& each) {
        open += each.connections_open;
        total += each.connections_total;
        refused += each.connections_refused;
        failed += each.handshakes_failed;
        for (std::size_t status = 0; status < responses.size(); ++status)
            responses[status] += each.responses[status];
    });
    metrics.counter("dns_https_connections_total", "DNS over HTTPS: connections accepted.", total);
    metrics.counter("dns_https_refused_total", "DNS over HTTPS: connections over a limit.",
                    refused);
    metrics.counter("dns_https_handshakes_failed_total", "DNS over HTTPS: handshakes that failed.",
                    failed);
    metrics.gauge("dns_https_connections", "DNS over HTTPS: connections open now.", open);
    metrics.family("dns_https_responses_total", Kind::Counter,
                   "DNS over HTTPS: responses, by class of status.");
    metrics.sample("status", "2xx", responses[2]);
    metrics.sample("status", "4xx", responses[4]);
    metrics.sample("status", "5xx", responses[5]);
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

/// What is watched, and what became of it.
void collect_observer(admin::MetricsText& metrics, const dnsd::Counters& dns,
                      const observer::ObserverCounters& observer) {
    metrics.counter("dns_observed_total", "Exchanges that dnstap or the query log was to see.",
                    dns.observed.value());
    metrics.counter("dns_observed_dropped_total",
                    "Of those, exchanges that neither will see: a worker's ring was full.",
                    dns.observed_dropped.value());
    metrics.gauge("dnstap_connected", "Whether a dnstap reader is there.",
                  observer.is_connected.value());
    metrics.family("dnstap_frames_total", Kind::Counter, "dnstap messages, by what came of them.");
    metrics.sample("result", "written", observer.dnstap.written.value());
    metrics.sample("result", "dropped", observer.dnstap.dropped.value());
    metrics.family("query_log_lines_total", Kind::Counter,
                   "Lines of the query log, by what came of them.");
    metrics.sample("result", "written", observer.query_log.written.value());
    metrics.sample("result", "dropped", observer.query_log.dropped.value());
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

void collect_own_certificate(admin::MetricsText& metrics, const admin::ServedCertificate& served) {
    metrics.family(
        "own_certificate_expiry_timestamp_seconds", Kind::Gauge,
        "When the certificate expires that the API, DNS over TLS and DNS over HTTPS show, "
        "in Unix time.");
    metrics.sample("source", to_string(served.source),
                   static_cast<std::uint64_t>(to_unix_seconds(served.not_after)));
}

void collect_budget(admin::MetricsText& metrics, const acme::QueueView& queue, WallTime now) {
    metrics.family("acme_waiting", Kind::Gauge, "Orders that wait for the CA's limits, by class.");
    for (std::size_t each = 0; each < acme::kWorkClasses; ++each)
        metrics.sample("class", acme::to_string(static_cast<acme::WorkClass>(each)),
                       queue.by_class[each]);
    metrics.family("acme_tokens_left", Kind::Gauge,
                   "Orders that the CA's limits leave now: of the account, and of registered "
                   "domains where some are used up.");
    const auto levels = queue.budget.levels(now, kDomainsInMetrics);
    for (const auto& level : levels)
        metrics.sample({{"limit", acme::to_string(level.bucket.limit)}, {"key", level.bucket.key}},
                       static_cast<std::uint64_t>(level.left));
    metrics.gauge("acme_parked_classes",
                  "Classes of orders that the CA wants to be left alone with.",
                  queue.parked.size());
}

void collect_issuers(admin::MetricsText& metrics, const acme::IssuersView& view) {
    metrics.family("acme_issuer_up", Kind::Gauge,
                   "1 while the CA works, 0 while its breaker is open.");
    for (const acme::IssuerView& each : view.issuers)
        metrics.sample("issuer", each.name, each.breaker == acme::Breaker::State::Closed ? 1 : 0);
    metrics.family("acme_issuer_openings_total", Kind::Counter, "Times that a CA stopped working.");
    for (const acme::IssuerView& each : view.issuers)
        metrics.sample("issuer", each.name, each.openings);
    metrics.family("acme_issuer_orders_total", Kind::Counter, "Orders, by the CA that got them.");
    for (const acme::IssuerView& each : view.issuers)
        metrics.sample("issuer", each.name, each.orders);
    metrics.family("acme_canary_failures", Kind::Gauge,
                   "How often in a row a CA or an account in reserve was tried in vain.");
    for (const acme::IssuerView& each : view.issuers) {
        const auto failures = [&](std::string_view kind, const auto& canary) {
            if (canary)
                metrics.sample({{"issuer", each.name}, {"kind", kind}},
                               static_cast<std::uint64_t>(canary->failures));
        };
        failures("certificate", each.certificate_canary);
        failures("standby-account", each.standby_canary);
    }
}

void collect_checkin(admin::MetricsText& metrics, const checkin::Counters& checkin) {
    metrics.family("checkin_datagrams_total", Kind::Counter,
                   "Check-ins over UDP, by what came of them.");
    for (std::size_t outcome = 0; outcome < checkin.outcomes.size(); ++outcome)
        metrics.sample("outcome", to_string(static_cast<checkin::Outcome>(outcome)),
                       checkin.outcomes[outcome].value());
    metrics.counter("checkin_send_failed_total", "Challenges that the kernel would not take.",
                    checkin.send_failed.value());
    metrics.gauge("checkin_servers", "Servers that may check in.", checkin.servers.value());
    metrics.counter("checkin_left_out_total",
                    "Times that a server may not check in because there are too many.",
                    checkin.left_out.value());
}

// The second number of /proc/self/statm: resident pages.
std::uint64_t resident_octets() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void Metrics::collect(admin::MetricsText& metrics) const {
    const std::vector<dnsd::Counters> workers = dns_.by_worker();
    dnsd::Counters dns;
    for (const dnsd::Counters& each : workers)
        dns += each;
    collect_dns(metrics, dns);
    collect_dns_spread(metrics, dns);
    collect_dns_workers(metrics, workers);
    collect_dns_updates(metrics, dns);
    collect_dns_tls(metrics, dns.tls);
    collect_dns_https(metrics, dns_);
    collect_dns_guard(metrics, dns);
    collect_observer(metrics, dns, observer_.counters());
    collect_notify(metrics, notifier_.counters());
    collect_http(metrics, http_);
    collect_own_certificate(metrics, own_.view().served);
    if (certificates_ != nullptr) {
        collect_acme(metrics, certificates_->counters());
        collect_budget(metrics, *certificates_->queue(), clock_.now());
        collect_issuers(metrics, *certificates_->issuers());
    }
    if (desk_ != nullptr) collect_checkin(metrics, desk_->counters());
    metrics.gauge("process_resident_octets", "Resident memory.", resident_octets());
}

}  // namespace hairpin::daemon
