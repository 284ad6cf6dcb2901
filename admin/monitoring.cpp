// Health, readiness, metrics, and what anybody may ask: the address they come from.

#include <utility>

#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "admin/openapi_document.hpp"

namespace hairpin::admin {
namespace {

std::vector<Obstacle> obstacles_of(Api& api) {
    std::vector<Obstacle> obstacles;
    if (const auto trouble = api.context().committer.trouble())
        obstacles.push_back({"store", "nothing can be written now: " + trouble->cause});
    if (const auto readable = api.queries().licences(1, ""); !readable)
        obstacles.push_back({"store", "cannot be read: " + readable.error().cause});
    if (api.context().readiness != nullptr) {
        for (Obstacle& each : api.context().readiness->obstacles())
            obstacles.push_back(std::move(each));
    }
    return obstacles;
}

std::uint64_t read(const std::atomic<std::uint64_t>& count) noexcept {
    return count.load(std::memory_order_relaxed);
}

void collect_api(const ApiCounters& counters, MetricsText& metrics) {
    metrics.family("http_responses_total", MetricsText::Kind::Counter,
                   "Answers of the API by status class.");
    for (std::size_t status = 1; status < counters.responses.size(); ++status)
        metrics.sample("class", std::to_string(status) + "xx", read(counters.responses[status]));
    metrics.family("heartbeats_total", MetricsText::Kind::Counter, "Heartbeats by outcome.");
    metrics.sample("outcome", "unchanged", read(counters.heartbeats_unchanged));
    metrics.sample("outcome", "changed", read(counters.heartbeats_changed));
    metrics.sample("outcome", "noted", read(counters.heartbeats_noted));
    metrics.sample("outcome", "refused", read(counters.heartbeats_refused));
    metrics.counter("addresses_refused_total", "Reported addresses that a rule kept out of DNS.",
                    read(counters.addresses_refused));
    metrics.counter("authentication_failures_total", "Requests without a valid credential.",
                    read(counters.authentication_failures));
    metrics.counter("idempotent_replays_total", "Answers given again for an Idempotency-Key.",
                    read(counters.replays));
    metrics.gauge("event_readers", "Streams of events, and long polls for them.",
                  read(counters.event_readers_open));
    metrics.gauge("certificate_waits", "Long polls that wait for a certificate.",
                  read(counters.waits_open));
}

void collect_doors(const DoorCounters& doors, MetricsText& metrics) {
    metrics.family("door_requests_total", MetricsText::Kind::Counter,
                   "Requests of stock clients by door and outcome.");
    for (std::size_t door = 0; door < kDoors.size(); ++door)
        for (std::size_t outcome = 0; outcome < kDoorOutcomes.size(); ++outcome)
            metrics.sample({{"door", kDoors[door]}, {"outcome", kDoorOutcomes[outcome]}},
                           doors.of(static_cast<Door>(door), static_cast<DoorOutcome>(outcome)));
}

void collect_store(const store::Committer& committer, MetricsText& metrics) {
    const store::CommitterCounters& counters = committer.counters();
    metrics.counter("commits_total", "Groups of works made durable.", read(counters.commits));
    metrics.counter("commits_failed_total", "Groups that could not be made durable.",
                    read(counters.failed_commits));
    metrics.family("works_total", MetricsText::Kind::Counter, "Works by outcome.");
    metrics.sample("outcome", "done", read(counters.works));
    metrics.sample("outcome", "refused", read(counters.refused));
    metrics.sample("outcome", "unavailable", read(counters.unavailable));
    metrics.counter("rrset_rows_total", "RRset rows written or deleted.",
                    read(counters.rrset_rows));
    metrics.counter("seen_rows_total", "Last-seen rows written.", read(counters.seen_rows));
    metrics.counter("pruned_rows_total", "Rows of history removed.", read(counters.pruned_rows));
    metrics.gauge("commit_queue", "Works that wait for a commit.", committer.queue_depth());
    metrics.family("last_commit_seconds", MetricsText::Kind::Gauge,
                   "From the first work of the last group to durable.");
    metrics.sample_seconds(static_cast<double>(read(counters.last_commit_microseconds)) / 1e6);
    metrics.gauge("zones_published_timestamp_seconds",
                  "When a zone last changed for readers, or all were loaded, in Unix time.",
                  static_cast<std::uint64_t>(counters.published_at.load()));
    metrics.gauge("store_writable", "1 while the store takes writes.", committer.trouble() ? 0 : 1);
}

void collect_webhooks(const hooks::TellerCounters& counters, MetricsText& metrics) {
    metrics.counter("webhook_delivered_total", "Events that web-hooks took.",
                    read(counters.delivered));
    metrics.counter("webhook_failed_total", "Attempts to tell a web-hook that failed.",
                    read(counters.failed));
    metrics.counter("webhook_given_up_total", "Web-hooks that were given up.",
                    read(counters.given_up));
    metrics.gauge("webhooks_enabled", "Web-hooks that are told of events.", read(counters.enabled));
    metrics.gauge("webhooks_failing", "Of those, web-hooks whose last attempt failed.",
                  read(counters.failing));
    metrics.gauge("webhook_pending",
                  "Events that web-hooks have still to be told of, or to pass over.",
                  read(counters.pending));
}

void collect_counts(Api& api, MetricsText& metrics) {
    metrics.gauge("zones", "Zones hosted.", api.zones()->size());
    const auto counts = api.queries().counts();
    if (!counts) return;  // hairpin_store_writable and /readyz say so.
    const auto number = [](std::int64_t count) { return static_cast<std::uint64_t>(count); };
    metrics.gauge("licences", "Licences.", number(counts->licences));
    metrics.family("servers", MetricsText::Kind::Gauge, "Servers by state.");
    metrics.sample("online", "online", number(counts->servers_online));
    metrics.sample("online", "offline", number(counts->servers_offline));
    metrics.sample("online", "unknown",
                   number(counts->servers - counts->servers_online - counts->servers_offline));
    metrics.gauge("journal_rows", "Rows of the journal.", number(counts->journal_rows));
}

void collect_certificates(Api& api, MetricsText& metrics) {
    const auto counts =
        api.certificate_counter().at(api.queries(), api.now(), api.context().clock.monotonic());
    if (!counts) return;  // hairpin_store_writable and /readyz say so.
    metrics.family("certificates", MetricsText::Kind::Gauge,
                   "Servers by where their certificate stands, counted once a minute.");
    for (std::size_t phase = 0; phase < kPhases; ++phase)
        metrics.sample("state", acme::to_string(static_cast<acme::Phase>(phase)),
                       (*counts)->phases[phase]);
    metrics.family("certificate_alarms", MetricsText::Kind::Gauge,
                   "Servers by what is wrong with their certificate, counted once a minute.");
    for (std::size_t kind = 0; kind < acme::kAlarmKinds; ++kind)
        metrics.sample("alarm", acme::kAlarmWords[kind], (*counts)->alarms[kind]);
}

net::Response text_response(std::string body, const char* type) {
    return {200, {{"content-type", type}, {"cache-control", "no-store"}}, std::move(body)};
}

}  // namespace

Result<net::Response, Problem> get_healthz(Api&, const Call&) {
    JsonWriter json;
    json.begin_object().member("status", "ok").member("version", HAIRPIN_VERSION).end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_readyz(Api& api, const Call&) {
    const auto obstacles = obstacles_of(api);
    if (!obstacles.empty()) {
        Problem problem(ProblemType::Unavailable, "not ready");
        for (const Obstacle& each : obstacles)
            problem.errors.push_back({each.what, each.cause});
        problem.retry_after = Seconds(5);
        return fail(std::move(problem));
    }
    JsonWriter json;
    json.begin_object().member("status", "ready").end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_metrics(Api& api, const Call&) {
    MetricsText metrics;
    collect_api(api.context().counters, metrics);
    collect_doors(api.context().doors, metrics);
    collect_store(api.context().committer, metrics);
    collect_counts(api, metrics);
    if (api.context().teller != nullptr)
        collect_webhooks(api.context().teller->counters(), metrics);
    if (api.context().certificates != nullptr) collect_certificates(api, metrics);
    if (api.context().metrics != nullptr) api.context().metrics->collect(metrics);
    return text_response(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
}

Result<net::Response, Problem> get_myip(Api&, const Call& call) {
    const std::string address = call.request.peer.unmapped().text();
    const std::string format = call.request.query_parameter("format").value_or("text");
    if (format == "text") return text_response(address + "\n", "text/plain; charset=utf-8");
    if (format == "json") {
        JsonWriter json;
        json.begin_object().member("ip", address).end_object();
        return json_response(200, json);
    }
    // What Dyn's checkip answered; routers look for these words.
    if (format == "html")
        return text_response(
            "<html><head><title>Current IP Check</title></head>"
            "<body>Current IP Address: " +
                address + "</body></html>\n",
            "text/html; charset=utf-8");
    return fail(invalid_field("?format", "must be text, json or html"));
}

Result<net::Response, Problem> get_whoami(Api&, const Call& call) {
    const IpAddress address = call.request.peer.unmapped();
    JsonWriter json;
    json.begin_object();
    json.member("observed", address.text());
    json.member("family", address.is_v4() ? "ipv4" : "ipv6");
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_openapi(Api&, const Call& call) {
    const std::string_view document = openapi_document();
    const std::string etag = content_etag(sha256(as_octets(document)));
    if (none_match_names(call.request, etag)) return net::Response{304, {{"etag", etag}}, {}};
    net::Response response = text_response(std::string(document), "application/json");
    response.headers = {{"content-type", "application/json"}, {"etag", etag}};
    return response;
}

}  // namespace hairpin::admin
