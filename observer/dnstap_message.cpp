#include "observer/dnstap_message.hpp"

#include <array>
#include <chrono>

#include "observer/message_facts.hpp"
#include "observer/protobuf_writer.hpp"

namespace hairpin::observer {
namespace {

// Field numbers and values of dnstap.proto.
namespace dnstap {
constexpr std::uint32_t kIdentity = 1;
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kMessage = 14;
constexpr std::uint32_t kType = 15;
constexpr std::uint64_t kTypeMessage = 1;
}  // namespace dnstap
namespace message {
constexpr std::uint32_t kType = 1;
constexpr std::uint32_t kSocketFamily = 2;
constexpr std::uint32_t kSocketProtocol = 3;
constexpr std::uint32_t kQueryAddress = 4;
constexpr std::uint32_t kResponseAddress = 5;
constexpr std::uint32_t kQueryPort = 6;
constexpr std::uint32_t kResponsePort = 7;
constexpr std::uint32_t kQueryTimeSeconds = 8;
constexpr std::uint32_t kQueryTimeNanoseconds = 9;
constexpr std::uint32_t kQueryMessage = 10;
constexpr std::uint32_t kQueryZone = 11;
constexpr std::uint32_t kResponseTimeSeconds = 12;
constexpr std::uint32_t kResponseTimeNanoseconds = 13;
constexpr std::uint32_t kResponseMessage = 14;
}  // namespace message

constexpr std::size_t kOpcodeUpdate = 5;  // RFC 2136 section 1.3.

/// AUTH_QUERY 1, AUTH_RESPONSE 2, UPDATE_QUERY 13, UPDATE_RESPONSE 14.
std::uint64_t message_type(const dnsd::Exchange& exchange, Half half) noexcept {
    const auto header = header_of(exchange.query);
    const bool is_update = header && header->opcode() == kOpcodeUpdate;
    return (is_update ? 13u : 1u) + (half == Half::Response ? 1u : 0u);
}

/// INET 1, INET6 2.
std::uint64_t socket_family(const IpAddress& address) noexcept {
    return address.is_v4() ? 1 : 2;
}

/// UDP 1, TCP 2, DOT 3, DOH 4: in the order of ours.
std::uint64_t socket_protocol(dnsd::Transport transport) noexcept {
    return static_cast<std::uint64_t>(transport) + 1;
}

bool is_unspecified(const IpAddress& address) noexcept {
    for (const std::uint8_t octet : address.octets())
        if (octet != 0) return false;
    return true;
}

void put_time(ProtobufWriter& out, std::uint32_t seconds_field, std::uint32_t nanoseconds_field,
              dnsd::ExactTime time) noexcept {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    out.put_number(seconds_field, static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
    out.put_fixed32(nanoseconds_field, static_cast<std::uint32_t>((time - seconds).count()));
}

void put_message(ProtobufWriter& out, const dnsd::Exchange& exchange, Half half,
                 OctetView zone) noexcept {
    out.put_number(message::kType, message_type(exchange, half));
    out.put_number(message::kSocketFamily, socket_family(exchange.client.address));
    out.put_number(message::kSocketProtocol, socket_protocol(exchange.transport));
    out.put_octets(message::kQueryAddress, exchange.client.address.octets());
    if (!is_unspecified(exchange.server.address))
        out.put_octets(message::kResponseAddress, exchange.server.address.octets());
    out.put_number(message::kQueryPort, exchange.client.port);
    out.put_number(message::kResponsePort, exchange.server.port);
    put_time(out, message::kQueryTimeSeconds, message::kQueryTimeNanoseconds, exchange.received);
    if (half == Half::Query) out.put_octets(message::kQueryMessage, exchange.query);
    if (!zone.empty()) out.put_octets(message::kQueryZone, zone);
    if (half == Half::Query) return;
    put_time(out, message::kResponseTimeSeconds, message::kResponseTimeNanoseconds, exchange.sent);
    out.put_octets(message::kResponseMessage, exchange.response);
}

}  // namespace

std::size_t encode_dnstap(const dnsd::Exchange& exchange, Half half, OctetView zone,
                          const DnstapSpeaker& speaker, std::span<std::uint8_t> room) noexcept {
    ProtobufWriter inner;
    put_message(inner, exchange, half, zone);

    ProtobufWriter out(room);
    if (!speaker.identity.empty()) out.put_octets(dnstap::kIdentity, as_octets(speaker.identity));
    if (!speaker.version.empty()) out.put_octets(dnstap::kVersion, as_octets(speaker.version));
    out.begin_message(dnstap::kMessage, inner.octets());
    put_message(out, exchange, half, zone);
    out.put_number(dnstap::kType, dnstap::kTypeMessage);
    return out.fits() ? out.octets() : 0;
}

}  // namespace hairpin::observer
