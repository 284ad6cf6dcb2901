#include "acme/chain_choice.hpp"

#include <catch2/catch.hpp>

#include "tests/support/x509.hpp"

namespace hairpin::acme {
namespace {

using Links = std::vector<std::string>;

Links links_in(std::vector<std::string> values) {
    std::vector<net::Header> headers = {{"content-type", "application/pem-certificate-chain"}};
    for (std::string& value : values)
        headers.push_back({"link", std::move(value)});
    return alternate_links(headers);
}

TEST_CASE("alternate chains are found in one header or in several", "[acme][rfc8555]") {
    CHECK(links_in({"<https://c/1>;rel=\"alternate\""}) == Links{"https://c/1"});
    CHECK(links_in({"<https://c/dir>;rel=\"index\"", "<https://c/1>; rel=alternate",
                    "<https://c/2> ; REL = \"up Alternate\" ; title=x"}) ==
          Links{"https://c/1", "https://c/2"});
    CHECK(links_in({"<https://c/dir>;rel=\"index\", <https://c/1>;rel=\"alternate\", "
                    "<https://c/2>;title=\"t\";rel=\"alternate\""}) ==
          Links{"https://c/1", "https://c/2"});
}

TEST_CASE("what is no https link to an alternate is passed over", "[acme][hostile]") {
    for (const char* value :
         {"", "<", "<>", "<https://c/1>", "<https://c/1>;", "<https://c/1>;rel",
          "<https://c/1>;rel=", "<http://c/1>;rel=alternate", "</cert/1>;rel=alternate",
          "<https://c/1>;rel=alternates", "<https://c/1>;rel=up;rel=alternate",
          "<https://c/1;rel=alternate", "https://c/1;rel=alternate", ">;rel=alternate<"}) {
        INFO(value);
        CHECK(links_in({value}).empty());
    }
    std::string many;
    for (int each = 0; each < 1000; ++each)
        many += "<https://c/" + std::to_string(each) + ">;rel=alternate,";
    CHECK(links_in({many, many}).size() == kMaxAlternates);
}

TEST_CASE("the root of a chain is the issuer of its last certificate", "[acme]") {
    const WallTime now = from_unix_milliseconds(1'795'000'000'000);
    const auto key = tests::ec_key("P-256");
    const auto root = tests::make_certificate(
        {"an old root", "", now - Seconds(9), now + Seconds(9), true}, key, nullptr, key);
    const auto middle = tests::make_certificate(
        {"middle", "", now - Seconds(9), now + Seconds(9), true}, key, root, key);
    CHECK(root_of_chain(tests::pem_of(middle)) == "an old root");
    CHECK(root_of_chain(tests::pem_of(middle) + tests::pem_of(root)) == "an old root");
    CHECK(root_of_chain("").empty());
    CHECK(root_of_chain("-----BEGIN CERTIFICATE-----\nAAAA").empty());
    CHECK(root_of_chain(std::string(100'000, 'x')).empty());
}

}  // namespace
}  // namespace hairpin::acme
