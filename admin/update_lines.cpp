#include "admin/update_lines.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

using zones::PrerequisiteKind;

constexpr std::int64_t kMostTtl = 0x7FFF'FFFF;  // RFC 2181 section 8.

/// The words of one line, taken from its front.
class UpdateWords {
public:
    explicit UpdateWords(std::string_view line) : rest_(line) {}
    [[nodiscard]] std::string_view next() {
        skip_blanks();
        const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
        rest_.remove_prefix(word.size());
        return word;
    }
    /// The next word behind a class, which only IN may be.
    [[nodiscard]] std::string_view next_behind_class() {
        const std::string_view word = next();
        return word == "IN" ? next() : word;
    }
    /// All that is left.
    [[nodiscard]] std::string_view rest() {
        skip_blanks();
        return rest_;
    }

private:
    void skip_blanks() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    }

    std::string_view rest_;
};

std::optional<zones::Ttl> ttl_of(std::string_view word) {
    const bool is_number = !word.empty() && word.size() <= 10 &&
                           word.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number) return std::nullopt;
    const std::int64_t seconds = std::stoll(std::string(word));
    return seconds <= kMostTtl ? std::optional(static_cast<zones::Ttl>(seconds)) : std::nullopt;
}

/// What stands behind a name and a TTL.
struct SeenRecord {
    zones::RType type = zones::RType::A;
    std::vector<Octets> rdatas;  // One, or none was said.
};

Result<SeenRecord, std::string> read_record(std::string_view type, UpdateWords& words,
                                            const zones::Name& apex) {
    const auto known = zones::type_from_text(type);
    if (!known) return fail("\"" + std::string(type) + "\" is not an RR type");
    SeenRecord seen{*known, {}};
    if (words.rest().empty()) return seen;
    auto rdata = zones::rdata_from_text(*known, words.rest(), apex);
    if (!rdata) return fail(rdata.error().text());
    seen.rdatas.push_back(*std::move(rdata));
    return seen;
}

Result<zones::Name, std::string> read_owner(UpdateWords& words) {
    auto owner = zones::Name::parse(words.next());
    if (!owner) return fail(std::string("names no owner"));
    return *owner;
}

Result<void, std::string> read_addition(UpdateWords& words, zones::ZoneChange& change) {
    zones::Edit edit;
    edit.kind = zones::EditKind::AddRecords;
    edit.owner = TRY(read_owner(words));
    const auto ttl = ttl_of(words.next());
    if (!ttl) return fail(std::string("has no TTL behind the name"));
    edit.ttl = *ttl;
    auto seen = TRY(read_record(words.next_behind_class(), words, change.apex));
    if (seen.rdatas.empty()) return fail(std::string("adds no record"));
    edit.type = seen.type;
    edit.rdatas = std::move(seen.rdatas);
    change.edits.push_back(std::move(edit));
    return {};
}

Result<void, std::string> read_deletion(UpdateWords& words, zones::ZoneChange& change) {
    zones::Edit edit;
    edit.kind = zones::EditKind::DeleteOwner;
    edit.owner = TRY(read_owner(words));
    if (const std::string_view type = words.next_behind_class(); !type.empty()) {
        auto seen = TRY(read_record(type, words, change.apex));
        edit.kind =
            seen.rdatas.empty() ? zones::EditKind::DeleteRRset : zones::EditKind::DeleteRecords;
        edit.type = seen.type;
        edit.rdatas = std::move(seen.rdatas);
    }
    change.edits.push_back(std::move(edit));
    return {};
}

/// RFC 2136 section 2.4.2: the values of one RRset stand on several lines.
void add_value(zones::ZoneChange& change, zones::Prerequisite wanted) {
    for (zones::Prerequisite& each : change.prerequisites) {
        const bool is_same = each.kind == PrerequisiteKind::RRsetIs && each.owner == wanted.owner &&
                             each.type == wanted.type;
        if (!is_same) continue;
        each.rdatas.push_back(std::move(wanted.rdatas.front()));
        return;
    }
    change.prerequisites.push_back(std::move(wanted));
}

Result<void, std::string> read_prerequisite(UpdateWords& words, zones::ZoneChange& change) {
    const std::string_view what = words.next();
    const bool is_about_owner = what == "nxdomain" || what == "yxdomain";
    const bool is_absent = what == "nxdomain" || what == "nxrrset";
    if (!is_about_owner && what != "nxrrset" && what != "yxrrset")
        return fail(std::string("wants none of nxdomain, yxdomain, nxrrset, yxrrset"));
    zones::Prerequisite wanted;
    wanted.owner = TRY(read_owner(words));
    wanted.kind = is_absent ? PrerequisiteKind::OwnerNotInUse : PrerequisiteKind::OwnerInUse;
    if (is_about_owner) {
        if (!words.rest().empty()) return fail(std::string("says more than a name"));
        change.prerequisites.push_back(std::move(wanted));
        return {};
    }
    auto seen = TRY(read_record(words.next_behind_class(), words, change.apex));
    wanted.kind = is_absent ? PrerequisiteKind::RRsetAbsent : PrerequisiteKind::RRsetExists;
    wanted.type = seen.type;
    wanted.rdatas = std::move(seen.rdatas);
    if (wanted.rdatas.empty()) {
        change.prerequisites.push_back(std::move(wanted));
        return {};
    }
    if (is_absent) return fail(std::string("has data, which an absent RRset has not"));
    wanted.kind = PrerequisiteKind::RRsetIs;
    add_value(change, std::move(wanted));
    return {};
}

Result<void, std::string> read_update_line(std::string_view line, zones::ZoneChange& change) {
    UpdateWords words(line);
    std::string_view verb = words.next();
    if (verb == "prereq") return read_prerequisite(words, change);
    if (verb == "update") verb = words.next();
    if (verb == "add") return read_addition(words, change);
    if (verb == "delete" || verb == "del") return read_deletion(words, change);
    return fail(std::string("is neither add, delete nor prereq"));
}

}  // namespace

Result<zones::ZoneChange, Problem> read_update_lines(std::span<const JsonValue> lines,
                                                     const zones::Name& apex) {
    zones::ZoneChange change;
    change.apex = apex;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const auto* line = std::get_if<std::string>(&lines[at].is);
        const auto seen = line == nullptr
                              ? Result<void, std::string>(fail(std::string("is no text")))
                              : read_update_line(*line, change);
        if (!seen) return fail(invalid_field("/request/" + std::to_string(at), seen.error()));
    }
    // Section 3.2.5: whole RRsets are compared behind all other prerequisites.
    std::stable_partition(
        change.prerequisites.begin(), change.prerequisites.end(),
        [](const zones::Prerequisite& each) { return each.kind != PrerequisiteKind::RRsetIs; });
    return change;
}

}  // namespace hairpin::admin
