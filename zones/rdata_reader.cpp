#include "zones/rdata_reader.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "zones/field_reader.hpp"
#include "zones/ldns_text.hpp"
#include "zones/presentation.hpp"
#include "zones/rdata_layout.hpp"

namespace hairpin::zones {
namespace {

constexpr std::size_t kMaxRdataOctets = 65'535;
using Done = FieldReader::Done;

// A final dot that no backslash escapes.
bool is_absolute(std::string_view text) noexcept {
    if (!text.ends_with('.')) return false;
    std::size_t backslashes = 0;
    for (std::size_t at = text.size() - 1; at > 0 && text[at - 1] == '\\'; --at)
        ++backslashes;
    return backslashes % 2 == 0;
}

bool has_text(const RdataLayout* layout) noexcept {
    return layout != nullptr &&
           std::none_of(layout->fields.begin(), layout->fields.end(), [](Field field) {
               return field == Field::Opaque || field == Field::Services;
           });
}

bool has_upper_case(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(),
                       [](char letter) { return letter >= 'A' && letter <= 'Z'; });
}

// What ldns is lenient about: it takes "port=70000", "port" alone and a number for a key with a
// name.
Done check_parameter(const Token& token) {
    const auto refuse = [&token](std::string_view reason) {
        return fail(MasterTextError{token.line, shown(token.text) + ": " + std::string(reason)});
    };
    const std::size_t equals = token.text.find('=');
    const std::string_view key = token.text.substr(0, equals);
    if (token.quoted || key.find_first_of("\"\\") != std::string_view::npos)
        return refuse("quotation marks and backslashes belong into the value");
    if (has_upper_case(key)) return refuse("keys are in lower case");
    if (key.starts_with("key0") || (key.size() == 4 && key >= "key1" && key <= "key6"))
        return refuse("keys 0 to 6 are written by name");
    if (key != "port") return {};
    std::string_view value =
        equals == std::string_view::npos ? std::string_view() : token.text.substr(equals + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
        value = value.substr(1, value.size() - 2);
    if (!parse_decimal(value, 65'535)) return refuse("a port is a number from 0 to 65535");
    return {};
}

// SVCB and HTTPS: priority and target are read already, and ldns has to agree on them.
Result<Octets, MasterTextError> read_parameters(const RdataLayout& layout,
                                                const FieldReader& reader) {
    const OctetView head = reader.rdata();
    const auto target = Name::from_wire(head.subspan(2));
    if (!target) return reader.wrong("the target is not a name");
    std::string line = std::to_string(head[0] << 8 | head[1]) + " " + target->text();
    for (const Token& token : reader.tokens_left()) {
        TRY(check_parameter(token));
        line.append(1, ' ').append(token.text);
    }
    auto rdata = ldns_rdata_from_text(layout.mnemonic, line);
    if (!rdata) return reader.wrong("the parameters are not understood: " + rdata.error());
    if (rdata->size() < head.size() || !std::equal(head.begin(), head.end(), rdata->begin()))
        return reader.wrong(
            "the target has characters that cannot be written in front of parameters");
    return *std::move(rdata);
}

Result<Octets, MasterTextError> read_fields(const RdataLayout& layout,
                                            std::span<const Token> tokens, std::size_t line,
                                            const Name& origin) {
    FieldReader reader(tokens, line, origin);
    for (const Field field : layout.fields) {
        if (field == Field::End) break;
        if (field == Field::Parameters) return read_parameters(layout, reader);
        TRY(reader.field(field));
    }
    if (!reader.tokens_left().empty()) {
        const Token& surplus = reader.tokens_left().front();
        return fail(MasterTextError{surplus.line,
                                    shown(surplus.text) + " is more than the type has fields for"});
    }
    return reader.take();
}

Result<Octets, MasterTextError> read_generic(std::span<const Token> tokens, const Name& origin) {
    FieldReader reader(tokens.subspan(1), tokens.front().line, origin);
    TRY(reader.generic());
    return reader.take();
}

}  // namespace

Result<Name, NameError> name_under(std::string_view text, const Name& origin) noexcept {
    if (text == "@") return origin;
    const Name name = TRY(Name::parse(text));
    if (is_absolute(text)) return name;
    const auto whole = Name::join(name.wire().first(name.size() - 1), origin);
    if (!whole) return fail(NameError::NameTooLong);
    return *whole;
}

Result<Octets, MasterTextError> read_rdata(RType type, std::span<const Token> tokens,
                                           std::size_t line, const Name& origin) {
    const RdataLayout* layout = layout_of(type);
    const bool generic = !tokens.empty() && !tokens.front().quoted && tokens.front().text == "\\#";
    const std::size_t start = tokens.empty() ? line : tokens.front().line;
    if (!generic && !has_text(layout))
        return fail(MasterTextError{
            start, "its RDATA has only the generic form, \\# <octets> <hexadecimal digits>"});

    Octets rdata =
        TRY(generic ? read_generic(tokens, origin) : read_fields(*layout, tokens, line, origin));
    if (rdata.size() > kMaxRdataOctets)
        return fail(MasterTextError{start, "more than 65535 octets of RDATA"});
    if (!rdata_is_valid(type, rdata))
        return fail(MasterTextError{start, "the RDATA breaks the rules of its type"});
    return rdata;
}

std::optional<std::uint32_t> parse_time(std::string_view text) noexcept {
    if (text.size() < 14) {
        const auto seconds = parse_decimal(text, 0xffff'ffff);
        return seconds ? std::optional(static_cast<std::uint32_t>(*seconds)) : std::nullopt;
    }
    using namespace std::chrono;
    if (text.size() != 14 || !parse_decimal(text, 99'999'999'999'999)) return std::nullopt;
    const auto part = [text](std::size_t at, std::size_t digits) {
        return static_cast<unsigned>(*parse_decimal(text.substr(at, digits), 9'999));
    };
    const year_month_day date{year(static_cast<int>(part(0, 4))), month(part(4, 2)),
                              day(part(6, 2))};
    if (!date.ok() || part(8, 2) > 23 || part(10, 2) > 59 || part(12, 2) > 59) return std::nullopt;
    const seconds since = sys_days(date).time_since_epoch() + hours(part(8, 2)) +
                          minutes(part(10, 2)) + seconds(part(12, 2));
    if (since.count() < 0 || since.count() > 0xffff'ffff) return std::nullopt;
    return static_cast<std::uint32_t>(since.count());
}

}  // namespace hairpin::zones
