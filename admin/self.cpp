// A server about itself: GET /v1/self and the heartbeat.

#include <cmath>
#include <memory>
#include <utility>

#include "admin/handlers.hpp"
#include "admin/heartbeat.hpp"
#include "admin/heartbeat_json.hpp"
#include "admin/log_text.hpp"
#include "admin/presence.hpp"
#include "admin/report_row.hpp"
#include "admin/server_view.hpp"
#include "core/log.hpp"

namespace hairpin::admin {
namespace {

/// Seconds until the next report, spread by a tenth to either side so that a fleet that started
/// together does not report together.
double next_in(Seconds interval, std::int64_t server_id, WallTime now) {
    auto seed = static_cast<std::uint64_t>(server_id) * 0x9E3779B97F4A7C15u ^
                static_cast<std::uint64_t>(to_unix_milliseconds(now));
    seed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9u;  // The finisher of splitmix64.
    seed = (seed ^ (seed >> 27)) * 0x94D049BB133111EBu;
    const double spread = static_cast<double>(seed >> 11) / static_cast<double>(1ull << 53);
    return static_cast<double>(interval.count()) * (0.9 + 0.2 * spread);
}

/// One heartbeat on its way: what the commit thread leaves for the loop.
struct Beat {
    Heartbeat heartbeat;
    IpAddress observed;
    store::Identity identity;
    HeartbeatDecision decision;
    store::ServerRow server;    // As it stands after the beat.
    bool is_committed = false;  // Something was written.
    bool is_changed = false;    // DNS.
};

Result<HeartbeatDecision, Problem> decide_in(const ApiContext& context,
                                             const zones::ZoneTable& table, const Beat& beat,
                                             const store::ServerRow& server, WallTime now) {
    const ApiOptions& options = context.options;
    const zones::Name& apex = beat.identity.licence->zone_apex;
    const zones::Zone* zone = table.find(apex);
    const auto names = twin_names(server.label, apex, options.addresses);
    if (zone == nullptr || !names)
        return fail(Problem(ProblemType::Internal, "the zone of server " + server.label +
                                                       " does not fit the configuration"));
    const auto rival = context.rivals.find(server.id);
    return decide({*zone, *names, server, beat.identity.credential.created_at, beat.observed, now,
                   options.addresses, options.ttl, presence_window(options.heartbeat_interval),
                   rival ? std::optional(rival->at) : std::nullopt},
                  beat.heartbeat);
}

store::SeenUpdate seen_now(std::int64_t server_id, WallTime now) {
    store::SeenUpdate update;
    update.server_id = server_id;
    update.last_seen_at = now;
    update.online = store::Online::Online;
    return update;
}

void write_refused(JsonWriter& json, const std::vector<RefusedAddress>& refused) {
    json.key("refused").begin_array();
    for (const RefusedAddress& each : refused) {
        json.begin_object();
        json.member("name", shown(each.name));
        json.member("address", each.address);
        json.member("reason", each.reason);
        json.end_object();
    }
    json.end_array();
}

/// The server serves what it was given: as good as POST /v1/self/certificate/deployed.
void acknowledge(Api& api, const Beat& beat, const acme::ServerCertificates& certificates) {
    CertificateDesk* desk = api.context().certificates;
    const auto& served = beat.heartbeat.certificate;
    if (desk == nullptr || !served) return;
    const auto is_news = [&](const acme::CertificateState& state) {
        return served == state.sha256 && !state.deployed;
    };
    if (!is_news(certificates.twin) &&
        std::none_of(certificates.alone.begin(), certificates.alone.end(),
                     [&](const auto& each) { return is_news(each.state); }))
        return;
    if (beat.decision.machine != MachineVerdict::Agreed &&
        beat.decision.machine != MachineVerdict::Adopted)
        return;
    const std::string name = beat.server.licence + "/" + beat.server.label;
    desk->deployed(beat.server.id, *served, actor_of(beat.identity, beat.observed, "heartbeat"),
                   [name](const Result<void>& done) {
                       // The next heartbeat says it again.
                       if (!done)
                           log::logger("admin").debug("{}: what it serves was not noted: {}", name,
                                                      done.error().text());
                   });
}

void answer(Api& api, Exchange& exchange, const Beat& beat) {
    const bool is_held = beat.decision.machine == MachineVerdict::Held;
    const auto view = describe(api, beat.server, beat.identity.licence->zone_apex, is_held);
    if (!view) return api.respond(exchange, view.error());
    // A mistake that every report repeats is worth one line, when something changes with it.
    const auto level = beat.is_committed ? spdlog::level::warn : spdlog::level::debug;
    for (const RefusedAddress& each : beat.decision.refused)
        log::logger("admin").log(level, "heartbeat of {}/{} from {}: not taken into {}: {}: {}",
                                 beat.server.licence, beat.server.label, beat.observed.text(),
                                 shown(each.name), log_text(each.address), each.reason);
    api.context().counters.addresses_refused.fetch_add(beat.decision.refused.size(),
                                                       std::memory_order_relaxed);
    JsonWriter json;
    json.begin_object();
    json.member("changed", beat.is_changed);
    json.member("serial", view->serial);
    json.member("observed", beat.observed.text());
    write_names(json, view->names, view->aliases);
    write_published(json, *view);
    write_refused(json, beat.decision.refused);
    json.member("mount", mount_of(*view));
    write_verdict(json, view->verdict);
    write_certificate(json, view->certificates.twin, view->alarm);
    write_certificates_alone(json, view->certificates.alone);
    acknowledge(api, beat, view->certificates);
    const auto interval = api.context().options.heartbeat_interval;
    json.key("next_in").tenths(next_in(interval, beat.server.id, api.now()));
    write_check_in(json, api.context().options, beat.server.id, api.now());
    json.end_object();
    api.respond(exchange, json_response(200, json));
}

/// On the commit thread: decides anew over what this commit meets, so that two reports of one
/// server cannot undo each other's families.
Result<void, Problem> commit(const ApiContext& context, Beat& beat, store::Writer& writer,
                             zones::Change& change) {
    // The operator may have suspended or replaced since: what was answered there holds here.
    auto identity = TRY(writer.read().credential_by_hash(beat.identity.credential.token_hash));
    if (!identity) return fail(Problem(ProblemType::Forbidden, "the server of this token is gone"));
    TRY(check_standing(*identity, writer.now()));
    auto server = identity->server;
    beat.identity = *std::move(identity);
    beat.decision = TRY(decide_in(context, writer.zones(), beat, *server, writer.now()));
    const HeartbeatDecision& decision = beat.decision;
    if (decision.machine == MachineVerdict::Held) {
        beat.server = *std::move(server);
        return {};
    }
    if (decision.port != server->port || decision.state != server->state) {
        server->port = decision.port;
        server->state = decision.state;
        TRY(writer.update_server(*server));
        server->version += 1;
    }
    auto update = seen_now(server->id, writer.now());
    server->last_seen_at = update.last_seen_at;
    server->online = store::Online::Online;
    server->report = decision.report;
    update.report = decision.report;
    TRY(write_report_row(writer, std::move(update)));
    beat.server = *std::move(server);
    if (decision.edits.empty()) return {};
    zones::ZoneChange edit;
    edit.apex = beat.identity.licence->zone_apex;
    edit.edits = decision.edits;
    change.zones.push_back(std::move(edit));
    return {};
}

void finish_commit(Api& api, Exchange& exchange, Beat& beat, const store::WorkReceipt& receipt) {
    beat.is_committed = true;
    beat.is_changed = !receipt.zones.empty() && receipt.zones.front().changed;
    ApiCounters& counters = api.context().counters;
    ApiCounters::add(beat.is_changed ? counters.heartbeats_changed : counters.heartbeats_noted);
    const std::string name = beat.server.licence + "/" + beat.server.label;
    if (beat.decision.machine == MachineVerdict::Frozen &&
        beat.identity.server->state != store::ServerState::Frozen)
        log::logger("admin").warn(
            "two machines report as {}: its addresses are frozen; stop the copy, make a new "
            "credential and set the state to active",
            name);
    if (beat.is_changed)
        log::logger("admin").info("heartbeat of {} from {}: addresses changed, serial {}", name,
                                  beat.observed.text(), receipt.zones.front().serial);
    answer(api, exchange, beat);
}

void submit_beat(Api& api, std::shared_ptr<Exchange> exchange, std::shared_ptr<Beat> beat) {
    const store::ServerRow& server = *beat->identity.server;
    store::Work work;
    work.audit = {"heartbeat", server.licence + "/" + server.label};
    work.change.actor = actor_of(beat->identity, beat->observed, "heartbeat");
    work.change.reason = beat->decision.machine == MachineVerdict::Frozen
                             ? "two machines report as this server: frozen"
                             : "report";
    auto problem = std::make_shared<std::optional<Problem>>();
    work.rows = [beat, problem, &context = api.context()](store::Writer& writer,
                                                          zones::Change& change) -> Result<void> {
        auto done = commit(context, *beat, writer, change);
        if (done) return {};
        *problem = std::move(done).error();
        return fail(to_error(**problem));
    };
    api.context().committer.submit(
        std::move(work), [back = api.way_back(), exchange, beat,
                          problem](Result<store::WorkReceipt, store::WorkRefusal> result) {
            back.post([exchange, beat, problem, result = std::move(result)](Api& self) {
                if (result) return finish_commit(self, *exchange, *beat, *result);
                ApiCounters::add(self.context().counters.heartbeats_refused);
                self.respond(*exchange, *problem ? **problem : Problem(result.error()));
            });
        });
}

/// Every change costs a commit, so a server that flips forth and back is slowed down. A freeze is
/// never put off: it comes once.
void take_turn(Api& api, std::shared_ptr<Exchange> exchange, std::shared_ptr<Beat> beat) {
    ApiContext& context = api.context();
    const bool is_freeze = beat->decision.machine == MachineVerdict::Frozen;
    const auto wait =
        is_freeze ? std::nullopt : context.changes.take(beat->server.id, context.clock.monotonic());
    if (!wait) return submit_beat(api, std::move(exchange), std::move(beat));
    ApiCounters::add(context.counters.heartbeats_refused);
    Problem problem(ProblemType::TooManyRequests,
                    "the reports of this server change too often; this one was not taken");
    problem.retry_after = wait;
    api.respond(*exchange, problem);
}

/// Another machine reports while the agreed one is alive: remembered, so that the next report of
/// that one reveals the conflict.
void hold_back(Api& api, const Beat& beat) {
    RivalWatch& rivals = api.context().rivals;
    const auto before = rivals.find(beat.server.id);
    const std::string& machine = *beat.heartbeat.machine;
    if (!before || before->machine != machine)
        log::logger("admin").warn(
            "another machine reports as {}/{} from {}: held back while the agreed one is alive",
            beat.server.licence, beat.server.label, beat.observed.text());
    rivals.remember(beat.server.id, {machine, beat.observed, api.now()});
}

}  // namespace

Result<net::Response, Problem> get_self(Api& api, const Call& call) {
    JsonWriter json;
    const auto view = TRY(describe(api, *call.caller->server, call.caller->licence->zone_apex));
    json.begin_object();
    write_server_members(json, view);
    write_check_in(json, api.context().options, view.server.id, api.now());
    write_fallback(json, api.context().options);
    json.end_object();
    return json_response(200, json);
}

void post_heartbeat(Api& api, std::shared_ptr<Exchange> exchange) {
    ApiCounters& counters = api.context().counters;
    const Call& call = exchange->call;
    auto heartbeat = parse_heartbeat(call.request.body);
    if (!heartbeat) {
        ApiCounters::add(counters.heartbeats_refused);
        return api.respond(*exchange, heartbeat.error());
    }
    auto beat = std::make_shared<Beat>();
    beat->heartbeat = *std::move(heartbeat);
    beat->observed = call.request.peer.unmapped();
    beat->identity = *call.caller;
    beat->server = *call.caller->server;
    const WallTime now = api.now();
    auto decision = decide_in(api.context(), *api.zones(), *beat, beat->server, now);
    if (!decision) return api.respond(*exchange, decision.error());
    beat->decision = *std::move(decision);

    const bool is_held = beat->decision.machine == MachineVerdict::Held;
    if (is_held) hold_back(api, *beat);
    if (!is_held && (!beat->decision.edits.empty() || beat->decision.changes_rows(beat->server)))
        return take_turn(api, std::move(exchange), std::move(beat));
    ApiCounters::add(counters.heartbeats_unchanged);
    if (!is_held) {
        api.context().committer.seen(seen_now(beat->server.id, now));
        beat->server.last_seen_at = now;
        beat->server.online = store::Online::Online;
    }
    answer(api, *exchange, *beat);
}

}  // namespace hairpin::admin
