#include "admin/api.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "admin/credential_check.hpp"
#include "admin/door_login.hpp"
#include "admin/idempotency.hpp"
#include "admin/log_text.hpp"
#include "core/log.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kCachedCertificates = 100'000;

bool is_write(net::Method method) noexcept {
    return method != net::Method::Get && method != net::Method::Head &&
           method != net::Method::Options;
}

bool may_monitor(const ApiOptions& options, const IpAddress& peer) {
    return std::any_of(options.monitoring_from.begin(), options.monitoring_from.end(),
                       [&](const Prefix& prefix) { return prefix.contains(peer.unmapped()); });
}

/// Who asks is not found out here: nobody asks, or the handler does.
bool needs_no_token(Access access) noexcept {
    return access == Access::Anyone || access == Access::Door || access == Access::Signature;
}

/// Whether the head says that the body fits a stranger's limit; the codecs hold it to that.
bool is_announced_small(const net::Request& head) {
    const auto field = head.header("content-length");
    if (!field) return false;
    std::size_t octets = 0;
    const char* const end = field->data() + field->size();
    const auto [stop, error] = std::from_chars(field->data(), end, octets);
    return error == std::errc() && stop == end && octets <= kStrangersBody;
}

/// What a log line says of the caller.
std::string who(const Call& call) {
    if (!call.caller) return call.request.peer.text();
    const zones::Actor actor = actor_of(*call.caller, call.request.peer, "rest");
    return actor.kind + " " + log_text(actor.id) + " at " + actor.source;
}

}  // namespace

Api::Api(Private, ApiContext& context, net::Loop& loop, store::Reader reader)
    : context_(context),
      loop_(loop),
      way_back_(loop),
      reader_(std::move(reader)),
      authenticator_(context.clock, context.failures),
      waits_(loop, context.options.max_waits, context.options.max_waits_per_server),
      event_readers_(*this, loop) {}

std::shared_ptr<Api> Api::create(ApiContext& context, net::Loop& loop, store::Reader reader) {
    auto api = std::make_shared<Api>(Private(), context, loop, std::move(reader));
    api->way_back_.lead_to(api);
    if (context.bell != nullptr)
        api->bell_ = context.bell->subscribe([back = api->way_back_](hooks::Ring ring) {
            if (ring == hooks::Ring::Events)
                back.post([](Api& self) { self.event_readers_.news(); });
            if (ring == hooks::Ring::End) back.post([](Api& self) { self.event_readers_.end(); });
        });
    if (context.certificates == nullptr) return api;
    api->subscription_ =
        context.certificates->subscribe([back = api->way_back_](std::int64_t server_id) {
            back.post([server_id](Api& self) {
                self.certificates_.erase(server_id);
                self.waits_.news(server_id);
            });
        });
    return api;
}

void Api::handle(net::Request&& request, net::Responder responder) {
    auto exchange = std::make_shared<Exchange>(
        Exchange{Call{std::move(request), nullptr, {}, {}, {}}, std::move(responder), {}});
    Call& call = exchange->call;
    if (const auto admitted = admit(call); !admitted) {
        const int status = admitted.error().status();
        if (status == 401 || status == 429)
            ApiCounters::add(context_.counters.authentication_failures);
        return respond(*exchange, admitted.error());
    }
    if (call.request.method == net::Method::Options) {
        net::Response response{204, {{"allow", allowed_methods(routes(), call.request.path)}}, {}};
        return respond(*exchange, std::move(response));
    }
    auto replay = find_replay(call);
    if (!replay) return respond(*exchange, replay.error());
    if (*replay) return respond(*exchange, **std::move(replay));
    dispatch(std::move(exchange));
}

Result<void, Problem> Api::admit(Call& call) {
    TRY(check_url(call.request));
    if (call.request.method == net::Method::Options) {
        if (!allowed_methods(routes(), call.request.path).empty()) return {};
        return fail(not_found("resource at this path"));
    }
    RouteMatch match = TRY(find_route(routes(), call.request.method, call.request.path));
    call.route = match.route;
    call.arguments = std::move(match.arguments);
    const Access access = call.route->access;
    if (needs_no_token(access)) return {};
    if (access == Access::Monitoring && may_monitor(context_.options, call.request.peer)) return {};
    call.caller = TRY(authenticator_.authenticate(queries(), call.request, access));
    TRY(check_source(call.caller->credential, call.request.peer));
    context_.committer.used(call.caller->credential.id, now());
    return {};
}

Result<std::optional<net::Response>, Problem> Api::find_replay(Call& call) {
    const auto key = call.request.header("idempotency-key");
    if (!key || !call.caller || !is_write(call.request.method))
        return std::optional<net::Response>();
    TRY(check_idempotency_key(*key));
    call.idempotency_key = *key;
    auto replay = TRY(replay_for(queries(), context_.sealer, call.caller->credential.id, *key,
                                 request_digest(call.request)));
    if (replay) ApiCounters::add(context_.counters.replays);
    return replay;
}

void Api::dispatch(std::shared_ptr<Exchange> exchange) {
    const Route& route = *exchange->call.route;
    if (const auto* read = std::get_if<ReadHandler>(&route.handler)) {
        auto answer = (*read)(*this, exchange->call);
        if (!answer) return respond(*exchange, answer.error());
        return respond(*exchange, *std::move(answer));
    }
    if (const auto* write = std::get_if<WriteHandler>(&route.handler)) {
        auto wanted = (*write)(*this, exchange->call);
        if (!wanted) return respond(*exchange, wanted.error());
        return submit(std::move(exchange), *std::move(wanted));
    }
    std::get<LaterHandler>(route.handler)(*this, std::move(exchange));
}

std::size_t Api::body_limit(const net::Request& head) {
    const auto match = find_route(routes(), head.method, head.path);
    if (!match) return 0;
    const Route& route = *match->route;
    const bool is_open = needs_no_token(route.access) || has_token_for(head, route.access);
    return is_open ? route.body_limit : std::min(route.body_limit, kStrangersBody);
}

std::size_t Api::body_limit_for(const net::Request& head) {
    const std::size_t limit = body_limit(head);
    if (limit <= kStrangersBody || is_announced_small(head)) return std::min(limit, kStrangersBody);
    const auto match = find_route(routes(), head.method, head.path);
    const Access access = match->route->access;
    const bool is_known =
        access == Access::Door
            ? shows_known_secret(queries(), head, now())
            : needs_no_token(access) || authenticator_.is_welcome(queries(), head, access);
    return is_known ? limit : kStrangersBody;
}

Result<acme::ServerCertificates> Api::certificates_of(std::int64_t server_id) {
    if (context_.certificates == nullptr) return acme::ServerCertificates{};
    const WallTime time = now();
    const auto is_over = [time](const acme::CertificateState& state) {
        return state.not_after && *state.not_after <= time;
    };
    const auto cached = certificates_.find(server_id);
    if (cached != certificates_.end()) {
        const acme::ServerCertificates& known = cached->second;
        if (!is_over(known.twin) &&
            std::none_of(known.alone.begin(), known.alone.end(),
                         [&](const auto& each) { return is_over(each.state); }))
            return with_waits(known, server_id);
    }
    const CertificateDesk& desk = *context_.certificates;
    acme::ServerCertificates read{TRY(desk.state(queries(), server_id, time)), {}};
    for (auto& name : TRY(store::AcmeQueries(queries().database()).names_alone(server_id))) {
        auto state = TRY(desk.state(queries(), store::Subject(server_id, name), time));
        if (state.phase != acme::Phase::None || state.expired_at)
            read.alone.push_back({std::move(name), std::move(state)});
    }
    if (certificates_.size() >= kCachedCertificates) certificates_.clear();
    certificates_.insert_or_assign(server_id, read);
    return with_waits(std::move(read), server_id);
}

Result<acme::CertificateState> Api::certificate_state(const store::Subject& subject) {
    acme::ServerCertificates all = TRY(certificates_of(subject.server_id));
    if (subject.name_alone.empty()) return std::move(all.twin);
    for (auto& [name, state] : all.alone)
        if (name == subject.name_alone) return std::move(state);
    if (context_.certificates == nullptr) return acme::CertificateState{};
    return context_.certificates->state(queries(), subject, now());
}

// Not cached: who waits moves on without an event of its own.
acme::ServerCertificates Api::with_waits(acme::ServerCertificates certificates,
                                         std::int64_t server_id) const {
    add_wait(certificates.twin, server_id);
    for (auto& [name, state] : certificates.alone)
        add_wait(state, store::Subject(server_id, name));
    return certificates;
}

void Api::add_wait(acme::CertificateState& state, const store::Subject& subject) const {
    if (state.step != store::to_string(store::AttemptState::Wanted)) return;
    const auto queue = context_.certificates->queue();
    const auto* entry = queue == nullptr ? nullptr : queue->find(subject);
    if (entry != nullptr) acme::add_wait(state, *entry);
}

void Api::respond(Exchange& exchange, net::Response response, std::string_view detail) {
    log_answer(exchange.call, response.status, detail);
    send(exchange, std::move(response));
}

void Api::respond(Exchange& exchange, const Problem& problem) {
    log_answer(exchange.call, problem.status(), problem.detail);
    send(exchange, to_response(problem));
}

void Api::send(Exchange& exchange, net::Response response) {
    const auto status_class = static_cast<std::size_t>(std::clamp(response.status / 100, 0, 5));
    ApiCounters::add(context_.counters.responses[status_class]);
    exchange.responder.send(std::move(response));
}

// One line per write that changed something, was refused or failed, and per failed read. The query
// is never logged, nor the path of a request that found no route (it may hold anything); what is
// limited is not logged at all. Heartbeats that are taken have lines of their own, and what a
// signed request at the ACME front changes has a row of the audit: most of them only look.
void Api::log_answer(const Call& call, int status, std::string_view detail) const {
    if (status == 429 || (status < 500 && !is_write(call.request.method))) return;
    if (status < 400 && call.route != nullptr &&
        (call.route->pattern == "/v1/self/heartbeat" || call.route->access == Access::Signature))
        return;
    const auto level = status >= 500   ? spdlog::level::err
                       : status >= 400 ? spdlog::level::warn
                                       : spdlog::level::info;
    const std::string place =
        call.route != nullptr ? log_text(call.request.path) : "(no such resource)";
    log::logger("admin").log(level, "{} {} by {}: {}{}{}", net::to_string(call.request.method),
                             place, who(call), status, detail.empty() ? "" : " ",
                             log_text(detail, kLogDetailOctets));
}

}  // namespace hairpin::admin
