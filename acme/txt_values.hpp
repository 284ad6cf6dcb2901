// acme/txt_values.hpp - the TXT values of an order: where they stand, as changes and as questions.
//
// A value stands at the name that the CA asks for, or where a CNAME there leads to
// (challenge_place.hpp), perhaps in another zone of ours. All values of an order in zones of ours
// go into one change, so that they appear together; those elsewhere are put there one zone after
// the other (elsewhere_keeper.hpp).
//
// Standards RFC 8555 section 8.4; RFC 1035 section 3.3.14 (character strings of a TXT record).
// Threads   Pure functions.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acme/attempt.hpp"
#include "acme/listener_check.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"

namespace hairpin::acme {

/// _acme-challenge.<name>; empty where that is not a name.
[[nodiscard]] std::optional<zones::Name> challenge_name(std::string_view name);
/// Where the value of an authorization stands.
[[nodiscard]] std::optional<zones::Name> txt_owner(const Pending& value);
/// RDATA of one record: strings of at most 255 octets.
[[nodiscard]] Octets txt_rdata(std::string_view value);

enum class TxtEffect : std::uint8_t {
    Add,
    Remove,  // But those that stay.
};
/// One change per zone of ours, `apex` being that of values which name none.
[[nodiscard]] std::vector<zones::ZoneChange> txt_changes(const zones::Name& apex,
                                                         std::span<const Pending> values,
                                                         TxtEffect effect, std::uint32_t ttl);

/// Of the values in zones of ours.
[[nodiscard]] std::vector<TxtQuestion> txt_questions(std::span<const Pending> values);
/// The values in one zone that is not ours.
struct ElsewhereValues {
    zones::Name apex;
    std::vector<TxtQuestion> values;
};
[[nodiscard]] std::vector<ElsewhereValues> values_elsewhere(std::span<const Pending> values);
/// A secondary, with what it is asked for: the values in zones that it follows.
struct SecondaryQuestion {
    Endpoint server;
    std::vector<TxtQuestion> questions;
    zones::Name apex;  // Of the zone.
};
[[nodiscard]] std::vector<SecondaryQuestion> secondary_questions(
    const zones::Name& apex, std::span<const Pending> values,
    const std::function<std::vector<Endpoint>(const zones::Name& apex)>& secondaries);

}  // namespace hairpin::acme
