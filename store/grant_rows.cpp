#include "store/grant_rows.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "store/row_reading.hpp"
#include "store/rows.hpp"
#include "zones/presentation.hpp"

namespace hairpin::store {
namespace {

Error corrupt_grant(std::string_view text) {
    return {ErrorCode::Corrupt, std::string(text), "is no part of a grant"};
}

/// Calls `take` with each word of a text separated by blanks. Errors: those of `take`.
template <typename Take>
Result<void> for_each_word(std::string_view text, const Take& take) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        TRY(take(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

Result<zones::Grant> read_grant(const Statement& row) {
    zones::Grant grant;
    if (!row.is_null(0)) grant.zone = TRY(parse_apex(row.text(0)));
    TRY(for_each_word(row.text(1), [&](std::string_view word) -> Result<void> {
        const auto pattern = zones::NamePattern::parse(word);
        if (!pattern) return fail(corrupt_grant(word));
        grant.names.push_back(*pattern);
        return {};
    }));
    TRY(for_each_word(row.text(2), [&](std::string_view word) -> Result<void> {
        const auto type = zones::type_from_text(word);
        if (!type) return fail(corrupt_grant(word));
        grant.types.push_back(*type);
        return {};
    }));
    grant.operations = zones::Operations(static_cast<std::uint8_t>(row.integer(3)));
    const auto values = zones::value_rule_from_text(row.text(4));
    if (!values) return fail(corrupt_grant(row.text(4)));
    grant.values = *values;
    return grant;
}

std::string names_text(const zones::Grant& grant) {
    std::string text;
    for (const zones::NamePattern& each : grant.names)
        text.append(text.empty() ? "" : " ").append(each.text());
    return text;
}

std::string types_text(const zones::Grant& grant) {
    std::string text;
    for (const zones::RType each : grant.types)
        text.append(text.empty() ? "" : " ").append(zones::type_text(each));
    return text;
}

/// Whose transfers follow from these grants; the root stands for every zone.
void touch(Writer& writer, const std::vector<zones::Grant>& grants) {
    for (const zones::Grant& each : grants)
        if (each.operations.has(zones::Operation::Transfer))
            writer.touch_transfers(each.zone.value_or(zones::Name()));
}

}  // namespace

Result<std::vector<zones::Grant>> grants_of(Database& database, std::int64_t credential_id) {
    return all_rows<zones::Grant>(
        database,
        "SELECT z.apex, g.names, g.types, g.operations, g.value_rule FROM credential_grants g"
        " LEFT JOIN zones z ON z.id = g.zone_id WHERE g.credential_id = ?1 ORDER BY g.position",
        [](auto& row) { return read_grant(row); }, credential_id);
}

Result<void> put_grants(Writer& writer, std::int64_t credential_id,
                        const std::vector<zones::Grant>& grants) {
    if (grants.size() > kMaxGrants)
        return fail(Error{ErrorCode::Limit, "credential " + std::to_string(credential_id),
                          "has more than " + std::to_string(kMaxGrants) + " grants"});
    Database& database = writer.database();
    touch(writer, TRY(grants_of(database, credential_id)));
    TRY(database.run("DELETE FROM credential_grants WHERE credential_id = ?1", credential_id));
    std::int64_t position = 0;
    for (const zones::Grant& each : grants) {
        std::optional<std::int64_t> zone;
        if (each.zone) {
            const auto row = TRY(writer.read().zone(*each.zone));
            if (!row)
                return fail(Error{ErrorCode::NotFound, each.zone->text(), "there is no such zone"});
            zone = row->id;
        }
        TRY(
            database.run("INSERT INTO credential_grants (credential_id, position, zone_id, names,"
                         " types, operations, value_rule) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                         credential_id, position++, zone, names_text(each), types_text(each),
                         each.operations.bits(), to_string(each.values)));
    }
    touch(writer, grants);
    return {};
}

Result<void> erase_granted_credential(Writer& writer, std::int64_t id) {
    touch(writer, TRY(grants_of(writer.database(), id)));
    return writer.erase_credential(id);
}

}  // namespace hairpin::store
