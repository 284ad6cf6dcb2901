#include "store/records.hpp"

namespace hairpin::store {

std::string_view to_string(LicenceState state) noexcept {
    switch (state) {
        case LicenceState::Active:
            return "active";
        case LicenceState::Suspended:
            return "suspended";
    }
    return {};
}

std::string_view to_string(ServerState state) noexcept {
    switch (state) {
        case ServerState::Active:
            return "active";
        case ServerState::Suspended:
            return "suspended";
        case ServerState::Frozen:
            return "frozen";
    }
    return {};
}

std::string_view to_string(Online online) noexcept {
    switch (online) {
        case Online::Unknown:
            return "unknown";
        case Online::Online:
            return "online";
        case Online::Offline:
            return "offline";
    }
    return {};
}

std::string_view to_string(PublicMode mode) noexcept {
    switch (mode) {
        case PublicMode::Auto:
            return "auto";
        case PublicMode::Fixed:
            return "fixed";
    }
    return {};
}

std::string_view to_string(CredentialKind kind) noexcept {
    switch (kind) {
        case CredentialKind::Operator:
            return "operator";
        case CredentialKind::Server:
            return "server";
        case CredentialKind::Tsig:
            return "tsig";
        case CredentialKind::Token:
            return "token";
        case CredentialKind::Dyndns:
            return "dyndns";
        case CredentialKind::AcmeDns:
            return "acme-dns";
        case CredentialKind::PowerDns:
            return "powerdns";
    }
    return {};
}

std::string_view to_string(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::Done:
            return "done";
        case Outcome::Refused:
            return "refused";
    }
    return {};
}

std::string_view to_string(zones::ZoneAction action) noexcept {
    switch (action) {
        case zones::ZoneAction::Edit:
            return "edit";
        case zones::ZoneAction::Create:
            return "create";
        case zones::ZoneAction::Replace:
            return "replace";
        case zones::ZoneAction::Drop:
            return "drop";
    }
    return {};
}

std::string_view to_string(zones::ZoneKind kind) noexcept {
    switch (kind) {
        case zones::ZoneKind::Plain:
            return "plain";
        case zones::ZoneKind::Licence:
            return "licence";
        case zones::ZoneKind::Catalog:
            return "catalog";
    }
    return {};
}

}  // namespace hairpin::store
