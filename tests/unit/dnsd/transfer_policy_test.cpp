#include "dnsd/transfer_policy.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::dnsd {
namespace {

using hairpin::tests::name;

const zones::Name kKey = name("upd.");
const zones::Name kOther = name("other.");

TransferRule rule(const char* prefix, const zones::Name* key) {
    TransferRule made;
    if (prefix != nullptr) made.from = Prefix::parse(prefix).value();
    if (key != nullptr) made.key = *key;
    return made;
}

TEST_CASE("A transfer is for those that a rule names, wholly", "[dnsd][rfc5936]") {
    struct Case {
        const char* why;
        TransferRule rule;
        const char* address;
        const zones::Name* key;
        bool permitted;
    };
    const auto tried = GENERATE(values<Case>({
        {"an address within", rule("192.0.2.0/24", nullptr), "192.0.2.9", nullptr, true},
        {"an address outside", rule("192.0.2.0/24", nullptr), "192.0.3.9", nullptr, false},
        {"another family", rule("192.0.2.0/24", nullptr), "2001:db8::1", nullptr, false},
        {"IPv6", rule("2001:db8::/32", nullptr), "2001:db8::1", nullptr, true},
        {"a key, from anywhere", rule(nullptr, &kKey), "198.51.100.1", &kKey, true},
        {"another key", rule(nullptr, &kKey), "198.51.100.1", &kOther, false},
        {"no key", rule(nullptr, &kKey), "198.51.100.1", nullptr, false},
        {"both as wanted", rule("192.0.2.0/24", &kKey), "192.0.2.9", &kKey, true},
        {"the key from elsewhere", rule("192.0.2.0/24", &kKey), "192.0.3.9", &kKey, false},
        {"the address without the key", rule("192.0.2.0/24", &kKey), "192.0.2.9", nullptr, false},
        {"a key where none is wanted", rule("192.0.2.0/24", nullptr), "192.0.2.9", &kKey, true},
        {"a rule that names nothing", rule(nullptr, nullptr), "192.0.2.9", &kKey, false},
    }));

    INFO(tried.why);
    const TransferClient client{IpAddress::parse(tried.address).value(), tried.key};
    TransferPolicy every;
    every.allow(tried.rule);
    CHECK(every.permits(name("example.net."), client) == tried.permitted);
    TransferPolicy one;
    one.allow(name("example.net."), tried.rule);
    CHECK(one.permits(name("EXAMPLE.net."), client) == tried.permitted);
    CHECK_FALSE(one.permits(name("example.org."), client));
    CHECK_FALSE(one.permits(name("a.example.net."), client));
}

TEST_CASE("A rule ends by itself", "[dnsd][rfc5936]") {
    TransferRule ending = rule(nullptr, &kKey);
    ending.until = 1'000;
    TransferPolicy policy;
    policy.allow(name("example.net."), ending);
    TransferClient client{IpAddress::parse("192.0.2.1").value(), &kKey, 999};
    CHECK(policy.permits(name("example.net."), client));
    client.now = 1'000;
    CHECK_FALSE(policy.permits(name("example.net."), client));
    policy.allow(name("example.net."), rule("192.0.2.0/24", nullptr));
    CHECK(policy.permits(name("example.net."), client));
}

Secondary secondary(const char* address, const zones::Name* key = nullptr) {
    Secondary made{Endpoint::parse(address).value(), {}};
    if (key != nullptr) made.key = *key;
    return made;
}

TEST_CASE("A secondary may transfer by its key where it has one, else by its address",
          "[dnsd][rfc5936][rfc8945]") {
    TransferPolicy policy;
    policy.set(name("one.example."),
               {{}, {secondary("192.0.2.1:53"), secondary("192.0.2.2:53", &kKey)}});
    const auto may = [&](const char* apex, const char* address, const zones::Name* key) {
        return policy.permits(name(apex), {IpAddress::parse(address).value(), key});
    };
    CHECK(may("one.example.", "192.0.2.1", nullptr));
    CHECK(may("ONE.example.", "192.0.2.1", &kOther));
    CHECK_FALSE(may("one.example.", "192.0.2.2", nullptr));
    CHECK_FALSE(may("one.example.", "192.0.2.2", &kOther));
    CHECK(may("one.example.", "198.51.100.9", &kKey));
    CHECK_FALSE(may("two.example.", "198.51.100.9", &kKey));
    CHECK_FALSE(may("two.example.", "192.0.2.1", nullptr));

    policy.set(name("one.example."), {});
    CHECK_FALSE(may("one.example.", "192.0.2.1", nullptr));
    CHECK_FALSE(may("one.example.", "198.51.100.9", &kKey));
}

TEST_CASE("What a zone says of an address counts before what holds for every zone", "[dnsd]") {
    TransferPolicy policy;
    policy.set({{}, {secondary("192.0.2.1:53"), secondary("192.0.2.3:53")}});
    policy.set(name("one.example."), {{}, {secondary("192.0.2.1:53", &kKey)}});
    const auto texts = [&](const char* apex) {
        std::string all;
        for (const Secondary& each : policy.secondaries_of(name(apex)))
            all += each.text() + "; ";
        return all;
    };
    CHECK(texts("one.example.") == "192.0.2.1:53 key upd.; 192.0.2.3:53; ");
    CHECK(texts("two.example.") == "192.0.2.1:53; 192.0.2.3:53; ");
}

TEST_CASE("A copy of a policy is another policy", "[dnsd]") {
    TransferPolicy policy;
    for (int each = 0; each < 100; ++each)
        policy.allow(name("z" + std::to_string(each) + ".example."), rule(nullptr, &kKey));
    TransferPolicy copy = policy;
    copy.set(name("z7.example."), {});
    const TransferClient client{IpAddress::parse("192.0.2.1").value(), &kKey};
    CHECK(policy.permits(name("z7.example."), client));
    CHECK_FALSE(copy.permits(name("z7.example."), client));
    CHECK(copy.permits(name("z8.example."), client));
}

TEST_CASE("Without rules nobody may transfer anything", "[dnsd][rfc5936]") {
    CHECK_FALSE(TransferPolicy().permits(name("."), {IpAddress::parse("127.0.0.1").value()}));
}

}  // namespace
}  // namespace hairpin::dnsd
