// observer/control_frame.hpp - the control frames of a Frame Stream, to and from octets.
//
// libfstrm does the work; here is no socket and no order of frames (observer/frame_stream.hpp).
//
// Standards Frame Streams (farsightsec/fstrm): a control frame is the escape 00000000, its length,
//           its type and its fields.
// Threads   Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/octets.hpp"

namespace hairpin::observer {

enum class ControlType : std::uint8_t { Ready, Accept, Start, Stop, Finish };

/// The escape and the length before what a control frame holds.
inline constexpr std::size_t kControlHeaderOctets = 8;
/// No control frame that anybody sends is larger.
inline constexpr std::size_t kMaxControlOctets = 512;

/// @param content_type  At most 256 octets; empty: none is named.
[[nodiscard]] Octets encode_control(ControlType type, std::string_view content_type = {});

struct ControlFrame {
    ControlType type;
    bool takes_content_type;  // The one asked for is named, or none is.
    std::size_t octets;       // With its header.
};
/// What may stand at the front of a stream of control frames.
struct ControlRead {
    std::optional<ControlFrame> frame;
    bool is_broken = false;  // More octets will not make it one. Else without a frame: wait.
};
[[nodiscard]] ControlRead read_control(OctetView stream, std::string_view content_type);

}  // namespace hairpin::observer
