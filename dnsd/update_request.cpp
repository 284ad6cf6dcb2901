#include "dnsd/update_request.hpp"

namespace hairpin::dnsd {

Rcode rcode_of(zones::RefusalCode code) noexcept {
    using zones::RefusalCode;
    switch (code) {
        case RefusalCode::NoSuchZone:
            return Rcode::NotAuth;
        case RefusalCode::NotZone:
            return Rcode::NotZone;
        case RefusalCode::OwnerExists:
            return Rcode::YxDomain;
        case RefusalCode::OwnerMissing:
            return Rcode::NxDomain;
        case RefusalCode::RRsetExists:
            return Rcode::YxRrset;
        case RefusalCode::RRsetMissing:
            return Rcode::NxRrset;
        // A rule of ours is policy (RFC 2136 section 2.2: REFUSED); trying again does not help.
        case RefusalCode::Rule:
        case RefusalCode::TooLarge:
            return Rcode::Refused;
        // No UPDATE makes a zone or asks for a serial; Unavailable may be tried again.
        case RefusalCode::ZoneExists:
        case RefusalCode::SerialMoved:
        case RefusalCode::Unavailable:
            return Rcode::ServFail;
    }
    return Rcode::ServFail;
}

}  // namespace hairpin::dnsd
