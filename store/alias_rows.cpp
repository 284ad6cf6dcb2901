#include "store/alias_rows.hpp"

#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

constexpr std::string_view kAliasColumns = "a.server_id, a.name, a.target, a.created_at";

Result<AliasRow> read_alias_row(const Statement& row) {
    const std::string_view target = row.text(2);
    if (target != "public" && target != "internal")
        return fail(Error{ErrorCode::Corrupt, row.string(1), "an alias leads to neither name"});
    return AliasRow{row.integer(0), row.string(1),
                    target == "public" ? AliasTarget::Public : AliasTarget::Internal, row.time(3)};
}

}  // namespace

std::string_view to_string(AliasTarget target) noexcept {
    switch (target) {
        case AliasTarget::Public:
            return "public";
        case AliasTarget::Internal:
            return "internal";
    }
    return {};
}

Result<std::vector<AliasRow>> aliases_of(Database& database, std::int64_t server_id) {
    return all_rows<AliasRow>(
        database,
        select(kAliasColumns, " FROM server_aliases a WHERE a.server_id = ?1 ORDER BY a.name"),
        read_alias_row, server_id);
}

Result<std::vector<AliasRow>> aliases_of_licence(Database& database, std::string_view licence) {
    return all_rows<AliasRow>(database,
                              select(kAliasColumns,
                                     " FROM servers s JOIN server_aliases a ON a.server_id = s.id"
                                     " WHERE s.licence = ?1 ORDER BY a.name"),
                              read_alias_row, licence);
}

Result<std::optional<AliasRow>> alias_named(Database& database, std::string_view name) {
    return one_row<AliasRow>(database,
                             select(kAliasColumns, " FROM server_aliases a WHERE a.name = ?1"),
                             read_alias_row, name);
}

Result<void> put_alias(Writer& writer, const AliasRow& row) {
    const auto there = TRY(alias_named(writer.database(), row.name));
    if (there && there->server_id != row.server_id)
        return fail(Error{ErrorCode::Conflict, row.name, "it is an alias of another server"});
    const auto others = TRY(aliases_of(writer.database(), row.server_id));
    if (!there && others.size() >= kMostAliases)
        return fail(Error{ErrorCode::Limit, row.name,
                          "a server has at most " + std::to_string(kMostAliases) + " aliases"});
    return writer.database().run(
        "INSERT INTO server_aliases (name, server_id, target, created_at) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (name) DO UPDATE SET target = ?3",
        row.name, row.server_id, to_string(row.target), row.created_at);
}

Result<void> erase_alias(Writer& writer, std::int64_t server_id, std::string_view name) {
    const auto there = TRY(alias_named(writer.database(), name));
    if (!there || there->server_id != server_id)
        return fail(Error{ErrorCode::NotFound, std::string(name), "the server has no such alias"});
    return writer.database().run("DELETE FROM server_aliases WHERE name = ?1", name);
}

}  // namespace hairpin::store
