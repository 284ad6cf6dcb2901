#include "acme/public_suffixes.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

TEST_CASE("the registered domain of a name is one label below its public suffix", "[acme]") {
    const auto list = PublicSuffixes::create();
    REQUIRE(list);
    struct Case {
        const char* name;
        const char* domain;
    };
    const auto each = GENERATE(values<Case>({
        {"nur1.pl-acme.example.net", "example.net"},
        {"i-nur1.pl-acme.example.net", "example.net"},
        {"example.net", "example.net"},
        {"nur1.pl-acme.example.co.uk", "example.co.uk"},
        // The private part of the list counts as well.
        {"nur1.customer.github.io", "customer.github.io"},
        // Exceptions of a wildcard, and a suffix that nobody listed.
        {"a.b.city.kawasaki.jp", "city.kawasaki.jp"},
        {"a.b.c.kawasaki.jp", "b.c.kawasaki.jp"},
        {"nur1.pl-acme.lab.test", "lab.test"},
        // What has none stands for itself.
        {"co.uk", "co.uk"},
        {"net", "net"},
        {"", ""},
        {"..", ".."},
    }));
    INFO(each.name);
    CHECK(list->registered_domain(each.name) == each.domain);
}

}  // namespace
}  // namespace hairpin::acme
