// Master files: whatever the text, an error has its line and its words, or the records are
// well-formed, their text reads back to the same octets, and ldns reads that text as we do.
//
// Input: a master file of the zone example.net.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/handle.hpp"
#include "core/octets.hpp"
#include "zones/presentation.hpp"
#include "zones/zone_file.hpp"

// Behind the standard library: its macros break the headers of libstdc++ for clang.
#include <ldns/ldns.h>

namespace {

using namespace hairpin;
using zones::Edit;
using zones::Name;

using RrHandle = Handle<ldns_rr, ldns_rr_free>;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

/// ldns's limits are lower than ours: longer lines and fields are not compared.
constexpr std::size_t kMaxLdnsText = 8'000;

void check_against_ldns(const Edit& edit, const std::string& text, const Octets& rdata) {
    if (text.starts_with("\\#") || text.size() > kMaxLdnsText) return;
    const std::string record = edit.owner.text() + " 0 IN " + type_text(edit.type) + " " + text;
    ldns_rr* raw = nullptr;
    const bool read =
        ldns_rr_new_frm_str(&raw, record.c_str(), 0, nullptr, nullptr) == LDNS_STATUS_OK;
    const RrHandle rr(raw);
    if (!read) return;
    const OctetView owner(ldns_rdf_data(ldns_rr_owner(rr.get())),
                          ldns_rdf_size(ldns_rr_owner(rr.get())));
    require(std::ranges::equal(owner, edit.owner.wire()), "ldns reads another owner");
    Octets theirs;
    for (std::size_t field = 0; field < ldns_rr_rd_count(rr.get()); ++field) {
        const ldns_rdf* rdf = ldns_rr_rdf(rr.get(), field);
        theirs.insert(theirs.end(), ldns_rdf_data(rdf), ldns_rdf_data(rdf) + ldns_rdf_size(rdf));
    }
    if (theirs != rdata) std::fprintf(stderr, "%s\n%s\n", record.c_str(), to_hex(theirs).c_str());
    require(theirs == rdata, "ldns reads other RDATA");
}

std::string check_edit(const Edit& edit, const Name& apex) {
    require(edit.kind == zones::EditKind::ReplaceRRset, "kind of edit");
    require(edit.owner.is_within(apex), "an owner outside of the zone");
    require(edit.ttl <= zones::kMaxTtl, "TTL");
    require(!edit.rdatas.empty() && !zones::is_meta(edit.type), "an RRset that cannot be");
    require(zones::type_from_text(zones::type_text(edit.type)) == edit.type, "type");
    std::string lines;
    for (const Octets& rdata : edit.rdatas) {
        require(zones::rdata_is_valid(edit.type, rdata), "invalid RDATA");
        const std::string text = zones::rdata_text(edit.type, rdata);
        const auto again = zones::rdata_from_text(edit.type, text);
        require(again.has_value() && *again == rdata, "RDATA text does not read back");
        check_against_ldns(edit, text, rdata);
        lines += edit.owner.text() + " " + std::to_string(edit.ttl) + " IN " +
                 zones::type_text(edit.type) + " " + text + "\n";
    }
    return lines;
}

void check_as_rdata(OctetView octets) {
    // Any octets at all as RDATA of a few types with parts of their own.
    for (const unsigned number : {1u, 6u, 16u, 29u, 42u, 45u, 46u, 47u, 50u, 55u, 64u, 65u, 257u}) {
        const auto type = static_cast<zones::RType>(number);
        const std::string text = zones::rdata_text(type, octets);
        const bool valid = zones::rdata_is_valid(type, octets);
        const auto again = zones::rdata_from_text(type, text);
        require(again.has_value() == valid, "text and validity disagree");
        if (valid) require(std::ranges::equal(*again, octets), "RDATA does not read back");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Name apex = *Name::parse("example.net.");
    const OctetView octets(data, size);
    if (size <= 65'535) check_as_rdata(octets);

    const auto edits = zones::parse_zone_file(as_text(octets), apex, "fuzz.zone");
    if (!edits) {
        require(!edits.error().reason.empty() && edits.error().reason.size() < 2'000, "reason");
        const auto lines = 1 + std::count(data, data + size, '\n');
        require(edits.error().line <= static_cast<std::size_t>(lines), "line");
        return 0;
    }
    require(!edits->empty() && edits->front().type == zones::RType::SOA, "the SOA is not first");
    std::string written;
    for (const Edit& edit : *edits)
        written += check_edit(edit, apex);
    const auto again = zones::parse_zone_file(written, apex);
    require(again.has_value() && *again == *edits, "what we wrote does not read back");
    return 0;
}
