#include "dnsd/key_file.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "core/octets.hpp"
#include "core/secret_file.hpp"

namespace hairpin::dnsd {
namespace {

struct KeyWords {
    std::string name;
    std::string algorithm = "hmac-sha256";
    std::string secret;
};

Error wrong(std::string cause) {
    return {ErrorCode::Invalid, "TSIG key", std::move(cause)};
}

bool is_blank(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

// Steps over blanks and comments: //, #, /* */. False: a comment does not end.
bool skip_blank(std::string_view& text) {
    for (;;) {
        while (!text.empty() && is_blank(text.front()))
            text.remove_prefix(1);
        if (text.starts_with("//") || text.starts_with('#')) {
            text.remove_prefix(std::min(text.find('\n'), text.size()));
        } else if (text.starts_with("/*")) {
            const auto end = text.find("*/", 2);
            if (end == text.npos) return false;
            text.remove_prefix(end + 2);
        } else {
            return true;
        }
    }
}

// The words and signs of a named.conf-style file; nullopt: an open comment or quotation mark.
std::optional<std::vector<std::string>> key_words(std::string_view text) {
    std::vector<std::string> words;
    for (;;) {
        if (!skip_blank(text)) return std::nullopt;
        if (text.empty()) return words;
        std::size_t size = 1;
        if (text.front() == '"') {
            const auto close = text.find('"', 1);
            if (close == text.npos) return std::nullopt;
            words.emplace_back(text.substr(1, close - 1));
            size = close + 1;
        } else {
            constexpr std::string_view kEnds = " \t\r\n{};\"";
            if (kEnds.find(text.front()) == kEnds.npos)
                size = std::min(text.find_first_of(kEnds), text.size());
            words.emplace_back(text.substr(0, size));
        }
        text.remove_prefix(size);
    }
}

// key NAME { algorithm A; secret S; };
Result<KeyWords> parse_block(std::string_view text) {
    const auto words = key_words(text);
    if (!words) return fail(wrong("a quotation mark or a comment is not closed"));
    const auto at = [&words](std::size_t place) {
        return place < words->size() ? std::string_view((*words)[place]) : std::string_view();
    };
    if (at(0) != "key" || at(2) != "{") return fail(wrong("it does not begin with: key NAME {"));
    KeyWords key;
    key.name = at(1);
    std::size_t place = 3;
    for (; at(place) != "}"; place += 3) {
        if (place >= words->size() || at(place + 2) != ";")
            return fail(wrong("an option without its value or its semicolon, or no closing brace"));
        if (at(place) == "algorithm")
            key.algorithm = at(place + 1);
        else if (at(place) == "secret")
            key.secret = at(place + 1);
        else
            return fail(wrong("it has other options than algorithm and secret"));
    }
    if (at(place + 1) != ";") return fail(wrong("a semicolon belongs behind the closing brace"));
    if (place + 2 != words->size()) return fail(wrong("something stands behind the key"));
    return key;
}

// [algorithm:]name:secret
Result<KeyWords> parse_line(std::string_view text) {
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    KeyWords key;
    const auto last = text.rfind(':');
    if (last == text.npos)
        return fail(wrong("it is neither a key { } clause nor [algorithm:]name:secret"));
    key.secret = text.substr(last + 1);
    text = text.substr(0, last);
    if (const auto first = text.find(':'); first != text.npos) {
        key.algorithm = text.substr(0, first);
        text = text.substr(first + 1);
    }
    key.name = text;
    return key;
}

}  // namespace

Result<TsigKeyRef> parse_tsig_key(std::string_view text) {
    std::string_view start = text;
    const bool is_block = skip_blank(start) && start.starts_with("key") && start.size() > 3 &&
                          (is_blank(start[3]) || start[3] == '"');
    const KeyWords words = TRY(is_block ? parse_block(text) : parse_line(text));
    const auto name = zones::Name::parse(words.name);
    if (!name) return fail(wrong("its name is no name: " + std::string(to_string(name.error()))));
    const auto algorithm = tsig_algorithm(words.algorithm);
    if (!algorithm)
        return fail(
            wrong("its algorithm is none of hmac-sha256, -sha384, -sha512, -sha224, "
                  "hmac-sha1, hmac-md5"));
    const auto secret = from_base64(words.secret);
    if (!secret || secret->empty() || secret->size() > 65'535)
        return fail(wrong("its secret is not base64"));
    TsigKeyOptions options;
    options.algorithm = *algorithm;
    options.weak = WeakAlgorithms::Allowed;
    return TsigKey::create(*name, *secret, options);
}

Result<TsigKeyRef> read_tsig_file(const std::string& path) {
    auto key = parse_tsig_key(TRY(read_secret_file(path)));
    if (!key) return fail(Error{ErrorCode::Invalid, path, key.error().cause});
    return *std::move(key);
}

}  // namespace hairpin::dnsd
