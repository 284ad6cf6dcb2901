#include "zones/master_text.hpp"

#include <charconv>

namespace hairpin::zones {
namespace {

constexpr bool is_control(char letter) noexcept {
    const auto octet = static_cast<unsigned char>(letter);
    return octet < 0x20 || octet == 0x7f;
}

std::string control_reason(char letter) {
    const auto octet = static_cast<std::uint8_t>(letter);
    std::string reason = "the octet 0x" + to_hex(OctetView(&octet, 1)) + " is not text";
    if (octet == 0) return reason + " (is the file in UTF-16, or not a zone file?)";
    return reason +
           "; inside of a string or a name it is written with a backslash and three digits";
}

// As it is, or as a backslash and three digits where it is not printable ASCII.
void append_octet(std::string& text, std::uint8_t octet) {
    if (octet >= 0x20 && octet <= 0x7e) {
        text += static_cast<char>(octet);
        return;
    }
    text += {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
             static_cast<char>('0' + octet % 10)};
}

// Seconds of one unit letter; nullopt for any other letter.
constexpr std::optional<std::uint64_t> unit_seconds(char letter) noexcept {
    switch (letter | 0x20) {
        case 'w':
            return 604'800;
        case 'd':
            return 86'400;
        case 'h':
            return 3'600;
        case 'm':
            return 60;
        case 's':
            return 1;
        default:
            return std::nullopt;
    }
}

}  // namespace

Result<bool, MasterTextError> MasterTextReader::next(MasterLine& record) {
    record.tokens.clear();
    record.starts_blank = at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t');
    std::size_t start = at_;
    while (at_ < text_.size()) {
        if (TRY(step(record)) == Step::RecordEnds) return true;
        if (record.tokens.empty() && depth_ == 0) {
            start = at_;
        } else if (at_ - start > kMaxRecordCharacters) {
            return fail(MasterTextError{record.tokens.empty() ? open_line_ : record.line,
                                        "the record is longer than " +
                                            std::to_string(kMaxRecordCharacters) + " characters"});
        }
    }
    if (depth_ > 0) return fail(MasterTextError{open_line_, "the parenthesis is never closed"});
    return !record.tokens.empty();
}

Result<MasterTextReader::Step, MasterTextError> MasterTextReader::step(MasterLine& record) {
    const char letter = text_[at_];
    if (letter == '\n') {
        const Step ends = TRY(line_break(record));
        if (ends == Step::More && depth_ == 0 && record.tokens.empty())
            record.starts_blank = at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t');
        return ends;
    }
    if (letter == ' ' || letter == '\t') {
        ++at_;
        return Step::More;
    }
    if (form_ == MasterForm::OneLine && (letter == ';' || letter == '(' || letter == ')'))
        return fail(MasterTextError{
            line_, std::string("'") + letter + "' stands outside of quotes and is not escaped"});
    if (letter == ';') {
        while (at_ < text_.size() && text_[at_] != '\n')
            ++at_;
        return Step::More;
    }
    if (letter == '(') {
        if (depth_++ == 0) open_line_ = line_;
        ++at_;
        return Step::More;
    }
    if (letter == ')') {
        if (depth_ == 0)
            return fail(MasterTextError{line_, "a parenthesis is closed that was never opened"});
        --depth_;
        ++at_;
        return Step::More;
    }
    if (letter == '\r' && at_line_end()) {
        ++at_;
        return Step::More;
    }
    TRY(token(record));
    return Step::More;
}

Result<MasterTextReader::Step, MasterTextError> MasterTextReader::line_break(
    const MasterLine& record) {
    if (form_ == MasterForm::OneLine)
        return fail(MasterTextError{line_, "a line break: the RDATA of a record is one line"});
    ++at_;
    ++line_;
    return depth_ == 0 && !record.tokens.empty() ? Step::RecordEnds : Step::More;
}

Result<void, MasterTextError> MasterTextReader::token(MasterLine& record) {
    Token found;
    found.line = line_;
    if (record.tokens.empty()) record.line = line_;
    if (text_[at_] == '"') {
        const std::size_t start = at_ + 1;
        TRY(quoted_part());
        found.quoted = true;
        found.text = text_.substr(start, at_ - 1 - start);
        if (!at_token_end())
            return fail(
                MasterTextError{line_, "text follows right after a closing quotation mark"});
        record.tokens.push_back(found);
        return {};
    }
    const std::size_t start = at_;
    while (!at_token_end()) {
        if (text_[at_] == '"') {
            found.quotes_inside = true;
            TRY(quoted_part());
        } else {
            TRY(one_character());
        }
    }
    found.text = text_.substr(start, at_ - start);
    record.tokens.push_back(found);
    return {};
}

// From the opening quotation mark to behind the closing one.
Result<void, MasterTextError> MasterTextReader::quoted_part() {
    for (++at_; at_ < text_.size() && text_[at_] != '"';) {
        if (text_[at_] == '\n' || text_[at_] == '\r') break;
        TRY(one_character());
    }
    if (at_ >= text_.size() || text_[at_] != '"')
        return fail(MasterTextError{line_, "the quoted string is not closed on its line"});
    ++at_;
    return {};
}

// One character of a token, or a backslash and the character that it takes with it.
Result<void, MasterTextError> MasterTextReader::one_character() {
    if (text_[at_] == '\\') {
        ++at_;
        if (at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r')
            return fail(MasterTextError{line_, "a backslash ends the line"});
    }
    if (is_control(text_[at_]) && text_[at_] != '\t')
        return fail(MasterTextError{line_, control_reason(text_[at_])});
    ++at_;
    return {};
}

// Whether a carriage return here belongs to the line break. A lone one is a control character.
bool MasterTextReader::at_line_end() const noexcept {
    return form_ == MasterForm::File && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n');
}

bool MasterTextReader::at_token_end() const noexcept {
    if (at_ >= text_.size()) return true;
    switch (text_[at_]) {
        case ' ':
        case '\t':
        case '\n':
        case ';':
        case '(':
        case ')':
            return true;
        case '\r':
            return at_line_end();
        default:
            return false;
    }
}

std::string shown(std::string_view text) {
    constexpr std::size_t kMost = 80;
    std::string quoted = "'";
    for (const std::uint8_t octet : as_octets(text.substr(0, kMost)))
        append_octet(quoted, octet);
    return quoted + (text.size() > kMost ? "..'" : "'");
}

std::optional<Octets> unescape(std::string_view text) {
    Octets octets;
    octets.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            octets.push_back(static_cast<std::uint8_t>(text[at]));
            continue;
        }
        if (++at >= text.size()) return std::nullopt;
        if (!is_digit(text[at])) {
            octets.push_back(static_cast<std::uint8_t>(text[at]));
            continue;
        }
        if (text.size() - at < 3) return std::nullopt;
        const auto value = parse_decimal(text.substr(at, 3), 255);
        if (!value) return std::nullopt;
        octets.push_back(static_cast<std::uint8_t>(*value));
        at += 2;
    }
    return octets;
}

void append_quoted(std::string& text, OctetView octets) {
    text += '"';
    for (const std::uint8_t octet : octets) {
        if (octet == '"' || octet == '\\') text += '\\';
        append_octet(text, octet);
    }
    text += '"';
}

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t maximum) noexcept {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > maximum)
        return std::nullopt;
    return value;
}

std::optional<std::uint32_t> parse_period(std::string_view text, std::uint32_t maximum) noexcept {
    if (const auto plain = parse_decimal(text, maximum)) return static_cast<std::uint32_t>(*plain);
    std::uint64_t total = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at]))
            ++at;
        const auto count = parse_decimal(text.substr(start, at - start), maximum);
        if (!count || at == text.size()) return std::nullopt;
        const auto unit = unit_seconds(text[at++]);
        if (!unit) return std::nullopt;
        total += *count * *unit;  // Below 2^52 each, so that no sum here can overflow.
        if (total > maximum) return std::nullopt;
    }
    if (text.empty()) return std::nullopt;
    return static_cast<std::uint32_t>(total);
}

}  // namespace hairpin::zones
