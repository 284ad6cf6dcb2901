#include "core/error.hpp"

#include <system_error>

namespace hairpin {

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::Invalid:
            return "invalid";
        case ErrorCode::NotFound:
            return "not-found";
        case ErrorCode::Conflict:
            return "conflict";
        case ErrorCode::Denied:
            return "denied";
        case ErrorCode::Limit:
            return "limit";
        case ErrorCode::Unavailable:
            return "unavailable";
        case ErrorCode::Protocol:
            return "protocol";
        case ErrorCode::Io:
            return "io";
        case ErrorCode::Corrupt:
            return "corrupt";
    }
    return "invalid";
}

std::string Error::text() const {
    if (subject.empty()) return cause;
    return subject + ": " + cause;
}

Error system_error(std::string subject, int error_number) {
    return {ErrorCode::Io, std::move(subject),
            std::error_code(error_number, std::generic_category()).message()};
}

}  // namespace hairpin
