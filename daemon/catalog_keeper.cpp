#include "daemon/catalog_keeper.hpp"

#include <future>
#include <string>
#include <utility>

#include "core/log.hpp"

namespace hairpin::daemon {

Result<zones::CatalogGroups> read_catalog_groups(store::Queries& store) {
    zones::CatalogGroups groups;
    for (std::string after;;) {
        const auto page = TRY(store.grouped_zones(store::kMaxPage, after));
        for (const store::ZoneRow& row : page)
            groups.emplace(row.apex, row.catalog_group);
        if (page.size() < store::kMaxPage) return groups;
        after = page.back().apex.text();
    }
}

Result<void> keep_catalog(store::Committer& committer, const zones::ZoneTable& table,
                          const std::optional<zones::Name>& catalog,
                          const zones::CatalogGroups& groups) {
    const zones::Zone* same_name = catalog ? table.find(*catalog) : nullptr;
    if (same_name != nullptr && same_name->kind() != zones::ZoneKind::Catalog)
        return fail(Error{ErrorCode::Conflict, "dns.transfer.catalog",
                          catalog->text() + " is a zone already: choose another name"});
    zones::Change change;
    change.zones = zones::catalog_repairs(table, catalog, groups);
    if (change.zones.empty()) return {};
    change.actor = {"system", "hairpind", "", "catalog"};
    change.reason = "the catalog is brought up to date";
    std::promise<Result<zones::Receipt, zones::Refusal>> done;
    committer.submit(std::move(change), [&](const auto& result) { done.set_value(result); });
    const auto result = done.get_future().get();
    if (result) {
        log::logger("daemon").info("the catalog was brought up to date");
    } else {
        log::logger("daemon").error("the catalog cannot be brought up to date: {}: {}",
                                    result.error().subject, result.error().cause);
    }
    return {};
}

}  // namespace hairpin::daemon
