// dyndns2: GET, POST /nic/update, /v3/update, /update. What routers and their like call.
//
// Answers are lines of text with status 200, one for each host in its order, or one word for all;
// only `badauth` comes with 401. Many boxes stop for good after `badauth`, `nohost` or `abuse`, so
// what will pass is `dnserr`, and `911` where the fault is ours. No text of ours holds "good" or
// "nochg" by accident: inadyn looks for them anywhere in the body.

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "admin/credential_check.hpp"
#include "admin/door_exchange.hpp"
#include "admin/dyndns_request.hpp"
#include "admin/handlers.hpp"
#include "admin/heartbeat.hpp"
#include "admin/names.hpp"
#include "admin/rehearsal.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {
namespace {

using Kind = AddressWish::Kind;
using zones::RType;

constexpr std::string_view kBadAuth = "badauth";
constexpr std::string_view kLater = "dnserr";  // It will pass: try again in some minutes.
constexpr std::string_view kOurFault = "911";

/// One host with what is to hold there.
struct Target {
    zones::Name name;
    std::optional<zones::TwinRole> role;  // In a licence zone.
    HostWish wish;
};

/// A call on its way.
struct Update {
    IpAddress observed;
    zones::Name apex;
    std::vector<Target> targets;
    std::vector<zones::Edit> edits;
    std::vector<bool> changes;       // By target.
    std::vector<std::string> shown;  // By target: the address in its line.
};

net::Response word(std::string_view text, int status = 200) {
    net::Response response;
    response.status = status;
    response.headers = {{"content-type", "text/plain; charset=utf-8"}};
    response.body = std::string(text) + "\n";
    if (status == 401) response.headers.push_back({"www-authenticate", "Basic realm=\"hairpin\""});
    return response;
}

/// Errors of a request that have a word of their own.
constexpr std::array<std::string_view, 2> kOwnWords{"notfqdn", "numhost"};

/// What a client can do about it, in the one word that it knows.
net::Response dyndns_words(const Problem& problem) {
    const bool is_word =
        std::find(kOwnWords.begin(), kOwnWords.end(), problem.detail) != kOwnWords.end();
    if (problem.type == ProblemType::InvalidRequest && is_word) return word(problem.detail);
    const bool will_pass = problem.type == ProblemType::LicenceSuspended ||
                           problem.type == ProblemType::ServerSuspended;
    if (will_pass) return word(kLater);
    if (problem.type == ProblemType::Unauthorized) return word(kBadAuth, 401);
    if (problem.status() == 403 || problem.status() == 404) return word("nohost");
    return word(problem.status() >= 500 ? kOurFault : kLater);
}

net::Response lines_of(const Update& update) {
    // The commit did what was refused a moment before: nobody has looked at what came of it.
    if (update.shown.size() != update.targets.size()) return word(kLater);
    std::string text;
    for (std::size_t at = 0; at < update.targets.size(); ++at) {
        const bool is_empty = update.shown[at].empty();
        // Nothing that was said fits, and nothing was there: the name does not answer.
        if (is_empty && !update.changes[at])
            text += kLater;
        else
            text += update.changes[at] ? "good" : "nochg";
        if (!is_empty) text += " " + update.shown[at];
        text += "\n";
    }
    text.pop_back();
    net::Response response = word(text);
    response.headers.push_back({"cache-control", "no-store"});
    return response;
}

constexpr DoorFace kDyndns{Door::Dyndns, &dyndns_words};

/// The secret of a request: Basic, or `username` and `password` (OpenWrt's entry for deSEC).
std::optional<DoorSecret> secret_of(const net::Request& request, const Parameters& parameters) {
    if (auto basic = basic_secret(request)) return basic;
    DoorSecret secret;
    for (const auto& [name, value] : parameters) {
        if (name == "username") secret.user = value;
        if (name == "password") secret.secret = value;
    }
    if (secret.secret.empty()) return std::nullopt;
    return secret;
}

/// The names of an account that are exact: with one alone, nobody needs to say it.
std::optional<zones::Name> only_name(const store::Identity& identity,
                                     const std::vector<zones::Grant>& grants,
                                     const zones::AddressRules& rules) {
    if (identity.server && identity.licence) {
        const auto names = twin_names(identity.server->label, identity.licence->zone_apex, rules);
        if (names) return names->public_name;
    }
    if (grants.size() != 1 || grants.front().names.size() != 1) return std::nullopt;
    const zones::NamePattern& only = grants.front().names.front();
    return only.kind == zones::NamePattern::Kind::Exactly ? std::optional(only.name) : std::nullopt;
}

/// Private for the internal name, public for the public one; elsewhere whatever was said.
bool fits(const Target& target, const IpAddress& address, const zones::AddressRules& rules) {
    return !target.role || !rules.refusal(*target.role, address);
}

Octets rdata_of(const IpAddress& address) {
    return {address.octets().begin(), address.octets().end()};
}

class UpdatePlanner {
public:
    UpdatePlanner(const ApiOptions& options, const zones::Zone& zone, Update& update)
        : options_(options), zone_(zone), update_(update) {}

    void run() {
        for (const Target& target : update_.targets) {
            plan_family(target, target.wish.v4, RType::A);
            plan_family(target, target.wish.v6, RType::AAAA);
        }
    }

private:
    void plan_family(const Target& target, const AddressWish& wish, RType type) {
        zones::Edit edit;
        edit.owner = target.name;
        edit.type = type;
        edit.ttl = options_.ttl;
        switch (wish.kind) {
            case Kind::Keep:
                return;
            case Kind::Remove:
                break;
            case Kind::Own:
                add_observed(target, type, edit);
                break;
            case Kind::Set:
                for (const IpAddress& each : wish.addresses)
                    if (fits(target, each, options_.addresses))
                        edit.rdatas.push_back(rdata_of(each));
                // A box behind another one knows its own side only: what we see is right then.
                if (edit.rdatas.empty()) add_observed(target, type, edit);
                break;
            case Kind::Prefix:
                for (const IpAddress& each : published_at(zone_, target.name))
                    if (!each.is_v4())
                        edit.rdatas.push_back(
                            rdata_of(under_prefix(wish.prefix, wish.prefix_bits, each)));
                break;
        }
        // A missing family is kept, never deleted: only Remove removes.
        if (edit.rdatas.empty() && wish.kind != Kind::Remove) return;
        update_.edits.push_back(std::move(edit));
    }

    void add_observed(const Target& target, RType type, zones::Edit& edit) {
        const bool is_of_family = update_.observed.is_v4() == (type == RType::A);
        if (is_of_family && target.role != zones::TwinRole::Internal &&
            fits(target, update_.observed, options_.addresses))
            edit.rdatas.push_back(rdata_of(update_.observed));
    }

    const ApiOptions& options_;
    const zones::Zone& zone_;
    Update& update_;
};

/// Whether addresses of one family at least may be changed there, whatever they are; else why not.
zones::Decision may_name(const std::vector<zones::Grant>& grants, const zones::Name& apex,
                         const zones::Name& owner, const IpAddress& source) {
    zones::PermissionQuestion question;
    question.apex = apex;
    question.owner = owner;
    question.source = source;
    question.type = RType::A;
    auto decision = zones::decide(grants, question);
    if (decision.is_allowed) return decision;
    question.type = RType::AAAA;
    auto other = zones::decide(grants, question);
    return other.is_allowed ? other : decision;
}

DoorRefused no_host(const std::string& host, std::string sentence) {
    return {Problem(ProblemType::Forbidden, sentence), host, std::move(sentence)};
}

DoorRefused own_word(std::string_view word, const std::string& host, std::string sentence) {
    return {Problem(ProblemType::InvalidRequest, std::string(word)), host, std::move(sentence)};
}

/// Adds one host. Errors: it is none, or the account may not name it.
Result<void, DoorRefused> add_target(Api& api, const std::vector<zones::Grant>& grants,
                                     HostWish wish, Update& update) {
    const zones::AddressRules& rules = api.context().options.addresses;
    const std::string host = wish.host;
    const auto name = zones::Name::parse(host);
    if (!name || name->labels() < 2)
        return fail(own_word("notfqdn", host, "refused: \"" + host + "\" is not a whole name"));
    const auto table = api.zones();
    const zones::Zone* zone = table->closest_enclosing(*name);
    if (zone == nullptr || !zones::concerns(grants, zone->apex()))
        return fail(no_host(host, "refused: no grant is for a zone of " + name->lower().text()));
    // One commit is about one zone here.
    if (!update.targets.empty() && !(update.apex == zone->apex()))
        return fail(own_word("numhost", host, "refused: the hosts are in more than one zone"));
    update.apex = zone->apex();
    Target target{name->lower(), {}, std::move(wish)};
    auto decision = may_name(grants, zone->apex(), target.name, update.observed);
    if (!decision.is_allowed) return fail(no_host(host, std::move(decision.rule)));
    if (zone->kind() == zones::ZoneKind::Licence)
        target.role = rules.role_of(target.name, zone->apex());
    update.targets.push_back(std::move(target));
    return {};
}

/// Which zone the hosts are in, and which of them the account may name at all.
Result<void, DoorRefused> find_targets(Api& api, const Exchange& exchange,
                                       const DyndnsRequest& request, Update& update) {
    const auto grants = grants_of_caller(api, exchange);
    if (!grants) return fail(DoorRefused::with(grants.error(), ""));
    std::vector<HostWish> wishes = request.hosts;
    if (wishes.empty()) {
        const auto only =
            only_name(*exchange.call.caller, *grants, api.context().options.addresses);
        if (!only)
            return fail(no_host("", "refused: no host was named, and there is not one only"));
        wishes.push_back(request.of_account);
        wishes.back().host = only->text();
    }
    for (HostWish& wish : wishes)
        if (auto added = add_target(api, *grants, std::move(wish), update); !added) return added;
    return {};
}

/// What each line will say, from the zone as it would be.
void note_lines(const zones::Zone& zone, const zones::ZoneDifference& difference, Update& update) {
    for (const Target& target : update.targets) {
        const auto& rrsets = difference.rrsets;
        update.changes.push_back(std::any_of(
            rrsets.begin(), rrsets.end(),
            [&](const zones::RRsetDifference& each) { return each.owner == target.name; }));
        const auto addresses = published_at(zone, target.name);
        update.shown.push_back(addresses.empty() ? std::string() : addresses.front().text());
    }
}

bool is_settled(const EditPlan& plan, store::Queries& queries) {
    return std::all_of(plan.reports.begin(), plan.reports.end(), [&](const PlannedReport& each) {
        const auto server = queries.server(each.server.id);
        return server && *server && (*server)->report == each.server.report;
    });
}

void note_seen(Api& api, const EditPlan& plan) {
    for (const PlannedReport& each : plan.reports) {
        store::SeenUpdate seen;
        seen.server_id = each.server.id;
        seen.last_seen_at = api.now();
        seen.online = store::Online::Online;
        api.context().committer.seen(std::move(seen));
    }
}

/// Nothing to write: answered from what is published, without a commit. Else the commit decides.
void plan_and_answer(Api& api, std::shared_ptr<Exchange> exchange, std::shared_ptr<Update> update) {
    const auto table = api.zones();
    UpdatePlanner(api.context().options, *table->share(update->apex), *update).run();
    EditRequest request{exchange->call.caller->credential.id, update->observed, {}};
    request.change.apex = update->apex;
    request.change.edits = update->edits;
    const auto tried = try_edits(api, request);
    if (tried) note_lines(*tried->edited.zone, tried->edited.difference, *update);
    const bool is_done = tried && !tried->edited.changed && is_settled(tried->plan, api.queries());
    if (!is_done || exchange->rehearsal)
        return edit_at_door(api, std::move(exchange), kDyndns,
                            {update->apex, std::move(update->edits), ""},
                            [update] { return lines_of(*update); });
    note_seen(api, tried->plan);
    answer_door(api, *exchange, kDyndns, lines_of(*update));
}

DoorRefused refused_request(DyndnsError error) {
    if (error == DyndnsError::TooManyHosts)
        return own_word("numhost", "", "refused: there are too many hosts");
    return DoorRefused::with(
        Problem(ProblemType::InvalidRequest, "refused: an address or a prefix is none"), "");
}

}  // namespace

void handle_dyndns(Api& api, std::shared_ptr<Exchange> exchange) {
    const net::Request& request = exchange->call.request;
    // A form in the body of a POST says the same as a query.
    const auto parameters =
        read_parameters(request.query + (request.body.empty() ? "" : "&" + request.body));
    if (!parameters)
        return answer_door(
            api, *exchange, kDyndns,
            Problem(ProblemType::InvalidRequest, "refused: the parameters are broken or too many"));
    const auto secret = secret_of(request, *parameters);
    if (!secret)
        return answer_door(api, *exchange, kDyndns,
                           Problem(ProblemType::Unauthorized, "refused: no secret was sent"));
    const auto* caller = admit_door(api, *exchange, kDyndns, secret,
                                    {store::CredentialKind::Dyndns, store::CredentialKind::Server,
                                     store::CredentialKind::Token});
    if (caller == nullptr) return;
    auto wanted = read_dyndns_request(*parameters, secret->user);
    if (!wanted)
        return refuse_at_door(api, std::move(exchange), kDyndns, refused_request(wanted.error()));
    auto update = std::make_shared<Update>();
    update->observed = request.peer.unmapped();
    if (auto found = find_targets(api, *exchange, *wanted, *update); !found)
        return refuse_at_door(api, std::move(exchange), kDyndns, std::move(found).error());
    plan_and_answer(api, std::move(exchange), std::move(update));
}

}  // namespace hairpin::admin
