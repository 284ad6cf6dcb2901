#include "daemon/cookie_file.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/octets.hpp"

namespace hairpin::daemon {
namespace {

const std::string kFirst = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const std::string kSecond = "445536bcd2513298075a5d379663c962";

std::string raw(const std::string& digits) {
    return std::string(as_text(*from_hex(digits)));
}

/// "first", "first second", or "refused".
std::string read(const std::string& text) {
    const auto secrets = parse_cookie_secrets(text);
    if (!secrets) return "refused";
    std::string said = to_hex(secrets->current);
    if (secrets->other) said += " " + to_hex(*secrets->other);
    return said;
}

TEST_CASE("A cookie file holds one secret or two, in hexadecimal or raw", "[daemon][rfc9018]") {
    struct Case {
        const char* what;
        std::string text;
        std::string said;
    };
    const std::string upper = "E5E973E5A6B2A43F48E7DC849E37BFCF";
    for (const Case& each : std::vector<Case>{
             {"one, as BIND writes it", kFirst, kFirst},
             {"one with a line end", kFirst + "\n", kFirst},
             {"upper case", upper + "\n", kFirst},
             {"two, one a line", kFirst + "\n" + kSecond + "\n", kFirst + " " + kSecond},
             {"two without the last line end", kFirst + "\n" + kSecond, kFirst + " " + kSecond},
             {"one raw", raw(kFirst), kFirst},
             {"one raw with a line end", raw(kFirst) + "\n", kFirst},
             {"two raw", raw(kFirst) + raw(kSecond), kFirst + " " + kSecond},
             {"two raw with line ends", raw(kFirst) + "\n" + raw(kSecond) + "\n",
              kFirst + " " + kSecond},
             {"two raw, and the second begins with a line end",
              raw(kFirst) + raw("0a5536bcd2513298075a5d379663c962"),
              kFirst + " 0a5536bcd2513298075a5d379663c962"},
         }) {
        INFO(each.what);
        CHECK(read(each.text) == each.said);
    }
}

TEST_CASE("What is no file of cookie secrets is refused whole", "[daemon][hostile]") {
    struct Case {
        const char* why;
        std::string text;
    };
    for (const Case& each : std::vector<Case>{
             {"nothing", ""},
             {"a line end alone", "\n"},
             {"a digit too few", kFirst.substr(1)},
             {"a digit too many", kFirst + "0"},
             {"no digit", "x" + kFirst.substr(1) + "\n"},
             {"a space in front", " " + kFirst},
             {"an empty line between", kFirst + "\n\n" + kSecond},
             {"three", kFirst + "\n" + kSecond + "\n" + kFirst + "\n"},
             {"mistyped digits of the length of two raw secrets", "x" + kFirst.substr(1) + "\n"},
             {"15 raw octets", raw(kFirst).substr(1)},
             {"three raw", raw(kFirst) + raw(kSecond) + raw(kFirst)},
         }) {
        INFO(each.why);
        CHECK(read(each.text) == "refused");
    }
}

}  // namespace
}  // namespace hairpin::daemon
