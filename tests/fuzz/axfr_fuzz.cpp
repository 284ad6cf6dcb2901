// Any octets as what a source answers to AXFR: whatever is taken for a whole zone is a zone that
// reads back from its file to the same zone.
//
// Input: messages, each behind its length in two octets. IDs and the question are those of a query
// for example.net.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cli/axfr_reader.hpp"
#include "cli/intake.hpp"
#include "tests/support/axfr.hpp"
#include "zones/zone_file.hpp"

namespace {

using namespace hairpin;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

void check_zone(const cli::TakenZone& taken, const zones::Name& apex) {
    const std::string text = zones::format_zone_file(*taken.zone);
    const auto again = zones::parse_zone_file(text, apex);
    require(again.has_value(), "what was taken does not read back");
    zones::ZoneChange change;
    change.apex = apex;
    change.action = zones::ZoneAction::Create;
    change.edits = *again;
    const auto made = zones::apply({}, change, {1, {}}, {});
    require(made.has_value(), "the server would refuse what was taken");
    require(zones::format_zone_file(*made->zone) == text, "it reads back as another zone");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const zones::Name apex = tests::name(tests::kAxfrApex);
    cli::Intake intake(apex);
    cli::AxfrReader reader(apex, tests::kAxfrId, {1u << 20, 10'000}, [&intake](auto record) {
        require(record.rdata.size() <= 65'535 + 3 * zones::kMaxNameOctets, "too much RDATA");
        intake.add(std::move(record));
    });
    for (OctetView left(data, size); left.size() >= 2 && !reader.is_done();) {
        const std::size_t octets =
            std::min<std::size_t>(zones::read_u16(left.data()), left.size() - 2);
        const OctetView message = left.subspan(2, octets);
        left = left.subspan(2 + octets);
        if (!reader.take(message)) return 0;
    }
    const auto taken = intake.finish();
    if (taken && reader.is_done()) check_zone(*taken, apex);
    return 0;
}
