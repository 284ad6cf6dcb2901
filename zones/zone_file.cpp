#include "zones/zone_file.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>

#include "zones/master_text.hpp"
#include "zones/presentation.hpp"
#include "zones/rdata_reader.hpp"

namespace hairpin::zones {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // Windows editors put it in front.

bool is_word(std::string_view text, std::string_view lower_case) noexcept {
    return text.size() == lower_case.size() &&
           std::equal(text.begin(), text.end(), lower_case.begin(), [](char given, char ours) {
               return lower(static_cast<std::uint8_t>(given)) == static_cast<std::uint8_t>(ours);
           });
}

enum class ClassWord : std::uint8_t { None, In, Other };

// RFC 1035 section 3.2.4 and RFC 3597 section 5 ("CLASS1").
ClassWord class_word(std::string_view text) noexcept {
    if (is_word(text, "in") || is_word(text, "class1")) return ClassWord::In;
    if (is_word(text, "ch") || is_word(text, "hs") || is_word(text, "cs")) return ClassWord::Other;
    const bool numbered = text.size() > 5 && is_word(text.substr(0, 5), "class");
    return numbered && parse_decimal(text.substr(5), 65'535) ? ClassWord::Other : ClassWord::None;
}

// The RRsets met so far, found by owner and type: a set of positions in the list of edits.
class RRsetIndex {
public:
    explicit RRsetIndex(std::vector<Edit>& edits)
        : edits_(edits), set_(16, Hash{&edits}, Same{&edits}) {}

    /// The edit of that RRset, new or met before.
    [[nodiscard]] Edit& find_or_add(const Name& owner, RType type, Ttl ttl) {
        Edit& candidate = edits_.emplace_back();
        candidate.owner = owner;
        candidate.type = type;
        candidate.ttl = ttl;
        const auto [place, added] = set_.insert(edits_.size() - 1);
        if (!added) edits_.pop_back();
        return edits_[*place];
    }

private:
    struct Hash {
        const std::vector<Edit>* edits;
        std::size_t operator()(std::size_t at) const noexcept {
            const Edit& edit = (*edits)[at];
            return NameHash()(edit.owner) * 31 + to_number(edit.type);
        }
    };
    struct Same {
        const std::vector<Edit>* edits;
        bool operator()(std::size_t a, std::size_t b) const noexcept {
            const Edit& left = (*edits)[a];
            const Edit& right = (*edits)[b];
            return left.type == right.type && left.owner == right.owner;
        }
    };
    std::vector<Edit>& edits_;
    std::unordered_set<std::size_t, Hash, Same> set_;
};

class ZoneFileParser {
public:
    ZoneFileParser(std::string_view text, const Name& apex, std::size_t max_records)
        : reader_(text), apex_(apex), origin_(apex), max_records_(max_records), index_(edits_) {}

    [[nodiscard]] Result<std::vector<Edit>, MasterTextError> parse();

private:
    using Done = Result<void, MasterTextError>;

    [[nodiscard]] Done directive(std::span<const Token> tokens);
    [[nodiscard]] Done record(const MasterLine& line);
    [[nodiscard]] Done take_owner(const Token& token);
    [[nodiscard]] Result<RType, MasterTextError> take_head(std::span<const Token>& tokens);
    [[nodiscard]] Done take_ttl(const Token& token);
    [[nodiscard]] Done check_type(RType type, const Token& token);
    [[nodiscard]] Done add(RType type, Octets rdata, std::size_t line);
    [[nodiscard]] std::optional<Ttl> ttl_of_record() const noexcept {
        if (stated_ttl_) return stated_ttl_;
        return default_ttl_ ? default_ttl_ : last_ttl_;
    }
    [[nodiscard]] static auto wrong(std::size_t line, std::string reason) {
        return fail(MasterTextError{line, std::move(reason)});
    }

    MasterTextReader reader_;
    const Name& apex_;
    Name origin_;
    std::size_t max_records_;
    std::size_t records_ = 0;
    std::size_t record_line_ = 0;     // Of this record's first token.
    std::optional<Name> owner_;       // Of the record before.
    std::optional<Ttl> stated_ttl_;   // Of this record.
    std::optional<Ttl> last_ttl_;     // The last one stated (RFC 1035 section 5.1).
    std::optional<Ttl> default_ttl_;  // $TTL (RFC 2308 section 4).
    std::size_t soa_line_ = 0;
    std::vector<Edit> edits_;
    RRsetIndex index_;
};

Result<std::vector<Edit>, MasterTextError> ZoneFileParser::parse() {
    MasterLine line;
    while (TRY(reader_.next(line))) {
        const Token& first = line.tokens.front();
        if (!line.starts_blank && !first.quoted && first.text.starts_with('$'))
            TRY(directive(line.tokens));
        else
            TRY(record(line));
    }
    if (soa_line_ == 0) return wrong(0, "the zone has no SOA record");
    const auto soa = std::find_if(edits_.begin(), edits_.end(),
                                  [](const Edit& edit) { return edit.type == RType::SOA; });
    std::rotate(edits_.begin(), soa, soa + 1);
    return std::move(edits_);
}

Result<void, MasterTextError> ZoneFileParser::directive(std::span<const Token> tokens) {
    const Token& word = tokens.front();
    if (is_word(word.text, "$include"))
        return wrong(word.line, "$INCLUDE is not taken: put the whole zone into one file");
    if (is_word(word.text, "$generate"))
        return wrong(word.line, "$GENERATE is not taken: write out its records");
    const bool origin = is_word(word.text, "$origin");
    if (!origin && !is_word(word.text, "$ttl"))
        return wrong(word.line, shown(word.text) + " is not a directive: $ORIGIN and $TTL are");
    if (tokens.size() != 2 || tokens[1].quoted)
        return wrong(word.line, shown(word.text) + " takes one argument");
    const Token& argument = tokens[1];
    if (!origin) {
        TRY(take_ttl(argument));
        default_ttl_ = stated_ttl_;
        return {};
    }
    const auto name = name_under(argument.text, origin_);
    if (!name)
        return wrong(argument.line, shown(argument.text) +
                                        " is not a name: " + std::string(to_string(name.error())));
    origin_ = *name;
    return {};
}

Result<void, MasterTextError> ZoneFileParser::record(const MasterLine& line) {
    std::span<const Token> tokens = line.tokens;
    stated_ttl_.reset();
    record_line_ = line.line;
    if (line.starts_blank) {
        if (!owner_) return wrong(line.line, "the first record has no owner in front of it");
    } else {
        TRY(take_owner(tokens.front()));
        tokens = tokens.subspan(1);
    }
    const RType type = TRY(take_head(tokens));
    if (!ttl_of_record())
        return wrong(line.line, "the record has no TTL, and no $TTL or TTL stands before it");
    auto rdata = read_rdata(type, tokens, line.tokens.back().line, origin_);
    if (!rdata) return wrong(rdata.error().line, type_text(type) + ": " + rdata.error().reason);
    return add(type, *std::move(rdata), line.line);
}

Result<void, MasterTextError> ZoneFileParser::take_owner(const Token& token) {
    if (token.quoted || token.quotes_inside)
        return wrong(token.line, "quotation marks where the owner belongs");
    const auto owner = name_under(token.text, origin_);
    if (!owner)
        return wrong(token.line, shown(token.text) +
                                     " is not a name: " + std::string(to_string(owner.error())));
    if (!owner->is_within(apex_))
        return wrong(token.line, shown(owner->text()) + " is outside of the zone " + apex_.text());
    owner_ = *owner;
    return {};
}

// [TTL] [class] type, or [class] [TTL] type (RFC 1035 section 5.1). Types never begin with a digit.
Result<RType, MasterTextError> ZoneFileParser::take_head(std::span<const Token>& tokens) {
    bool class_seen = false;
    std::size_t line = record_line_;
    for (; !tokens.empty(); tokens = tokens.subspan(1)) {
        const Token& token = tokens.front();
        line = token.line;
        if (token.quoted || token.quotes_inside)
            return wrong(line, "quotation marks where a TTL, class or type belongs");
        const ClassWord word = class_seen ? ClassWord::None : class_word(token.text);
        if (word == ClassWord::Other)
            return wrong(line, "the class " + shown(token.text) + " is not IN");
        if (word == ClassWord::In) {
            class_seen = true;
            continue;
        }
        const bool digit = token.text.front() >= '0' && token.text.front() <= '9';
        if (digit && !stated_ttl_) {
            TRY(take_ttl(token));
            last_ttl_ = stated_ttl_;
            continue;
        }
        const auto type = type_from_text(token.text);
        if (!type) return wrong(line, shown(token.text) + " is not a record type");
        TRY(check_type(*type, token));
        tokens = tokens.subspan(1);
        return *type;
    }
    return wrong(line, "the record has no type");
}

Result<void, MasterTextError> ZoneFileParser::take_ttl(const Token& token) {
    stated_ttl_ = parse_period(token.text, kMaxTtl);
    if (!stated_ttl_)
        return wrong(token.line, shown(token.text) +
                                     " is not a TTL: seconds up to 2147483647, or such as 1h30m");
    return {};
}

Result<void, MasterTextError> ZoneFileParser::check_type(RType type, const Token& token) {
    if (is_meta(type))
        return wrong(token.line, shown(token.text) + " is a type of questions, not of records");
    if (type != RType::SOA) return {};
    if (*owner_ != apex_)
        return wrong(token.line,
                     "a SOA at " + owner_->text() + ", which is not the apex " + apex_.text());
    if (soa_line_ != 0)
        return wrong(token.line, "a second SOA; the first is in line " + std::to_string(soa_line_));
    soa_line_ = token.line;
    return {};
}

Result<void, MasterTextError> ZoneFileParser::add(RType type, Octets rdata, std::size_t line) {
    if (++records_ > max_records_)
        return wrong(line, "more than " + std::to_string(max_records_) + " records");
    const Ttl ttl = *ttl_of_record();
    Edit& edit = index_.find_or_add(*owner_, type, ttl);
    edit.ttl = std::min(edit.ttl, ttl);
    edit.rdatas.push_back(std::move(rdata));
    return {};
}

void append_rrset(std::string& text, const std::string& owner, const RRset& rrset) {
    const std::string head =
        owner + "\t" + std::to_string(rrset.ttl()) + "\tIN\t" + type_text(rrset.type()) + "\t";
    for (const OctetView rdata : rrset.rdatas())
        text.append(head).append(rdata_text(rrset.type(), rdata)).append(1, '\n');
}

}  // namespace

std::string ZoneFileError::text() const {
    std::string place = file;
    if (line != 0) place += (place.empty() ? "line " : ":") + std::to_string(line);
    return place.empty() ? reason : place + ": " + reason;
}

Result<std::vector<Edit>, ZoneFileError> parse_zone_file(std::string_view text, const Name& apex,
                                                         std::string_view file,
                                                         const ZoneFileLimits& limits) {
    if (text.size() > limits.octets)
        return fail(
            ZoneFileError{std::string(file), 0,
                          "the file has more than " + std::to_string(limits.octets) + " octets"});
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    auto edits = ZoneFileParser(text, apex, limits.records).parse();
    if (!edits)
        return fail(
            ZoneFileError{std::string(file), edits.error().line, std::move(edits.error().reason)});
    return *std::move(edits);
}

std::string format_zone_file(const Zone& zone) {
    std::string text;
    append_rrset(text, zone.apex().text(), zone.soa());
    zone.for_each([&text](const Name& owner, const Node& node) {
        const std::string name = owner.text();
        for (const RRsetRef& rrset : node.rrsets())
            if (rrset->type() != RType::SOA) append_rrset(text, name, *rrset);
        return true;
    });
    return text;
}

}  // namespace hairpin::zones
