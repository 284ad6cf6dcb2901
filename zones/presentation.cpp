#include "zones/presentation.hpp"

#include <algorithm>

#include "zones/ldns_text.hpp"
#include "zones/master_text.hpp"
#include "zones/rdata_layout.hpp"
#include "zones/rdata_reader.hpp"
#include "zones/rdata_writer.hpp"

namespace hairpin::zones {
namespace {

std::string generic_text(OctetView rdata) {
    std::string text = "\\# " + std::to_string(rdata.size());
    if (!rdata.empty()) text += " " + to_hex(rdata);
    return text;
}

bool reads_back(RType type, std::string_view text, OctetView rdata) {
    const auto again = rdata_from_text(type, text);
    return again && again->size() == rdata.size() &&
           std::equal(rdata.begin(), rdata.end(), again->begin());
}

// SVCB and HTTPS: what ldns writes is taken only where it reads back.
std::optional<std::string> text_by_ldns(RType type, OctetView rdata) {
    auto text = ldns_rdata_text(type, rdata);
    if (!text || !reads_back(type, *text, rdata)) return std::nullopt;
    return text;
}

bool has_parameters(const RdataLayout& layout) noexcept {
    return std::find(layout.fields.begin(), layout.fields.end(), Field::Parameters) !=
           layout.fields.end();
}

}  // namespace

std::optional<RType> type_from_text(std::string_view text) {
    if (const RdataLayout* layout = layout_named(text)) return static_cast<RType>(layout->number);
    constexpr std::string_view kGeneric = "type";
    if (text.size() <= kGeneric.size()) return std::nullopt;
    for (std::size_t at = 0; at < kGeneric.size(); ++at)
        if ((text[at] | 0x20) != kGeneric[at]) return std::nullopt;
    const auto number = parse_decimal(text.substr(kGeneric.size()), 65'535);
    if (!number) return std::nullopt;
    return static_cast<RType>(*number);
}

std::string type_text(RType type) {
    if (const RdataLayout* layout = layout_of(type)) return std::string(layout->mnemonic);
    return "TYPE" + std::to_string(to_number(type));
}

Result<Octets> rdata_from_text(RType type, std::string_view text, const Name& origin) {
    const auto refuse = [type](std::string reason) {
        return fail(Error{ErrorCode::Invalid, type_text(type), std::move(reason)});
    };
    if (text.size() > kMaxRecordCharacters)
        return refuse("longer than " + std::to_string(kMaxRecordCharacters) + " characters");
    MasterTextReader reader(text, MasterForm::OneLine);
    MasterLine line;
    const auto more = reader.next(line);
    if (!more) return refuse(more.error().reason);
    auto rdata = read_rdata(type, line.tokens, 1, origin);
    if (!rdata) return refuse(rdata.error().reason);
    return *std::move(rdata);
}

std::string rdata_text(RType type, OctetView rdata) {
    const RdataLayout* layout = layout_of(type);
    if (layout == nullptr || !rdata_is_valid(type, rdata)) return generic_text(rdata);
    const auto text =
        has_parameters(*layout) ? text_by_ldns(type, rdata) : write_fields(*layout, rdata);
    return text.value_or(generic_text(rdata));
}

bool rdata_is_valid(RType type, OctetView rdata) {
    if (rdata.size() > 65'535) return false;
    const RdataLayout* layout = layout_of(type);
    if (layout == nullptr) return true;
    for (const Field field : layout->fields) {
        if (field == Field::End) break;
        const auto octets = field_octets(field, rdata);
        if (!octets) return false;
        rdata = rdata.subspan(*octets);
    }
    return rdata.empty();
}

}  // namespace hairpin::zones
