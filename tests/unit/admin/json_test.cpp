#include <catch2/catch.hpp>

#include "admin/json_value.hpp"
#include "admin/json_writer.hpp"

namespace hairpin::admin {
namespace {

TEST_CASE("JSON that is not strict is refused", "[admin][json][rfc8259][hostile]") {
    struct Case {
        std::string text;
        ProblemType type;
        const char* says;
    };
    const auto each = GENERATE(values<Case>({
        {"", ProblemType::MalformedJson, "not JSON"},
        {"{", ProblemType::MalformedJson, "not JSON at octet"},
        {"{} {}", ProblemType::MalformedJson, "not JSON at octet"},
        {"{'a':1}", ProblemType::MalformedJson, "not JSON at octet"},
        {"{\"a\":1,}", ProblemType::MalformedJson, "not JSON at octet"},
        {"[1e999]", ProblemType::MalformedJson, "not JSON at octet"},
        {"\"\xc3\x28\"", ProblemType::MalformedJson, "not JSON at octet"},
        {"{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", ProblemType::MalformedJson, "\"c\" is there twice"},
        {std::string(9, '[') + std::string(9, ']'), ProblemType::MalformedJson, "deeper than 8"},
        {std::string(100'000, '['), ProblemType::TooLarge, "more than"},
        {std::string(60'000, '['), ProblemType::MalformedJson, "deeper than 8"},
    }));
    INFO(each.text.substr(0, 60));

    const auto value = parse_json(each.text);

    REQUIRE_FALSE(value);
    CHECK(value.error().type == each.type);
    CHECK_THAT(value.error().detail, Catch::Contains(each.says));
}

TEST_CASE("JSON with too many values is refused", "[admin][json][hostile]") {
    std::string text = "[";
    for (int count = 0; count < 25'000; ++count)
        text += "1,";
    text.back() = ']';
    CHECK_FALSE(parse_json(text));
}

TEST_CASE("An object reader takes what it knows and names the rest", "[admin][json]") {
    const auto value = parse_json(R"({"label":"nur1","prot":1,"port":70000,"flag":1,"when":"x",
                                      "list":["a",2],"a/b":1})");
    REQUIRE(value);
    std::vector<FieldError> errors;
    ObjectReader body(*value, "", errors);
    CHECK(body.text("label") == "nur1");
    CHECK_FALSE(body.number("port", 1, 65'535));
    CHECK_FALSE(body.truth("flag"));
    CHECK_FALSE(body.time_or_null("when"));
    CHECK_FALSE(body.texts("list", 10));
    CHECK_FALSE(body.text("absent"));
    body.require("absent");
    body.finish();

    const auto says = [&](std::string_view pointer, std::string_view what) {
        for (const FieldError& error : errors)
            if (error.pointer == pointer) return error.detail.find(what) != std::string::npos;
        return false;
    };
    CHECK(says("/port", "from 1 to 65535"));
    CHECK(says("/flag", "true or false"));
    CHECK(says("/when", "RFC 3339"));
    CHECK(says("/list/1", "must be a string"));
    CHECK(says("/absent", "is missing"));
    CHECK(says("/prot", "did you mean \"port\"?"));
    CHECK(says("/a~1b", "is not known here"));
    CHECK(errors.size() == 7);
}

TEST_CASE("What is written is always JSON", "[admin][json][rfc8259]") {
    JsonWriter json;
    json.begin_object();
    json.member("te\"xt", "a\"b\\c\n\t\x01 \xc3\xa9 \xff \xed\xa0\x80");
    json.member("number", std::int64_t{-5});
    json.member("truth", true);
    json.key("nothing").null();
    json.key("seconds").tenths(57.25);
    json.key("list").begin_array().value("x").begin_object().end_object().value(1).end_array();
    json.end_object();
    const std::string text = json.take();

    CHECK(parse_json(text));
    CHECK(text.find("\\u0001") != std::string::npos);
    CHECK(text.find("\xEF\xBF\xBD") != std::string::npos);
    CHECK(text.find(R"("list":["x",{},1])") != std::string::npos);
}

}  // namespace
}  // namespace hairpin::admin
