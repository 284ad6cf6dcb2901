#include "cli/zone_import.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "cli/small_file.hpp"
#include "dnsd/key_file.hpp"
#include "zones/presentation.hpp"
#include "zones/zone_file.hpp"

namespace hairpin::cli {
namespace {

int failed(const Error& error, int status = kFailed) {
    fmt::print(stderr, "hairpin: {}\n", error.text());
    return status;
}

std::string owners_text(const LeftOut& group) {
    std::string text;
    for (const zones::Name& owner : group.owners)
        text += (text.empty() ? "" : ", ") + owner.text();
    return group.records > group.owners.size() ? text + ", .." : text;
}

std::string left_out_text(const TakenZone& taken) {
    std::string text;
    for (const Loss loss : {Loss::Yes, Loss::No}) {
        std::size_t records = 0;
        std::string lines;
        for (const LeftOut& group : taken.left_out) {
            if (group.loss != loss) continue;
            records += group.records;
            lines += fmt::format("  {:>7} {:<10} {} ({})\n", group.records,
                                 zones::type_text(group.type), group.reason, owners_text(group));
        }
        const char* what =
            loss == Loss::Yes ? "cannot be taken" : "left out, nothing is lost with them";
        if (records != 0) text += fmt::format("{} records {}:\n{}", records, what, lines);
    }
    return text;
}

struct Arrival {
    AxfrTotals totals;
    TakenZone taken;
};

Result<Arrival> fetch(const ImportOptions& options, const zones::Name& apex) {
    AxfrOrder order;
    order.server = options.server;
    order.apex = apex;
    order.limits = options.limits;
    order.times = options.times;
    if (!options.tsig_file.empty()) order.key = TRY(dnsd::read_tsig_file(options.tsig_file));
    Intake intake(apex);
    Arrival arrival;
    arrival.totals =
        TRY(transfer_zone(order, [&intake](AxfrRecord record) { intake.add(std::move(record)); }));
    arrival.taken = TRY(intake.finish());
    return arrival;
}

int write_output(const ImportOptions& options, const zones::Zone& zone) {
    const std::string text = zones::format_zone_file(zone);
    if (options.output == "-") {
        const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                                std::fflush(stdout) == 0;
        return is_written ? kDone : kFailed;
    }
    if (const auto written = write_file(options.output, text); !written)
        return failed(written.error());
    fmt::print("{}: written to {}\n", zone.apex().text(), options.output);
    return kDone;
}

int load(const ImportOptions& options, RestClient& api, const zones::Zone& zone) {
    const auto loaded = load_zone(api, zone, options.existing);
    if (!loaded) return failed(loaded.error());
    fmt::print("{}: {} at {}, serial {}\n", zone.apex().text(),
               !loaded->was_there ? "loaded"
               : loaded->changed  ? "replaced"
                                  : "was the same already",
               options.api.url, loaded->serial);
    return kDone;
}

}  // namespace

std::string report_text(const AxfrTotals& totals, const TakenZone& taken,
                        const std::string& server) {
    const zones::Zone& zone = *taken.zone;
    std::string text = fmt::format(
        "{} from {}: serial {}, {} records in {} messages of {} octets\n"
        "{} records are taken, in {} RRsets of {} names\n",
        zone.apex().text(), server, zone.serial(), totals.records, totals.messages, totals.octets,
        taken.records, taken.rrsets, zone.names().size());
    text += left_out_text(taken);
    for (const std::string& note : taken.notes)
        text += "note: " + note + "\n";
    return text;
}

int run_zone_import(const ImportOptions& options) {
    const auto apex = zones::Name::parse(options.zone);
    if (!apex)
        return failed({ErrorCode::Invalid, options.zone, std::string(to_string(apex.error()))},
                      kMisused);
    // What the end needs is looked for before a source is made to send a large zone.
    std::unique_ptr<RestClient> api;
    if (!options.dry_run && options.output.empty()) {
        auto made = RestClient::create(options.api);
        if (!made)
            return failed(made.error(),
                          made.error().code == ErrorCode::Invalid ? kMisused : kFailed);
        api = *std::move(made);
    }
    const auto arrival = fetch(options, *apex);
    if (!arrival) return failed(arrival.error());
    // A zone on standard output stands there alone.
    fmt::print(options.output == "-" ? stderr : stdout, "{}",
               report_text(arrival->totals, arrival->taken, options.server));
    if (arrival->taken.has_losses() && !options.skip) {
        return failed({ErrorCode::Invalid, apex->text(),
                       "nothing was loaded or written: some records cannot be taken (--skip takes "
                       "the rest)"});
    }
    if (options.dry_run) return kDone;
    const zones::Zone& zone = *arrival->taken.zone;
    return api ? load(options, *api, zone) : write_output(options, zone);
}

}  // namespace hairpin::cli
