#include "daemon/wire_answers.hpp"

#include <utility>
#include <variant>

#include "checkin/judge.hpp"
#include "daemon/update_door.hpp"
#include "dnsd/code_names.hpp"
#include "dnsd/transfer_request.hpp"
#include "zones/wire.hpp"

namespace hairpin::daemon {
namespace {

using dnsd::Rcode;

std::string word_of(Rcode rcode) {
    return std::string(dnsd::rcode_name(static_cast<std::size_t>(rcode)));
}

dnsd::TsigTime seconds_of(WallTime now) {
    return static_cast<dnsd::TsigTime>(to_unix_seconds(now));
}

/// An AXFR query as a client sends it (RFC 5936 section 2.1).
Octets axfr_query(const zones::Name& apex) {
    constexpr std::size_t kQuestionTail = 4;
    Octets message(zones::kHeaderOctets);
    message[5] = 1;  // QDCOUNT.
    message.insert(message.end(), apex.wire().begin(), apex.wire().end());
    const std::size_t tail = message.size();
    message.resize(tail + kQuestionTail);
    zones::write_u16(&message[tail], zones::to_number(zones::RType::AXFR));
    zones::write_u16(&message[tail + 2], static_cast<std::uint16_t>(zones::RClass::IN));
    return message;
}

}  // namespace

std::string WireAnswers::key_refusal(const zones::Name& key) const {
    const auto ring = from_.keys.snapshot();
    const dnsd::TsigKey* found = ring->find(key);
    // RFC 8945 section 5.2.1: BADKEY, with the RCODE NOTAUTH.
    const bool is_known = found != nullptr && found->is_usable(seconds_of(from_.clock.now()));
    return is_known ? std::string() : word_of(Rcode::NotAuth);
}

std::string WireAnswers::update_answer(const zones::Name& apex,
                                       const admin::DoorRefusal* refusal) const {
    // RFC 2136 section 3.1.2: before anything else is asked.
    const auto table = from_.zones.snapshot();
    if (table->find(apex) == nullptr) return word_of(Rcode::NotAuth);
    return word_of(refusal == nullptr ? Rcode::NoError : verdict_of(*refusal).rcode);
}

admin::WireDoors::Transfer WireAnswers::transfer(const zones::Name& apex, const zones::Name& key,
                                                 const IpAddress& from) const {
    const Octets message = axfr_query(apex);
    const dnsd::Query query = dnsd::read_query(message);
    const auto table = from_.zones.snapshot();
    const auto policy = from_.transfers.snapshot();
    const zones::Name signer = key.lower();
    const dnsd::TransferClient client{from.unmapped(), &signer, seconds_of(from_.clock.now())};
    const auto decide = [&](dnsd::Transport transport) {
        return dnsd::decide_transfer(message, query, transport, client, *table, *policy);
    };
    const dnsd::TransferDecision decision = decide(dnsd::Transport::Tcp);
    const auto* refusal = std::get_if<dnsd::TransferRefusal>(&decision);
    if (refusal == nullptr) return {true, word_of(Rcode::NoError), false};
    const dnsd::TransferDecision secure = decide(dnsd::Transport::Tls);
    return {false, word_of(refusal->rcode), !std::holds_alternative<dnsd::TransferRefusal>(secure)};
}

std::optional<admin::WireDoors::CheckIn> WireAnswers::check_in(
    const store::ServerRow& server, const store::LicenceRow& licence,
    const std::vector<store::CredentialRow>& credentials, const std::string& machine,
    const IpAddress& from) const {
    if (from_.feed == nullptr) return std::nullopt;
    checkin::Datagram sent;
    sent.server = static_cast<std::uint64_t>(server.id);
    const WallTime now = from_.clock.now();
    sent.milliseconds = static_cast<std::uint64_t>(to_unix_milliseconds(now));
    sent.machine = checkin::machine_tag(machine);
    checkin::Register known(1);
    checkin::Key key{OctetView()};  // Of nobody, where the server has none.
    if (auto enrolment = from_.feed->enrolment_of(server, licence, credentials)) {
        key = enrolment->keys.front().key;
        static_cast<void>(known.put(sent.server, *std::move(enrolment)));
    }
    const auto table = from_.zones.snapshot();
    const checkin::DatagramOctets octets = checkin::write_datagram(sent, key);
    const auto judged =
        checkin::judge(known, {*table, now, WallTime(Milliseconds(0))}, octets, from.unmapped());
    return CheckIn{std::string(checkin::to_string(judged.outcome)),
                   judged.outcome == checkin::Outcome::Right,
                   checkin::is_challenged(judged.outcome)};
}

}  // namespace hairpin::daemon
