// tests/unit/admin/api_fixture.hpp - the API over a real store, called without sockets.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.hpp"
#include "admin/json_value.hpp"
#include "admin/tokens.hpp"
#include "tests/support/captured_response.hpp"
#include "tests/support/store.hpp"

namespace hairpin::admin {

/// A certificate desk without a CA: the test says what there is.
class FakeDesk final : public CertificateDesk {
public:
    void request(const store::Subject& subject, acme::KeySource key, zones::Actor actor,
                 acme::Certificates::Requested done) override {
        last_key = std::move(key);
        last_actor = std::move(actor);
        acme::CertificateState& now = states[subject];
        now.phase = acme::Phase::Ordering;
        done(now);
    }
    void deployed(std::int64_t server_id, const Sha256& sha256, zones::Actor,
                  acme::Certificates::Acknowledged done) override {
        const auto found = chains.find(server_id);
        if (found == chains.end() || found->second.sha256 != sha256)
            return done(fail(Error{ErrorCode::NotFound, "certificate", "it is not one of ours"}));
        states[server_id].deployed = true;
        ++acknowledged;
        news(server_id);
        done({});
    }
    void take_managed_key(std::int64_t, zones::Actor, acme::Certificates::KeyTaken done) override {
        done(fail(Error{ErrorCode::NotFound, "managed key", "there is none"}));
    }
    void retry(std::int64_t server_id, zones::Actor actor,
               acme::Certificates::Acknowledged done) override {
        const auto found = states.find(server_id);
        if (found == states.end() || found->second.phase != acme::Phase::Blocked)
            return done(fail(Error{ErrorCode::NotFound, "certificate", "nothing waits"}));
        last_actor = std::move(actor);
        found->second.phase = acme::Phase::Ordering;
        done({});
    }
    void revoke(std::int64_t server_id, const Sha256& sha256, acme::RevocationReason reason,
                zones::Actor actor, acme::Certificates::Acknowledged done) override {
        last_actor = std::move(actor);
        if (!revoked.emplace(sha256, reason).second)
            return done(fail(Error{ErrorCode::Conflict, "certificate", "is revoked already"}));
        states[server_id] = {};
        done({});
    }
    void roll_over_account(std::string issuer, zones::Actor actor,
                           acme::Certificates::Acknowledged done) override {
        last_actor = std::move(actor);
        if (!issuer.empty() && issuer != "google")
            return done(fail(Error{ErrorCode::NotFound, issuer, "is no CA that is configured"}));
        ++rollovers;
        done({});
    }
    void switch_account(std::string issuer, zones::Actor actor,
                        acme::Certificates::Acknowledged done) override {
        last_actor = std::move(actor);
        if (issuer != "google")
            return done(fail(Error{ErrorCode::NotFound, issuer, "is no CA that is configured"}));
        ++switches;
        done({});
    }
    [[nodiscard]] std::shared_ptr<const acme::IssuersView> issuers() const override { return cas; }
    [[nodiscard]] Result<acme::CertificateState> state(store::Queries&,
                                                       const store::Subject& subject,
                                                       WallTime) const override {
        ++reads;
        const auto found = states.find(subject);
        return found == states.end() ? acme::CertificateState{} : found->second;
    }
    [[nodiscard]] Result<std::optional<acme::CertificateChain>> chain(store::Queries&,
                                                                      std::int64_t server_id,
                                                                      WallTime) const override {
        const auto found = chains.find(server_id);
        return found == chains.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] Result<std::optional<acme::Postponement>> would_postpone(
        store::Queries&, const store::Subject&, WallTime) const override {
        return postponement;
    }
    void set_limit(const acme::LimitChange& change, zones::Actor actor,
                   acme::Certificates::Acknowledged done) override {
        last_actor = std::move(actor);
        last_limit = change;
        if (!change.allowance && !is_limit_set)
            return done(fail(Error{ErrorCode::NotFound, "limit", "nothing was set for it"}));
        is_limit_set = change.allowance.has_value();
        done({});
    }
    [[nodiscard]] std::shared_ptr<const acme::QueueView> queue() const override { return line; }
    void preflight(const zones::Name& apex, std::vector<std::string> names,
                   acme::Certificates::Looked done) override {
        last_looked = names;
        acme::PreflightReport report{apex, WallTime(Seconds(1'800'000'000)), looked};
        done(std::move(report));
    }
    [[nodiscard]] std::shared_ptr<const acme::CaaView> caa() const override { return caa_view; }
    [[nodiscard]] std::shared_ptr<void> subscribe(
        std::function<void(std::int64_t)> callback) override {
        news = std::move(callback);
        return std::make_shared<int>(0);
    }
    [[nodiscard]] std::string trouble() const override { return {}; }

    std::map<store::Subject, acme::CertificateState> states;
    std::map<std::int64_t, acme::CertificateChain> chains;
    std::optional<acme::Postponement> postponement;
    std::map<Sha256, acme::RevocationReason> revoked;
    std::shared_ptr<const acme::QueueView> line;
    std::shared_ptr<const acme::IssuersView> cas;
    int switches = 0;
    std::optional<acme::LimitChange> last_limit;
    std::vector<acme::PreflightCheck> looked;
    std::vector<std::string> last_looked;
    std::shared_ptr<const acme::CaaView> caa_view;
    bool is_limit_set = false;
    std::function<void(std::int64_t)> news;
    acme::KeySource last_key = acme::ManagedKey{};
    zones::Actor last_actor;
    mutable int reads = 0;
    int acknowledged = 0;
    int rollovers = 0;
};

struct Answer {
    int status = 0;
    std::vector<net::Header> headers;
    std::string body;

    [[nodiscard]] std::string header(std::string_view name) const {
        for (const auto& each : headers)
            if (each.name == name) return each.value;
        return {};
    }
    [[nodiscard]] JsonValue json() const {
        JsonLimits limits;
        limits.octets = 1 << 20;
        auto value = parse_json(body, limits);
        INFO(body);
        REQUIRE(value);
        return *std::move(value);
    }
};

/// `at(json, "/names/public")`; fails the test where there is no such value.
inline const JsonValue& at(const JsonValue& value, std::string_view pointer) {
    const JsonValue* here = &value;
    while (!pointer.empty()) {
        const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
        const std::string_view step = pointer.substr(1, end - 1);
        pointer.remove_prefix(end);
        const JsonValue* next = nullptr;
        if (const auto* array = std::get_if<JsonArray>(&here->is)) {
            const auto index = static_cast<std::size_t>(std::stoul(std::string(step)));
            if (index < array->size()) next = &(*array)[index];
        } else if (const auto* object = std::get_if<JsonObject>(&here->is)) {
            for (const auto& [name, member] : *object)
                if (name == step) next = &member;
        }
        INFO("no value at " << step);
        REQUIRE(next != nullptr);
        here = next;
    }
    return *here;
}
inline std::string text_at(const JsonValue& value, std::string_view pointer) {
    const auto* text = std::get_if<std::string>(&at(value, pointer).is);
    INFO(pointer);
    REQUIRE(text != nullptr);
    return *text;
}
inline std::int64_t number_at(const JsonValue& value, std::string_view pointer) {
    const auto* number = std::get_if<std::int64_t>(&at(value, pointer).is);
    INFO(pointer);
    REQUIRE(number != nullptr);
    return *number;
}
inline std::size_t size_at(const JsonValue& value, std::string_view pointer) {
    const auto* array = std::get_if<JsonArray>(&at(value, pointer).is);
    INFO(pointer);
    REQUIRE(array != nullptr);
    return array->size();
}
/// A list of texts, joined by blanks.
inline std::string texts_at(const JsonValue& value, std::string_view pointer) {
    std::string joined;
    for (std::size_t index = 0; index < size_at(value, pointer); ++index)
        joined += (index == 0 ? "" : " ") +
                  text_at(value, std::string(pointer) + "/" + std::to_string(index));
    return joined;
}

inline ApiOptions test_options() {
    ApiOptions options;
    options.base = tests::name("example.net.");
    options.nameservers = {tests::name("ns1.example.net."), tests::name("ns2.example.net.")};
    options.hostmaster = tests::name("hostmaster.example.net.");
    options.addresses.public_also = {*Prefix::parse("203.0.113.0/24"),
                                     *Prefix::parse("2001:db8::/32")};
    return options;
}

inline store::CommitterOptions committer_options(const ApiOptions& options) {
    store::CommitterOptions made;
    made.rules.addresses = options.addresses;
    made.seen_interval = Milliseconds(2);
    return made;
}

class ApiFixture {
public:
    explicit ApiFixture(ApiOptions options = test_options())
        : store(with_bell(committer_options(options))),
          context(std::move(options), store.clock, *store.committer, *store.published, sealer),
          operator_token(make_token(store::CredentialKind::Operator)) {
        context.certificates = &desk;
        context.bell = &bell;
        api = Api::create(context, loop, store.reader());
        insert(operator_credential(operator_token, "root", store.clock.now()));
    }

    /// As the daemon does: what answers on a loop ends before the loop.
    ~ApiFixture() {
        store.committer->stop();
        context.bulk.stop();
    }
    ApiFixture(const ApiFixture&) = delete;
    ApiFixture& operator=(const ApiFixture&) = delete;

    /// Adds a credential; the token is the caller's.
    void insert(store::CredentialRow row) {
        store::Work work;
        work.rows = [row](store::Writer& writer, zones::Change&) -> Result<void> {
            TRY(writer.insert_credential(row));
            return {};
        };
        REQUIRE(store.submit(std::move(work)));
    }

    struct Asked {
        net::Method method = net::Method::Get;
        std::string target;
        std::string body;
        std::string token;  // Empty: none.
        std::vector<net::Header> headers;
        std::string peer = "203.0.113.10";
    };
    [[nodiscard]] std::shared_ptr<tests::CapturedResponse> begin(const Asked& asked) {
        net::Request request;
        request.method = asked.method;
        request.method_text = net::to_string(asked.method);
        REQUIRE(net::set_target(request, asked.target));
        request.headers = asked.headers;
        if (!asked.token.empty())
            request.headers.push_back({"authorization", "Bearer " + asked.token});
        request.body = asked.body;
        request.peer = *IpAddress::parse(asked.peer);
        auto captured = tests::CapturedResponse::create();
        api->handle(std::move(request), captured->responder(loop));
        return captured;
    }
    [[nodiscard]] Answer finish(const tests::CapturedResponse& captured) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!captured.is_complete && std::chrono::steady_clock::now() < deadline)
            turn();
        REQUIRE(captured.is_complete);
        return {captured.response.status, captured.response.headers, captured.response.body};
    }
    [[nodiscard]] Answer ask(const Asked& asked) { return finish(*begin(asked)); }

    /// As the operator.
    [[nodiscard]] Answer as_operator(net::Method method, std::string target, std::string body = {},
                                     std::vector<net::Header> headers = {}) {
        return ask(
            {method, std::move(target), std::move(body), operator_token, std::move(headers)});
    }
    /// As a server, from its public address.
    [[nodiscard]] Answer beat(const std::string& token, std::string body,
                              std::string peer = "203.0.113.10") {
        return ask(
            {net::Method::Post, "/v1/self/heartbeat", std::move(body), token, {}, std::move(peer)});
    }

    /// A licence "acme" with server nur1; its token.
    std::string make_server(const std::string& licence = "acme") {
        if (store.zone("pl-" + licence + ".example.net.").get() == nullptr)
            REQUIRE(
                as_operator(net::Method::Post, "/v1/licences", "{\"licence\":\"" + licence + "\"}")
                    .status == 201);
        const Answer made = as_operator(net::Method::Post, "/v1/licences/" + licence + "/servers",
                                        R"({"port":8443})");
        REQUIRE(made.status == 201);
        return text_at(made.json(), "/token");
    }

    void turn() {
        auto timer = loop.add_timer(Milliseconds(1), Milliseconds(0), [this] { loop.stop(); });
        loop.run();
    }
    /// Until something has come about that nobody answers to: at most 20 seconds.
    template <typename Condition>
    void turn_until(Condition has_come) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!has_come() && std::chrono::steady_clock::now() < deadline)
            turn();
    }
    /// Lets the committer write what it holds back.
    void settle() {
        store.clock.advance(Milliseconds(3));
        for (int turns = 0; turns < 30; ++turns)
            turn();
    }

    [[nodiscard]] std::string addresses(std::string_view owner, zones::RType type) const {
        const auto table = store.published->snapshot();
        const zones::Zone* zone = table->closest_enclosing(tests::name(owner));
        const zones::RRset* rrset =
            zone == nullptr ? nullptr : zone->find(tests::name(owner), type);
        std::string joined;
        if (rrset == nullptr) return joined;
        for (const OctetView rdata : rrset->rdatas())
            joined += (joined.empty() ? "" : " ") + zones::rdata_text(type, rdata);
        return joined;
    }

    [[nodiscard]] store::CommitterOptions with_bell(store::CommitterOptions made) {
        made.on_events = [this](std::int64_t) { bell.ring(hooks::Ring::Events); };
        return made;
    }

    hooks::EventBell bell;  // Before the store, which rings.
    tests::OpenStore store;
    Sealer sealer = Sealer::from_key({1, 2, 3});
    FakeDesk desk;
    ApiContext context;
    net::Loop loop;
    std::shared_ptr<Api> api;
    std::string operator_token;
};

}  // namespace hairpin::admin
