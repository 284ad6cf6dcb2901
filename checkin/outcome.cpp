#include "checkin/outcome.hpp"

namespace hairpin::checkin {

std::string_view to_string(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::Right:
            return "right";
        case Outcome::Early:
            return "early";
        case Outcome::Replayed:
            return "replayed";
        case Outcome::Suspended:
            return "suspended";
        case Outcome::Forged:
            return "forged";
        case Outcome::Unknown:
            return "unknown";
        case Outcome::Malformed:
            return "malformed";
        case Outcome::Limited:
            return "limited";
        case Outcome::Moved:
            return "moved";
        case Outcome::OutOfTime:
            return "out-of-time";
        case Outcome::OtherMachine:
            return "other-machine";
    }
    return "";
}

bool is_challenged(Outcome outcome) noexcept {
    return outcome == Outcome::Moved || outcome == Outcome::OutOfTime ||
           outcome == Outcome::OtherMachine;
}

}  // namespace hairpin::checkin
