// Whole zones as master files: GET and PUT /v1/zones/{zone}/zonefile.
//
// A large zone takes long to print and to read, so both happen on the bulk worker.

#include <memory>
#include <utility>

#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/zone_content.hpp"
#include "admin/zone_state.hpp"
#include "zones/zone_file.hpp"

namespace hairpin::admin {
namespace {

constexpr const char* kType = "text/dns; charset=utf-8";  // RFC 4027.

Problem too_busy() {
    Problem problem(ProblemType::Unavailable, "too many zone files are being read or written");
    problem.retry_after = Seconds(2);
    return problem;
}

Problem to_problem(const zones::ZoneFileError& error) {
    Problem problem(ProblemType::InvalidRequest, error.text());
    if (error.line != 0)
        problem.errors.push_back({"line " + std::to_string(error.line), error.reason});
    return problem;
}

Write replacement(const ApiOptions& options, const zones::Name& apex, WriteConditions conditions,
                  std::vector<zones::Edit> edits) {
    Write write;
    write.audit = {"zone.replace", apex.text()};
    auto content = std::make_shared<std::vector<zones::Edit>>(std::move(edits));
    write.rows = [&options, apex, conditions = std::move(conditions), content](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const zones::Zone* zone = writer.zones().find(apex);
        if (zone == nullptr) return fail(not_found("zone " + apex.text()));
        TRY(conditions.check_serial(zone->serial()));
        zones::ZoneChange replace;
        replace.apex = apex;
        replace.action = zones::ZoneAction::Replace;
        replace.edits = std::move(*content);
        TRY(keep_challenge_names(options, writer, apex, replace.edits));
        change.zones.push_back(std::move(replace));
        return {};
    };
    write.answer = [](const store::WorkReceipt& receipt) {
        return changed_response(receipt.zones.front());
    };
    return write;
}

}  // namespace

void get_zonefile(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto apex = apex_argument(exchange->call);
    if (!apex) return api.respond(*exchange, apex.error());
    zones::ZoneRef zone = api.zones()->share(*apex);
    if (!zone) return api.respond(*exchange, not_found("zone " + apex->text()));
    const std::string etag = serial_etag(zone->serial());
    if (none_match_names(exchange->call.request, etag))
        return api.respond(*exchange, net::Response{304, {{"etag", etag}}, {}});
    const bool is_posted = api.context().bulk.post([back = api.way_back(), exchange, zone, etag] {
        auto text = std::make_shared<std::string>(zones::format_zone_file(*zone));
        back.post([exchange, etag, text](Api& self) {
            self.respond(*exchange, net::Response{200,
                                                  {{"content-type", kType},
                                                   {"cache-control", "no-store"},
                                                   {"etag", etag}},
                                                  std::move(*text)});
        });
    });
    if (!is_posted) api.respond(*exchange, too_busy());
}

void put_zonefile(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto apex = apex_argument(exchange->call);
    if (!apex) return api.respond(*exchange, apex.error());
    if (api.zones()->find(*apex) == nullptr)
        return api.respond(*exchange, not_found("zone " + apex->text()));
    const bool is_posted = api.context().bulk.post([back = api.way_back(), exchange, apex = *apex] {
        auto edits = std::make_shared<Result<std::vector<zones::Edit>, zones::ZoneFileError>>(
            zones::parse_zone_file(exchange->call.request.body, apex));
        back.post([exchange, apex, edits](Api& self) {
            if (!*edits) return self.respond(*exchange, to_problem(edits->error()));
            auto conditions = WriteConditions::of(exchange->call.request);
            self.submit(exchange, replacement(self.context().options, apex, std::move(conditions),
                                              *std::move(*edits)));
        });
    });
    if (!is_posted) api.respond(*exchange, too_busy());
}

}  // namespace hairpin::admin
