// admin/api.hpp - the REST API on one HTTP loop: routing, authentication, answers.
//
//   request -> URL holds no credential -> route -> caller may -> [replay] -> handler -> answer
//
// One Api per loop, each with its own reader of the store; what they share is the ApiContext. The
// handlers are functions in the files of their resources (licences.cpp, servers.cpp, ..), and
// routes.cpp is the table of them. Nothing here changes DNS or rows but through the committer.
//
// Writes: a handler says what is to be written (Write); submit() gives it its actor, its audit
// note, the delegations that follow from it and the idempotency row, and answers when it is
// durable.
//
// Standards RFC 9110, RFC 9457; draft-ietf-httpapi-idempotency-key-header-06.
// Threads   The loop's thread, but where said otherwise.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "acme/certificates.hpp"
#include "admin/authentication.hpp"
#include "admin/certificate_counts.hpp"
#include "admin/certificate_waits.hpp"
#include "admin/context.hpp"
#include "admin/event_readers.hpp"
#include "admin/router.hpp"
#include "admin/way_back.hpp"
#include "net/http.hpp"
#include "net/loop.hpp"
#include "store/committer.hpp"
#include "store/reader.hpp"

namespace hairpin::admin {

/// What is read of a body before its sender is known.
inline constexpr std::size_t kStrangersBody = 4'096;

/// One request with all that the way to its handler has found out.
struct Call {
    net::Request request;
    const Route* route = nullptr;
    std::vector<std::string> arguments;
    std::optional<store::Identity> caller;  // For routes that need one.
    std::string idempotency_key;            // Empty: none.
};

class Api;
struct Rehearsal;

struct Exchange {
    Call call;
    net::Responder responder;
    /// Not null: what comes of it is kept there, and nothing is done (rehearsal.hpp).
    std::shared_ptr<Rehearsal> rehearsal = {};
};

/// What a handler wants written.
struct Write {
    store::AuditNote audit;
    zones::Change change;  // Its zones and reason; the actor is filled in.
    /// On the commit thread, first: writes rows, may complete the change from what it reads.
    std::function<Result<void, Problem>(store::Writer& writer, zones::Change& change)> rows;
    /// On the commit thread, last, when the serials are known: the answer, sent once it is true.
    std::function<net::Response(const store::WorkReceipt& receipt)> answer;
    /// Everything is tried on the commit thread, rules and all, and undone: `answer` says what
    /// would have been, and nobody's audit has it.
    bool is_dry_run = false;
    /// On the loop, where `rows` refused with a Conflict: answers, or tries anew. Empty: the
    /// refusal is the answer.
    std::function<void(Api& api, std::shared_ptr<Exchange> exchange, const Problem& problem)>
        on_conflict = {};
    /// On the loop, once it is durable, in front of the answer: what follows from it elsewhere.
    std::function<void(Api& api, Exchange& exchange)> then = {};
};

class Api : public std::enable_shared_from_this<Api> {
    struct Private {
        explicit Private() = default;
    };

public:
    Api(Private, ApiContext& context, net::Loop& loop, store::Reader reader);
    ~Api() { way_back_.close(); }
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;
    /// `context` and `loop` outlive this; made and let go of on the loop's thread. What other
    /// threads still have to answer when an Api goes away is dropped.
    [[nodiscard]] static std::shared_ptr<Api> create(ApiContext& context, net::Loop& loop,
                                                     store::Reader reader);

    /// The net::Handler.
    void handle(net::Request&& request, net::Responder responder);
    /// For net::ServerOptions::body_limit: a route's own limit for who sends a token of the form
    /// that the route needs, kStrangersBody for others. Any thread.
    [[nodiscard]] static std::size_t body_limit(const net::Request& head);
    /// The same, stricter: the route's own limit only for a credential that the store knows and
    /// that may. Reads the store only for a body that may be larger than kStrangersBody.
    [[nodiscard]] std::size_t body_limit_for(const net::Request& head);

    // For the handlers.
    [[nodiscard]] ApiContext& context() noexcept { return context_; }
    [[nodiscard]] net::Loop& loop() noexcept { return loop_; }
    [[nodiscard]] store::Queries& queries() noexcept { return *reader_; }
    [[nodiscard]] CertificateWaits& waits() noexcept { return waits_; }
    [[nodiscard]] EventReaders& event_readers() noexcept { return event_readers_; }
    [[nodiscard]] CertificateCounter& certificate_counter() noexcept {
        return certificate_counter_;
    }
    [[nodiscard]] WallTime now() const noexcept { return context_.clock.now(); }
    [[nodiscard]] Published<zones::ZoneTable>::Snapshot zones() const {
        return context_.zones.snapshot();
    }
    /// From a cache that the desk's events keep true: heartbeats ask each time.
    [[nodiscard]] Result<acme::ServerCertificates> certificates_of(std::int64_t server_id);
    /// The same, of one subject.
    [[nodiscard]] Result<acme::CertificateState> certificate_state(const store::Subject& subject);

    /// `detail`: for the log, where it is a refusal.
    void respond(Exchange& exchange, net::Response response, std::string_view detail = {});
    void respond(Exchange& exchange, const Problem& problem);
    void submit(std::shared_ptr<Exchange> exchange, Write write);
    /// For what answers on another thread.
    [[nodiscard]] const WayBack& way_back() const noexcept { return way_back_; }

private:
    [[nodiscard]] Result<void, Problem> admit(Call& call);
    [[nodiscard]] Result<std::optional<net::Response>, Problem> find_replay(Call& call);
    void dispatch(std::shared_ptr<Exchange> exchange);
    [[nodiscard]] acme::ServerCertificates with_waits(acme::ServerCertificates certificates,
                                                      std::int64_t server_id) const;
    void add_wait(acme::CertificateState& state, const store::Subject& subject) const;
    void send(Exchange& exchange, net::Response response);
    void log_answer(const Call& call, int status, std::string_view detail) const;

    ApiContext& context_;
    net::Loop& loop_;
    WayBack way_back_;
    store::Reader reader_;
    Authenticator authenticator_;
    std::unordered_map<std::int64_t, acme::ServerCertificates> certificates_;
    CertificateCounter certificate_counter_;
    CertificateWaits waits_;
    EventReaders event_readers_;
    std::shared_ptr<void> subscription_;
    std::shared_ptr<void> bell_;
};

}  // namespace hairpin::admin
