#include "admin/conditions.hpp"

#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

std::string_view trim(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

enum class Weak : std::uint8_t { Counts, DoesNot };

/// Whether a comma-separated list of entity tags holds `etag`; our tags hold no comma.
bool list_names(std::string_view list, std::string_view etag, Weak weak) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view tag = trim(list.substr(0, comma));
        if (weak == Weak::Counts && tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == etag) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

/// Tags of zones as those of their content: zone_etag() without what follows the serial.
std::string without_digests(std::string_view list) {
    std::string without;
    bool is_digest = false;
    for (const char letter : list) {
        if (letter == '.' || letter == '"') is_digest = letter == '.';
        if (!is_digest) without += letter;
    }
    return without;
}

Problem failed(std::string detail) {
    return {ProblemType::PreconditionFailed, std::move(detail)};
}

}  // namespace

std::string version_etag(std::int64_t version) {
    return "\"v" + std::to_string(version) + "\"";
}

std::string serial_etag(std::uint32_t serial) {
    return "\"" + std::to_string(serial) + "\"";
}

std::string zone_etag(std::uint32_t serial, std::string_view secondaries) {
    if (secondaries.empty()) return serial_etag(serial);
    const Sha256 digest = sha256(as_octets(secondaries));
    return "\"" + std::to_string(serial) + "." + to_hex(OctetView(digest).first(6)) + "\"";
}

std::string content_etag(const Sha256& digest) {
    return "\"" + to_hex(digest) + "\"";
}

std::string rrset_etag(const zones::RRset& rrset) {
    // The stored form holds type, class and TTL in front of each record.
    const Sha256 digest = sha256(rrset.wire());
    return "\"" + to_hex(OctetView(digest).first(12)) + "\"";
}

WriteConditions WriteConditions::of(const net::Request& request) {
    WriteConditions conditions;
    if (const auto field = request.header("if-match")) conditions.if_match = std::string(*field);
    const auto field = request.header("if-none-match");
    conditions.if_absent = field && trim(*field) == "*";
    return conditions;
}

Result<void, Problem> WriteConditions::check(std::string_view etag) const {
    if (if_absent && !etag.empty())
        return fail(failed("it is there already, with ETag " + std::string(etag)));
    if (!if_match) return {};
    if (etag.empty()) return fail(failed("there is nothing that If-Match could name"));
    if (trim(*if_match) == "*" || list_names(*if_match, etag, Weak::DoesNot)) return {};
    if (if_match->find('"') == std::string::npos)
        return fail(invalid_field("If-Match", "must hold an ETag in its quotation marks, or *"));
    return fail(failed("its ETag is now " + std::string(etag) + ": read it again"));
}

Result<void, Problem> WriteConditions::check_serial(std::uint32_t serial) const {
    WriteConditions of_content = *this;
    if (if_match) of_content.if_match = without_digests(*if_match);
    return of_content.check(serial_etag(serial));
}

bool none_match_names(const net::Request& request, std::string_view etag) {
    const auto field = request.header("if-none-match");
    return field && (trim(*field) == "*" || list_names(*field, etag, Weak::Counts));
}

}  // namespace hairpin::admin
