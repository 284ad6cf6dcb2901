#include <catch2/catch.hpp>

#include "acme/messages.hpp"

namespace hairpin::acme {
namespace {

TEST_CASE("Retry-After is seconds or an HTTP date in any of its forms", "[acme][rfc9110]") {
    // RFC 9110 section 5.6.7: the same moment three times.
    const WallTime moment = from_unix_milliseconds(784'111'777'000);
    const WallTime before = moment - Seconds(90);
    for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                             "Sun Nov  6 08:49:37 1994", "90"}) {
        INFO(text);
        CHECK(read_retry_after(text, before) == Milliseconds(90'000));
    }
    CHECK(read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", moment + Seconds(1)) ==
          Milliseconds(0));
    CHECK(read_retry_after("0", moment) == Milliseconds(0));
    const Milliseconds longest = Seconds(400LL * 24 * 3600);
    CHECK(read_retry_after("99999999999999999999999", moment) == longest);
    CHECK(read_retry_after("9223372036854775807", moment) == longest);
    for (const char* text :
         {"", "-1", "soon", "1.5", "90 ", "Sun, 06 Foo 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT", ", "}) {
        INFO(text);
        CHECK_FALSE(read_retry_after(text, before));
    }
}

}  // namespace
}  // namespace hairpin::acme
