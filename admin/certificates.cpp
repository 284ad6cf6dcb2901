// GET /v1/certificates: where the certificates of all servers stand, and what is wrong with them.

#include <algorithm>
#include <utility>

#include "acme/certificate_alarm.hpp"
#include "admin/certificate_counts.hpp"
#include "admin/handlers.hpp"
#include "admin/paging.hpp"
#include "admin/server_view.hpp"
#include "store/certificate_overview.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kReadAtOnce = 500;
constexpr std::size_t kLookedAt = 5'000;  // Servers, for one page: few may have an alarm.

/// Which servers are asked for.
struct AlarmFilter {
    bool only_alarms = false;
    std::optional<acme::AlarmKind> kind;  // Empty: any.
    std::string licence;                  // Empty: any.

    [[nodiscard]] bool takes(const store::CertificateOverview& server,
                             const std::optional<acme::CertificateAlarm>& alarm) const {
        if (!licence.empty() && licence != server.licence) return false;
        if (!only_alarms) return true;
        return alarm && (!kind || alarm->kind == *kind);
    }
};

Result<AlarmFilter, Problem> filter_of(const net::Request& request) {
    const auto word = request.query_parameter("alarm");
    const std::string licence = request.query_parameter("licence").value_or("");
    if (!word) return AlarmFilter{false, std::nullopt, licence};
    if (*word == "any") return AlarmFilter{true, std::nullopt, licence};
    const auto& words = acme::kAlarmWords;
    const auto found = std::find(words.begin(), words.end(), *word);
    if (found != words.end())
        return AlarmFilter{true, static_cast<acme::AlarmKind>(found - words.begin()), licence};
    Problem problem(ProblemType::InvalidRequest, "no alarm has this name");
    std::string taken = "is none of: any";
    for (const std::string_view each : words)
        taken += ", " + std::string(each);
    problem.errors.push_back({"alarm", std::move(taken)});
    return fail(std::move(problem));
}

void write_overview(JsonWriter& json, const store::CertificateOverview& overview,
                    const acme::ServerCertificates& certificates,
                    const std::optional<acme::CertificateAlarm>& alarm) {
    json.begin_object();
    json.member("licence", overview.licence);
    json.member("server", overview.label);
    json.member("served", overview.served ? std::optional(to_hex(*overview.served)) : std::nullopt);
    write_certificate(json, certificates.twin, alarm);
    write_certificates_alone(json, certificates.alone);
    json.end_object();
}

}  // namespace

Result<net::Response, Problem> list_certificates(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const AlarmFilter filter = TRY(filter_of(call.request));
    std::int64_t last = TRY(page.after_number());
    const WallTime now = api.now();
    std::size_t shown = 0;
    bool has_more = true;
    JsonWriter json;
    json.begin_object().key("certificates").begin_array();
    for (std::size_t seen = 0; has_more && shown < page.limit && seen < kLookedAt;) {
        const auto rows =
            TRY(store::certificate_overview(api.queries().database(), now, kReadAtOnce, last));
        has_more = rows.size() == kReadAtOnce;
        for (const auto& each : rows) {
            if (shown == page.limit) {
                has_more = true;
                break;
            }
            last = each.server_id;
            ++seen;
            const auto certificates = acme::server_certificates(each, now);
            const auto alarm = acme::alarm_of(certificates, each.served, now);
            if (!filter.takes(each, alarm)) continue;
            write_overview(json, each, certificates, alarm);
            ++shown;
        }
    }
    json.end_array();
    write_next(json, has_more, std::to_string(last));
    json.end_object();
    return json_response(200, json);
}

Result<const CertificateCounts*> CertificateCounter::at(store::Queries& queries, WallTime now,
                                                        MonotonicTime instant) {
    if (counted_at_ && instant - *counted_at_ < kCountEvery) return &counts_;
    CertificateCounts counts;
    std::int64_t last = 0;
    for (bool has_more = true; has_more;) {
        const auto rows =
            TRY(store::certificate_overview(queries.database(), now, kReadAtOnce, last));
        has_more = rows.size() == kReadAtOnce;
        if (has_more) last = rows.back().server_id;
        for (const auto& each : rows) {
            const auto certificates = acme::server_certificates(each, now);
            ++counts.phases[static_cast<std::size_t>(certificates.phase())];
            if (const auto alarm = acme::alarm_of(certificates, each.served, now))
                ++counts.alarms[static_cast<std::size_t>(alarm->kind)];
        }
    }
    counts_ = counts;
    counted_at_ = instant;
    return &counts_;
}

}  // namespace hairpin::admin
