#include "dnsd/update_desk.hpp"

#include <algorithm>
#include <utility>

#include "dnsd/response.hpp"
#include "dnsd/update_message.hpp"

namespace hairpin::dnsd {
namespace {

constexpr Milliseconds kTick{500};

/// What an answer over this transport may take: no UPDATE has an answer that does not fit 512.
std::span<std::uint8_t> room_of(std::span<std::uint8_t> out, Transport transport) noexcept {
    const std::size_t most =
        transport == Transport::Udp ? kMinUdpOctets : UpdateDesk::kAnswerOctets;
    return out.first(std::min(out.size(), most));
}

ExtendedError extended_error_of(Rcode rcode, const Requestor& who) noexcept {
    if (who.refusal() != Rcode::NoError) return ExtendedError::None;
    if (rcode == Rcode::Refused) return ExtendedError::Prohibited;
    if (rcode == Rcode::NotAuth) return ExtendedError::NotAuthoritative;
    if (rcode == Rcode::ServFail) return ExtendedError::NotReady;
    return ExtendedError::None;
}

}  // namespace

UpdateDesk::UpdateDesk(const Worker& worker, UpdateSink& sink, const UpdateLimits& limits)
    : worker_(worker), sink_(sink), limits_(limits), out_(kAnswerOctets) {
    // One verdict for each in flight, and those that come behind their deadline.
    box_ = std::make_shared<Mailbox<Letter>>(
        4 * limits.in_flight, [this, &loop = worker.loop] { loop.post([this] { deliver(); }); });
    tick_ = worker.loop.add_timer(kTick, kTick, [this] { look_at_deadlines(); });
    tick_.pause();
}

UpdateDesk::~UpdateDesk() {
    box_->close();
    worker_.counters.updates_in_flight.subtract(pending_.size());
}

std::optional<std::size_t> UpdateDesk::take(OctetView message, const UpdateSource& source,
                                            std::span<std::uint8_t> out, Reply reply, Gist& gist) {
    const Engine engine = worker_.engine();
    Pending update;
    update.message.assign(message.begin(), message.end());
    update.source = source;
    update.query = read_update_query(update.message, source.transport);
    update.who = identify(engine.keys, update.message, update.query, engine.now);
    const Query& query = update.query;
    const Requestor& who = update.who;
    engine.counters.count(source.transport);
    engine.counters.opcodes[kOpcodeUpdate].add();
    if (who.tsig()) engine.counters.count(*who.tsig());
    gist = {Outcome::Refused, {}, CookieState::None, who.key() != nullptr, 0};
    const auto room = room_of(out, source.transport);

    if (const auto rcode = refuse(engine, query, who)) return write(query, who, *rcode, room, gist);
    if (source.transport == Transport::Udp) {
        update.mark =
            UpdateMemory::mark_of(who.key()->id(), source.client, query.id, who.request_mac());
        if (const auto octets = repeat(update, out)) return octets;
    }
    if (is_full(update)) return write(query, who, Rcode::ServFail, room, gist);
    auto order = read_update(update.message, query);
    if (!order) return write(query, who, order.error(), room, gist);
    update.reply = std::move(reply);
    submit(std::move(update), std::move(order->change), order->prescan);
    return std::nullopt;
}

/// RFC 2136 section 3.1, and who asks: without a key nobody is told more than whose zone it is not.
std::optional<Rcode> UpdateDesk::refuse(const Engine& engine, const Query& query,
                                        const Requestor& who) const noexcept {
    if (const Rcode rcode = who.refusal(); rcode != Rcode::NoError) return rcode;
    if (query.edns.version != 0) return Rcode::BadVers;
    if (query.form != Form::WellFormed) return Rcode::FormErr;
    if (query.qtype != zones::RType::SOA) return Rcode::FormErr;  // Section 3.1.1.
    if (query.qclass != zones::RClass::IN) return Rcode::NotAuth;
    const zones::Zone* zone = engine.zones.find(query.qname);
    if (zone == nullptr) return Rcode::NotAuth;
    if (who.key() == nullptr) return Rcode::Refused;
    // What lists the zones is written by whoever makes and drops them.
    if (zone->kind() == zones::ZoneKind::Catalog) return Rcode::Refused;
    return std::nullopt;
}

/// The answer to what was here before; 0 while it is in flight; nullopt: it is new.
std::optional<std::size_t> UpdateDesk::repeat(const Pending& update, std::span<std::uint8_t> out) {
    const auto before = memory_.find(*update.mark, worker_.loop.now());
    if (!before) return std::nullopt;
    worker_.counters.updates_repeated.add();
    if (before->size() > out.size()) return 0;
    std::copy(before->begin(), before->end(), out.begin());
    return before->size();
}

bool UpdateDesk::is_full(const Pending& update) const noexcept {
    return draining_ || pending_.size() >= limits_.in_flight ||
           update.source.in_flight >= limits_.in_flight_per_connection ||
           pending_octets_ + update.message.size() > limits_.in_flight_octets;
}

/// RFC 2136 section 3.8 lets the answer hold all sections or none; as all others do, it holds the
/// zone section alone, and no section where a TSIG with long names leaves no room.
std::size_t UpdateDesk::write(const Query& query, const Requestor& who, Rcode rcode,
                              std::span<std::uint8_t> out, Gist& gist) const noexcept {
    Query asked = query;
    std::optional<Response> response(std::in_place, asked, worker_.identity, out);
    bool is_signed = response->reserve(who.tsig_octets());
    if (!is_signed) {
        asked.question = {};
        response.emplace(asked, worker_.identity, out);
        is_signed = response->reserve(who.tsig_octets());
    }
    worker_.counters.count(update_outcome_of(rcode));
    worker_.counters.count(rcode);
    const std::size_t octets = response->finish(rcode, extended_error_of(rcode, who));
    if (is_signed && who.tsig_octets() != 0)
        return who.put_tsig(response->buffer(), octets, worker_.engine().now);
    gist.opt_octets = response->opt_octets();
    return octets;
}

void UpdateDesk::submit(Pending update, zones::ZoneChange change, std::optional<Rcode> prescan) {
    UpdateRequest request;
    request.change = std::move(change);
    request.prescan = prescan;
    request.key_id = update.who.key()->id();
    request.key_name = *update.who.key_name();
    request.client = update.source.client.address;
    request.transport = update.source.transport;

    if (update.mark) memory_.begin(*update.mark);
    if (pending_.empty()) tick_.again(kTick);
    update.key = TsigKeyRef::share(update.who.key());
    update.deadline = worker_.loop.now() + limits_.deadline;
    if (worker_.tap.is_open()) update.received = exact_now();
    pending_octets_ += update.message.size();
    worker_.counters.updates_in_flight.add();
    const std::uint64_t ticket = ++last_ticket_;
    pending_.emplace_hint(pending_.end(), ticket, std::move(update));
    sink_.submit(std::move(request), [box = box_, ticket](const UpdateVerdict& verdict) {
        // A full or closed box: the deadline answers, or nobody is left who could.
        static_cast<void>(box->post({ticket, verdict.rcode}));
    });
}

void UpdateDesk::deliver() {
    for (const Letter& letter : box_->take_all()) {
        const auto ticket = pending_.find(letter.ticket);
        if (ticket != pending_.end()) answer(ticket, letter.rcode);
    }
    worker_.quiescent();
    check_drained();
}

void UpdateDesk::answer(Tickets::iterator ticket, Rcode rcode) {
    const Pending update = std::move(pending_.extract(ticket).mapped());
    pending_octets_ -= update.message.size();
    worker_.counters.updates_in_flight.subtract(1);
    if (pending_.empty()) tick_.pause();
    Gist gist;
    const Transport transport = update.source.transport;
    const std::size_t octets =
        write(update.query, update.who, rcode, room_of(out_, transport), gist);
    const OctetView response = OctetView(out_).first(octets);
    update.reply(response);
    worker_.counters.count_response(transport, octets);
    // What failed may be tried again, with the same octets too.
    if (update.mark && rcode == Rcode::ServFail) memory_.forget(*update.mark);
    if (update.mark) memory_.answered(*update.mark, response, worker_.loop.now());
    if (worker_.tap.is_open())
        worker_.tap.see({transport, update.source.client, update.source.server, update.received,
                         exact_now(), update.message, response});
}

void UpdateDesk::look_at_deadlines() {
    const MonotonicTime now = worker_.loop.now();
    while (!pending_.empty() && pending_.begin()->second.deadline <= now)
        answer(pending_.begin(), Rcode::ServFail);
    worker_.quiescent();
    check_drained();
}

void UpdateDesk::drain(std::function<void()> done) {
    draining_ = true;
    on_drained_ = std::move(done);
    for (auto& [ticket, update] : pending_)
        update.deadline = std::min(update.deadline, worker_.loop.now() + limits_.drain);
    check_drained();
}

void UpdateDesk::check_drained() {
    if (!on_drained_ || !pending_.empty()) return;
    std::exchange(on_drained_, {})();
}

}  // namespace hairpin::dnsd
