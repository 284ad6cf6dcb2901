#include "admin/heartbeat_json.hpp"

#include <catch2/catch.hpp>

namespace hairpin::admin {
namespace {

TEST_CASE("A whole report is read", "[admin][heartbeat][rfc8259]") {
    const auto read = parse_heartbeat(
        R"({"private":["192.168.1.11","fd00::11"],"public":["203.0.113.1"],"port":8443,
            "machine":"m","boot":"b","agent":"a/1.0","internal_name":"filtered",
            "certificate":{"sha256":")" +
        std::string(64, 'a') + "\"}}");

    REQUIRE(read);
    CHECK(read->private_addresses == std::vector<std::string>{"192.168.1.11", "fd00::11"});
    CHECK(std::get<std::vector<std::string>>(*read->public_addresses) ==
          std::vector<std::string>{"203.0.113.1"});
    CHECK(read->port == 8443);
    CHECK(read->internal_name == "filtered");
    CHECK((*read->certificate)[31] == 0xaa);
    CHECK(std::holds_alternative<Auto>(*parse_heartbeat(R"({"public":"auto"})")->public_addresses));
}

TEST_CASE("An empty body is an empty report", "[admin][heartbeat]") {
    CHECK(*parse_heartbeat("") == Heartbeat{});
    CHECK(*parse_heartbeat(" \r\n") == Heartbeat{});
    CHECK(*parse_heartbeat("{}") == Heartbeat{});
}

TEST_CASE("Hostile reports are refused and say why", "[admin][heartbeat][hostile]") {
    struct Case {
        std::string body;
        ProblemType type;
        const char* pointer;  // Of the first error; empty: none.
        const char* says;
    };
    const auto kJson = ProblemType::MalformedJson;
    const auto kInvalid = ProblemType::InvalidRequest;
    const auto each = GENERATE_COPY(values<Case>({
        {"{", kJson, "", ""},
        {"{}x", kJson, "", ""},
        {"{\"agent\":\"\xff\"}", kJson, "", ""},
        {std::string("{\"agent\":\"a\0b\"}", 15), kJson, "", ""},
        {"[]", kInvalid, "", "must be a JSON object"},
        {"null", kInvalid, "", "must be a JSON object"},
        {std::string(200, '[') + std::string(200, ']'), kJson, "", ""},
        {R"({"private":[[["x"]]]})", kInvalid, "/private/0", "must be a string"},
        {R"({"privat":[]})", kInvalid, "/privat", "did you mean \"private\"?"},
        {R"({"x":1})", kInvalid, "/x", "is not known here"},
        {R"({"port":1,"port":2})", kInvalid, "/port", "is there twice"},
        {R"({"private":null})", kInvalid, "/private", "must be a list of addresses"},
        {R"({"private":"192.168.1.1"})", kInvalid, "/private", "must be a list of addresses"},
        {R"({"private":[1]})", kInvalid, "/private/0", "must be a string"},
        {R"({"public":"Auto"})", kInvalid, "/public", "must be \"auto\" or a list"},
        {R"({"port":0})", kInvalid, "/port", "from 1 to 65535"},
        {R"({"port":65536})", kInvalid, "/port", "from 1 to 65535"},
        {R"({"port":"8443"})", kInvalid, "/port", "from 1 to 65535"},
        {R"({"port":84.5})", kInvalid, "/port", "from 1 to 65535"},
        {R"({"port":-1})", kInvalid, "/port", "from 1 to 65535"},
        {R"({"agent":"a\nb"})", kInvalid, "/agent", "control characters"},
        {"{\"machine\":\"" + std::string(129, 'x') + "\"}", kInvalid, "/machine", "128 octets"},
        {R"({"internal_name":"fine"})", kInvalid, "/internal_name", "must be ok, filtered"},
        {R"({"certificate":{"sha256":"abc"}})", kInvalid, "/certificate/sha256", "64 hexadecimal"},
        {R"({"certificate":{"sha1":"abc"}})", kInvalid, "/certificate/sha1", "not known"},
        {R"({"certificate":"x"})", kInvalid, "/certificate", "must be an object"},
        {std::string(kMaxHeartbeatOctets + 1, ' '), ProblemType::TooLarge, "", "at most"},
    }));
    INFO(each.body.substr(0, 80));

    const auto read = parse_heartbeat(each.body);

    REQUIRE_FALSE(read);
    CHECK(read.error().type == each.type);
    CHECK_THAT(read.error().detail, Catch::Contains(each.says));
    if (*each.pointer != '\0') {
        REQUIRE_FALSE(read.error().errors.empty());
        CHECK(read.error().errors[0].pointer == each.pointer);
    }
}

TEST_CASE("A list of addresses is bounded", "[admin][heartbeat][hostile]") {
    std::string list;
    for (std::size_t count = 0; count <= kMaxListedAddresses; ++count)
        list += "\"10.0.0.1\",";
    list.pop_back();
    CHECK_FALSE(parse_heartbeat("{\"private\":[" + list + "]}"));
    CHECK_FALSE(parse_heartbeat("{\"public\":[" + list + "]}"));
}

TEST_CASE("Everything that is wrong is said at once", "[admin][heartbeat]") {
    const auto read = parse_heartbeat(R"({"port":0,"agend":"x","private":3})");
    REQUIRE_FALSE(read);
    CHECK(read.error().errors.size() == 3);
}

}  // namespace
}  // namespace hairpin::admin
