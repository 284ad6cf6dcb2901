// The acme-dns door: POST /register, POST /update, GET /health, as joohoi/acme-dns answers them.
//
// An account is a credential. Its full domain is `_acme-challenge.<account>._acme-dns.<zone>`, a
// name for a CNAME to point at that is in being from the start and stays so. Its first label makes
// its values challenge values like any other's (edit_plan.hpp). Every server has an account without
// a row: user and subdomain are one of its twin names, the key is its token.

#include <algorithm>
#include <utility>

#include "admin/acme_dns_account.hpp"
#include "admin/acme_dns_json.hpp"
#include "admin/authentication.hpp"
#include "admin/door_exchange.hpp"
#include "admin/edit_plan.hpp"
#include "admin/handlers.hpp"
#include "store/challenge_rows.hpp"

namespace hairpin::admin {
namespace {

using store::CredentialKind;

// Two at a time is what the original keeps, and the third is lost; wildcards and several names of
// one certificate need more.
constexpr std::size_t kKept = 8;
constexpr Milliseconds kKeptFor{3'600'000};
constexpr std::size_t kMost = 24;  // Below what edit_challenges.cpp takes.

std::string_view acme_dns_word(const Problem& problem) noexcept {
    if (problem.type == ProblemType::TooManyRequests) return "too_many_requests";
    if (problem.type == ProblemType::InvalidRequest) return problem.detail;
    const int status = problem.status();
    if (problem.type == ProblemType::MalformedJson || status == 413)
        return "malformed_json_payload";
    return status >= 500 ? "db_error" : "forbidden";
}

net::Response acme_dns_words(const Problem& problem) {
    // The original knows 400, 401 and 500; and its clients too.
    const int status = problem.status();
    JsonWriter json;
    json.begin_object().member("error", acme_dns_word(problem)).end_object();
    net::Response response;
    response.status = status == 400 || status == 429 ? status
                      : status == 413                ? 400
                      : status >= 500                ? 500
                                                     : 401;
    response.headers.push_back({"content-type", "application/json"});
    response.body = json.take();
    return response;
}

constexpr DoorFace kAcmeDns{Door::AcmeDns, &acme_dns_words};

DoorRefused foreign_account(const AcmeDnsUpdate& update) {
    return DoorRefused::with(
        Problem(ProblemType::Forbidden, "refused: the subdomain is not this account's"),
        update.subdomain);
}

/// The values at `owner` that make room for another one.
Result<std::vector<Octets>, Problem> outlived(Api& api, const zones::Name& apex,
                                              const zones::Name& owner, std::int64_t account) {
    auto values = TRY(store::challenge_values(api.queries().database(), apex, owner, account));
    std::vector<Octets> gone;
    for (std::size_t at = 0; at < values.size(); ++at) {
        const std::size_t newer = values.size() - at - 1;
        const bool is_old = api.now() - values[at].at >= kKeptFor;
        if (newer + 1 >= kKept && (is_old || newer + 1 >= kMost))
            gone.push_back(std::move(values[at].rdata));
    }
    return gone;
}

/// None: the subdomain is not the caller's.
Result<DoorEdits, Problem> update_edits(Api& api, const Exchange& exchange,
                                        const AcmeDnsUpdate& update) {
    const store::Identity& caller = *exchange.call.caller;
    const auto grants = TRY(grants_of_caller(api, exchange));
    const AcmeDnsNames names = challenge_names_of(caller, grants, update.subdomain);
    DoorEdits wanted{names.apex, {}, "acme-dns update"};
    for (const zones::Name& owner : names.owners) {
        zones::Edit prune;
        prune.kind = zones::EditKind::DeleteRecords;
        prune.owner = owner;
        prune.type = zones::RType::TXT;
        prune.rdatas = TRY(outlived(api, names.apex, owner, caller.credential.id));
        zones::Edit put = prune;
        put.kind = zones::EditKind::AddRecords;
        put.ttl = kChallengeTtl;
        put.rdatas = {challenge_rdata(update.txt)};
        // In this order: the value that is sent again is the newest, not one of the outlived.
        if (!prune.rdatas.empty()) wanted.edits.push_back(std::move(prune));
        wanted.edits.push_back(std::move(put));
    }
    return wanted;
}

}  // namespace

Result<net::Response, Problem> get_acme_dns_health(Api&, const Call&) {
    return net::Response{200, {}, {}};
}

void post_acme_dns_update(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto secret = key_secret(exchange->call.request);
    const auto* caller = admit_door(api, *exchange, kAcmeDns, secret,
                                    {CredentialKind::AcmeDns, CredentialKind::Server});
    if (caller == nullptr) return;
    const auto update = read_acme_dns_update(exchange->call.request.body);
    if (!update) return answer_door(api, *exchange, kAcmeDns, update.error());
    if (!is_same_account(secret->user, update->subdomain))
        return refuse_at_door(api, std::move(exchange), kAcmeDns, foreign_account(*update));
    auto wanted = update_edits(api, *exchange, *update);
    if (!wanted) return answer_door(api, *exchange, kAcmeDns, wanted.error());
    if (wanted->edits.empty())
        return refuse_at_door(api, std::move(exchange), kAcmeDns, foreign_account(*update));
    edit_at_door(api, std::move(exchange), kAcmeDns, *std::move(wanted), [txt = update->txt] {
        JsonWriter json;
        json.begin_object().member("txt", txt).end_object();
        return json_response(200, json);
    });
}

void post_acme_dns_register(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto* caller = admit_door(api, *exchange, kAcmeDns, any_secret(exchange->call.request),
                                    {CredentialKind::Token});
    if (caller == nullptr) return;
    auto sources = read_acme_dns_sources(exchange->call.request.body);
    if (!sources) return answer_door(api, *exchange, kAcmeDns, sources.error());
    const auto grants = grants_of_caller(api, *exchange);
    if (!grants) return answer_door(api, *exchange, kAcmeDns, grants.error());
    auto account = new_account(*caller, *grants, *std::move(sources));
    if (!account) return answer_door(api, *exchange, kAcmeDns, account.error());
    if (!may_write(api, *exchange, kAcmeDns)) return;

    const zones::Actor actor = actor_of(*caller, exchange->call.request.peer, "acme-dns");
    auto made = std::make_shared<AcmeDnsAccount>(*std::move(account));
    auto problem = std::make_shared<std::optional<Problem>>();
    store::Work work;
    work.change.actor = actor;
    work.audit = {"acme-dns.register", made->fulldomain.text()};
    work.rows = [made, problem, registrar = caller->credential.id,
                 source = exchange->call.request.peer.unmapped(), &context = api.context()](
                    store::Writer& writer, zones::Change& change) -> Result<void> {
        problem->reset();
        auto inserted = insert_account(context, writer, {registrar, source}, *made, change);
        if (inserted) return {};
        *problem = std::move(inserted).error();
        return fail(to_error(**problem));
    };
    api.context().committer.submit(
        std::move(work), [back = api.way_back(), exchange, made,
                          problem](Result<store::WorkReceipt, store::WorkRefusal> result) {
            back.post([exchange, made, problem, result = std::move(result)](Api& home) {
                if (result) return answer_door(home, *exchange, kAcmeDns, account_response(*made));
                answer_door(home, *exchange, kAcmeDns,
                            *problem ? **problem : Problem(result.error()));
            });
        });
}

}  // namespace hairpin::admin
