#include "acme/caa.hpp"

#include <algorithm>
#include <array>

#include "acme/messages.hpp"

namespace hairpin::acme {
namespace {

constexpr std::uint8_t kCriticalBit = 0x80;
constexpr std::size_t kNamesInWords = 3;

// Tags that CAs know today, whether they act on them or not (IANA's registry of CAA properties).
constexpr std::array<std::string_view, 7> kKnownTags = {
    "issue", "issuewild", "iodef", "contactemail", "contactphone", "issuevmc", "issuemail"};

bool is_letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
std::string lowered(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}
std::string_view trimmed(std::string_view text) noexcept {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}
Error no_issuer(std::string_view value) {
    return Error{ErrorCode::Protocol, printable(value, 100), "is no value of a CAA issue property"};
}

/// RFC 8659 section 4.2: label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)).
bool is_issuer_domain(std::string_view text) noexcept {
    char before = '.';
    for (const char c : text) {
        if (!is_letter_or_digit(c) && c != '-' && c != '.') return false;
        if (!is_letter_or_digit(c) && before == '.') return false;
        if (c == '.' && before == '-') return false;
        before = c;
    }
    return is_letter_or_digit(before);
}
/// RFC 8659 section 4.2: value = *(%x21-3A / %x3C-7E).
bool is_parameter_value(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c >= 0x21 && c <= 0x7e && c != ';'; });
}

/// Whether a comma-separated list has the method (RFC 8657 section 4).
bool has_method(std::string_view list, std::string_view method) {
    while (true) {
        const auto comma = list.find(',');
        if (list.substr(0, comma) == method) return true;
        if (comma == list.npos) return false;
        list.remove_prefix(comma + 1);
    }
}

/// Empty: this property lets the CA issue.
std::string objection(const CaaIssuer& issuer, const CaaWanted& wanted) {
    std::size_t accounts = 0;
    for (const auto& [tag, value] : issuer.parameters) {
        if (tag == "accounturi") {
            // RFC 8657 section 3: with two of them no account can be meant.
            if (++accounts > 1) return "names two accounts of the CA at once";
            if (value != wanted.account_url)
                return "is for another account of the CA (" + printable(value, 200) + ")";
        }
        if (tag == "validationmethods" && !has_method(value, wanted.method))
            return "does not allow the validation method " + wanted.method;
    }
    return {};
}

bool is_of(const CaaIssuer& issuer, const CaaWanted& wanted) {
    return std::any_of(wanted.identities.begin(), wanted.identities.end(),
                       [&](const auto& each) { return lowered(each) == issuer.domain; });
}

std::string others_in_words(const std::vector<std::string>& others) {
    if (others.empty()) return "allows no CA at all";
    std::string words = "names other CAs only (";
    for (std::size_t at = 0; at < std::min(others.size(), kNamesInWords); ++at)
        words += (at == 0 ? "" : ", ") + others[at];
    return words + (others.size() > kNamesInWords ? ", ..)" : ")");
}

/// What is left when no property was for us: the most telling objection first.
CaaOpinion refusal(const CaaWanted& wanted, const std::vector<std::string>& objections,
                   const std::vector<std::string>& others) {
    if (!objections.empty()) return {CaaDecision::Forbids, objections.front()};
    if (wanted.identities.empty() && !others.empty())
        return {CaaDecision::Unclear, others_in_words(others) +
                                          ", and the CA's directory does not say which name in "
                                          "CAA records is its own"};
    return {CaaDecision::Forbids, others_in_words(others)};
}

}  // namespace

Result<CaaProperty> read_caa(OctetView rdata) {
    const Error wrong{ErrorCode::Protocol, "a CAA record", "is cut off or has no tag"};
    if (rdata.size() < 2) return fail(wrong);
    const std::size_t tag_octets = rdata[1];
    if (tag_octets == 0 || rdata.size() < 2 + tag_octets) return fail(wrong);
    const std::string_view tag = as_text(rdata.subspan(2, tag_octets));
    if (!std::all_of(tag.begin(), tag.end(), is_letter_or_digit)) return fail(wrong);
    return CaaProperty{(rdata[0] & kCriticalBit) != 0, lowered(tag),
                       std::string(as_text(rdata.subspan(2 + tag_octets)))};
}

Octets caa_rdata(std::string_view tag, std::string_view value) {
    Octets rdata{0, static_cast<std::uint8_t>(tag.size())};
    rdata.insert(rdata.end(), tag.begin(), tag.end());
    rdata.insert(rdata.end(), value.begin(), value.end());
    return rdata;
}

Result<CaaIssuer> read_issuer(std::string_view value) {
    CaaIssuer issuer;
    auto semicolon = value.find(';');
    const std::string_view domain = trimmed(value.substr(0, semicolon));
    if (!domain.empty() && !is_issuer_domain(domain)) return fail(no_issuer(value));
    issuer.domain = lowered(domain);
    while (semicolon != value.npos) {
        value.remove_prefix(semicolon + 1);
        semicolon = value.find(';');
        const std::string_view parameter = trimmed(value.substr(0, semicolon));
        // A semicolon at the end is usual, though the grammar has none there.
        if (parameter.empty() && semicolon == value.npos) break;
        const auto equals = parameter.find('=');
        if (equals == parameter.npos) return fail(no_issuer(parameter));
        const std::string_view tag = trimmed(parameter.substr(0, equals));
        const std::string_view what = trimmed(parameter.substr(equals + 1));
        if (tag.empty() || !std::all_of(tag.begin(), tag.end(), is_letter_or_digit) ||
            !is_parameter_value(what))
            return fail(no_issuer(parameter));
        issuer.parameters.emplace_back(lowered(tag), std::string(what));
    }
    return issuer;
}

std::string issue_value(std::string_view identity, std::string_view account_url,
                        std::string_view method) {
    return std::string(identity) + "; accounturi=" + std::string(account_url) +
           "; validationmethods=" + std::string(method);
}

CaaOpinion judge_caa(const std::vector<Octets>& rdatas, const CaaWanted& wanted) {
    std::vector<std::string> objections;
    std::vector<std::string> others;
    bool restricts = false;
    bool allows = false;
    for (const Octets& rdata : rdatas) {
        const auto property = read_caa(rdata);
        if (!property) return {CaaDecision::Forbids, "has a record that no CA can read"};
        const bool is_known =
            std::find(kKnownTags.begin(), kKnownTags.end(), property->tag) != kKnownTags.end();
        // RFC 8659 section 4.1: "A CA MUST NOT issue certificates for any FQDN if the Relevant
        // RRset for that FQDN contains a CAA critical Property for an unknown or unsupported
        // Property".
        if (property->is_critical && !is_known)
            return {CaaDecision::Forbids, "has the critical property \"" +
                                              printable(property->tag, 30) +
                                              "\", which CAs do not know"};
        if (property->tag != "issue") continue;
        restricts = true;
        const auto issuer = read_issuer(property->value);
        if (!issuer || issuer->domain.empty()) continue;
        if (!is_of(*issuer, wanted)) {
            others.push_back(issuer->domain);
            continue;
        }
        const std::string against = objection(*issuer, wanted);
        if (!against.empty()) objections.push_back(against);
        allows = allows || against.empty();
    }
    if (allows || !restricts) return {};
    return refusal(wanted, objections, others);
}

}  // namespace hairpin::acme
