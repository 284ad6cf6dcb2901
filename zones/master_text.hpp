// zones/master_text.hpp - the text of a master file as records of tokens, each with its line.
//
// The lexical half of RFC 1035 section 5.1 and no more: blanks, comments, quoted strings, escapes
// and parentheses. What a token means is the business of zone_file.cpp and of the RDATA readers.
// Tokens are views into the text, which outlives them.
//
// Standards RFC 1035 section 5.1.
// Threads   Values and pure functions. Cost: one pass over the text, nothing copied.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/rrset.hpp"

namespace hairpin::zones {

/// The most characters that one record may take, its comments and line breaks between parentheses
/// included: enough for the longest RDATA with every octet escaped.
inline constexpr std::size_t kMaxRecordCharacters = 300'000;

struct Token {
    std::string_view text;       // Escapes as written; without the quotation marks when `quoted`.
    std::size_t line = 1;        // 1 and up.
    bool quoted = false;         // "like this"
    bool quotes_inside = false;  // like="this", which only SVCB parameters do.
};

/// The tokens of one record or one directive: never none.
struct MasterLine {
    std::vector<Token> tokens;
    std::size_t line = 1;       // Where the first token stands.
    bool starts_blank = false;  // The owner is left out.
};

struct MasterTextError {
    std::size_t line = 1;
    std::string reason;
};

enum class MasterForm : std::uint8_t {
    File,     // Records end with their line, outside of parentheses.
    OneLine,  // One record's RDATA: no line break, comment or parenthesis outside of quotes.
};

class MasterTextReader {
public:
    /// `text` outlives the reader and the tokens.
    explicit MasterTextReader(std::string_view text, MasterForm form = MasterForm::File) noexcept
        : text_(text), form_(form) {}

    /// Reads the next record into `record`, whose memory is used again; false at the end of the
    /// text. Errors: a control character, an open quote or parenthesis, a backslash at the end of a
    /// line, more than kMaxRecordCharacters. After an error the reader is of no more use.
    [[nodiscard]] Result<bool, MasterTextError> next(MasterLine& record);

private:
    enum class Step : std::uint8_t { More, RecordEnds };
    [[nodiscard]] Result<Step, MasterTextError> step(MasterLine& record);
    [[nodiscard]] Result<Step, MasterTextError> line_break(const MasterLine& record);
    [[nodiscard]] Result<void, MasterTextError> token(MasterLine& record);
    [[nodiscard]] Result<void, MasterTextError> quoted_part();
    [[nodiscard]] Result<void, MasterTextError> one_character();
    [[nodiscard]] bool at_line_end() const noexcept;
    [[nodiscard]] bool at_token_end() const noexcept;

    std::string_view text_;
    MasterForm form_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t depth_ = 0;      // Parentheses open.
    std::size_t open_line_ = 0;  // Line of the outermost one.
};

/// A piece of the text between apostrophes, for a reason: shortened, what is not printable escaped.
[[nodiscard]] std::string shown(std::string_view text);

/// The octets of a quoted or bare string; nullopt for a bad escape.
[[nodiscard]] std::optional<Octets> unescape(std::string_view text);
/// `octets` between quotation marks, escaped so that they read back.
void append_quoted(std::string& text, OctetView octets);

/// Digits only, at most `maximum`; else nullopt.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text,
                                                         std::uint64_t maximum) noexcept;
/// Seconds, or numbers with units (w d h m s, in either case): "3600", "1h30m". Nullopt when it is
/// neither or over `maximum`.
[[nodiscard]] std::optional<std::uint32_t> parse_period(std::string_view text,
                                                        std::uint32_t maximum) noexcept;

}  // namespace hairpin::zones
