#include "admin/paging.hpp"

#include <charconv>

#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMaxCursorCharacters = 600;

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

Result<Page, Problem> Page::of(const net::Request& request) {
    Page page;
    if (const auto text = request.query_parameter("limit")) {
        const auto limit = parse_number<std::size_t>(*text);
        if (!limit || *limit < 1 || *limit > kLongestPage)
            return fail(invalid_field(
                "?limit", "must be a number from 1 to " + std::to_string(kLongestPage)));
        page.limit = *limit;
    }
    if (const auto text = request.query_parameter("cursor"); text && !text->empty()) {
        auto after = text->size() > kMaxCursorCharacters ? std::nullopt : from_base64url(*text);
        if (!after) return fail(invalid_field("?cursor", "must be a \"next\" of the page before"));
        page.after = as_text(*after);
    }
    return page;
}

Result<std::int64_t, Problem> Page::after_number() const {
    if (after.empty()) return 0;
    const auto number = parse_number<std::int64_t>(after);
    if (!number || *number < 0)
        return fail(invalid_field("?cursor", "must be a \"next\" of the page before"));
    return *number;
}

std::string cursor_behind(const std::string& last_key) {
    return to_base64url(as_octets(last_key));
}

void write_next(JsonWriter& json, bool has_more, const std::string& last_key) {
    if (has_more) {
        json.member("next", cursor_behind(last_key));
    } else {
        json.key("next").null();
    }
}

}  // namespace hairpin::admin
