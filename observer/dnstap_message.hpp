// observer/dnstap_message.hpp - one half of an exchange as a dnstap message.
//
// The schema is small and does not change, so it is written by hand, without generated code, a run
// time library or an allocation (docs/adr/0009-what-is-answered-is-watched-through-rings.md); the
// tests read it back with protoc and with other people's readers. How messages travel is
// observer/frame_stream.hpp's.
//
// Standards dnstap.proto of dnstap.info: AUTH_QUERY and AUTH_RESPONSE; of the opcode UPDATE (RFC
//           2136), UPDATE_QUERY and UPDATE_RESPONSE.
// Threads   Pure; no allocation.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/octets.hpp"
#include "dnsd/exchange.hpp"

namespace hairpin::observer {

/// What the frames of a stream are, as both sides agree.
inline constexpr std::string_view kDnstapContentType = "protobuf:dnstap.Dnstap";

/// Who says it.
struct DnstapSpeaker {
    std::string identity;  // At most 255 octets; empty: left out.
    std::string version;
};

enum class Half : std::uint8_t { Query, Response };

/// More than any message takes.
inline constexpr std::size_t kMaxDnstapOctets = 65'535 + 1'024;

/// @param zone  The apex of the zone that it is about, in wire form; empty: none of ours.
/// @return Octets written to `room`; 0: it has not enough.
[[nodiscard]] std::size_t encode_dnstap(const dnsd::Exchange& exchange, Half half, OctetView zone,
                                        const DnstapSpeaker& speaker,
                                        std::span<std::uint8_t> room) noexcept;

}  // namespace hairpin::observer
