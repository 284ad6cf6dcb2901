// How a refusal of the rows and one of the zones become one another: declared in
// store/committer.hpp.

#include "store/committer.hpp"

namespace hairpin::store {
namespace {

ErrorCode code_of(zones::RefusalCode code) {
    using zones::RefusalCode;
    switch (code) {
        case RefusalCode::NoSuchZone:
        case RefusalCode::OwnerMissing:
        case RefusalCode::RRsetMissing:
            return ErrorCode::NotFound;
        case RefusalCode::ZoneExists:
        case RefusalCode::OwnerExists:
        case RefusalCode::RRsetExists:
        case RefusalCode::SerialMoved:
            return ErrorCode::Conflict;
        case RefusalCode::NotZone:
        case RefusalCode::Rule:
            return ErrorCode::Invalid;
        case RefusalCode::TooLarge:
            return ErrorCode::Limit;
        case RefusalCode::Unavailable:
            return ErrorCode::Unavailable;
    }
    return ErrorCode::Unavailable;
}

// Only what a Change without rows can meet has a word of its own.
zones::RefusalCode code_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::Limit:
            return zones::RefusalCode::TooLarge;
        case ErrorCode::Unavailable:
        case ErrorCode::Io:
        case ErrorCode::Corrupt:
            return zones::RefusalCode::Unavailable;
        case ErrorCode::Invalid:
        case ErrorCode::NotFound:
        case ErrorCode::Conflict:
        case ErrorCode::Denied:
        case ErrorCode::Protocol:
            return zones::RefusalCode::Rule;
    }
    return zones::RefusalCode::Unavailable;
}

}  // namespace

Error to_error(const WorkRefusal& refusal) {
    if (const Error* error = std::get_if<Error>(&refusal)) return *error;
    const zones::Refusal& zones_refusal = std::get<zones::Refusal>(refusal);
    return {code_of(zones_refusal.code), zones_refusal.subject, zones_refusal.cause};
}

zones::Refusal to_refusal(const WorkRefusal& refusal) {
    if (const auto* zones_refusal = std::get_if<zones::Refusal>(&refusal)) return *zones_refusal;
    const Error& error = std::get<Error>(refusal);
    return {code_of(error.code), error.subject, error.cause};
}

}  // namespace hairpin::store
