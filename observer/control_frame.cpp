#include "observer/control_frame.hpp"

#include <fstrm.h>

#include <memory>

#include "core/assert.hpp"
#include "zones/wire.hpp"

namespace hairpin::observer {
namespace {

struct FreeControl {
    void operator()(fstrm_control* control) const noexcept { fstrm_control_destroy(&control); }
};
using ControlHandle = std::unique_ptr<fstrm_control, FreeControl>;

fstrm_control_type to_fstrm(ControlType type) noexcept {
    switch (type) {
        case ControlType::Ready:
            return FSTRM_CONTROL_READY;
        case ControlType::Accept:
            return FSTRM_CONTROL_ACCEPT;
        case ControlType::Start:
            return FSTRM_CONTROL_START;
        case ControlType::Stop:
            return FSTRM_CONTROL_STOP;
        case ControlType::Finish:
            return FSTRM_CONTROL_FINISH;
    }
    return FSTRM_CONTROL_STOP;
}

std::optional<ControlType> from_fstrm(fstrm_control_type type) noexcept {
    for (const auto each : {ControlType::Ready, ControlType::Accept, ControlType::Start,
                            ControlType::Stop, ControlType::Finish})
        if (to_fstrm(each) == type) return each;
    return std::nullopt;
}

}  // namespace

Octets encode_control(ControlType type, std::string_view content_type) {
    const ControlHandle control(fstrm_control_init());
    bool good = fstrm_control_set_type(control.get(), to_fstrm(type)) == fstrm_res_success;
    const OctetView name = as_octets(content_type);
    if (!name.empty())
        good &= fstrm_control_add_field_content_type(control.get(), name.data(), name.size()) ==
                fstrm_res_success;
    Octets frame(kMaxControlOctets + kControlHeaderOctets);
    std::size_t octets = frame.size();
    good &= fstrm_control_encode(control.get(), frame.data(), &octets,
                                 FSTRM_CONTROL_FLAG_WITH_HEADER) == fstrm_res_success;
    HAIRPIN_ASSERT(good);
    frame.resize(octets);
    return frame;
}

ControlRead read_control(OctetView stream, std::string_view content_type) {
    if (stream.size() < kControlHeaderOctets) return {};
    const std::size_t length = zones::read_u32(&stream[4]);
    if (zones::read_u32(stream.data()) != 0 || length > kMaxControlOctets) return {{}, true};
    const std::size_t octets = kControlHeaderOctets + length;
    if (stream.size() < octets) return {};

    const ControlHandle control(fstrm_control_init());
    if (fstrm_control_decode(control.get(), stream.data(), octets,
                             FSTRM_CONTROL_FLAG_WITH_HEADER) != fstrm_res_success)
        return {{}, true};
    fstrm_control_type number{};
    static_cast<void>(fstrm_control_get_type(control.get(), &number));
    const auto type = from_fstrm(number);
    if (!type) return {{}, true};
    const OctetView name = as_octets(content_type);
    const bool takes = fstrm_control_match_field_content_type(control.get(), name.data(),
                                                              name.size()) == fstrm_res_success;
    return {ControlFrame{*type, takes, octets}, false};
}

}  // namespace hairpin::observer
