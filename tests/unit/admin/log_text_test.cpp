// What callers send reaches the log as one printable line, and tokens do not reach it at all.

#include "admin/log_text.hpp"

#include <unistd.h>

#include <cstdio>

#include "core/log.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

/// Standard error goes to a file while this lives.
class CapturedLog {
public:
    CapturedLog() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) {
        REQUIRE(file_ != nullptr);
        REQUIRE(before_ >= 0);
        REQUIRE(::dup2(::fileno(file_), STDERR_FILENO) >= 0);
    }
    ~CapturedLog() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        std::fclose(file_);
    }
    CapturedLog(const CapturedLog&) = delete;
    CapturedLog& operator=(const CapturedLog&) = delete;

    [[nodiscard]] std::string text() const {
        std::string text(64 * 1024, '\0');
        const auto count = ::pread(::fileno(file_), text.data(), text.size(), 0);
        REQUIRE(count >= 0);
        text.resize(static_cast<std::size_t>(count));
        return text;
    }

private:
    std::FILE* file_;
    int before_;
};

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_CASE("A caller's text becomes one printable line", "[admin][log][invariant5]") {
    CHECK(log_text("plain text, 100%") == "plain text, 100%");
    CHECK(log_text("a\nb\r\t\x1b[31m") == "a\\x0ab\\x0d\\x09\\x1b[31m");
    CHECK(log_text("caf\xc3\xa9 \x7f") == "caf\\xc3\\xa9 \\x7f");
    CHECK(log_text("\\x0a") == "\\x5cx0a");
    CHECK(log_text(std::string_view("\0", 1)) == "\\x00");
    CHECK(log_text(std::string(201, 'a')) == std::string(200, 'a') + "...");
    CHECK(log_text("abcdef", 3) == "abc...");
    CHECK(log_text("x " + make_token(store::CredentialKind::Operator)) == "(a token)");
    CHECK(log_text(std::string(500, 'a') + make_token(store::CredentialKind::Server)) ==
          "(a token)");
}

TEST_CASE("No report and no request forges a line of the log", "[admin][log][hostile]") {
    ApiFixture api;
    const std::string token = api.make_server();
    const CapturedLog log;
    REQUIRE(api.beat(token, R"({"private":["10.0.0.1","1\n2026-11-21T00:00:00.000Z forged"]})")
                .status == 200);
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"b","x\nforged\u001b":1})")
                .status == 400);
    REQUIRE(api.as_operator(Method::Patch, "/v1/licences/a%0Aforged", R"({"plan":"p"})").status ==
            404);
    const std::string text = log.text();
    INFO(text);
    CHECK(holds(text, "1\\x0a2026-11-21T00:00:00.000Z forged"));
    CHECK(holds(text, "x\\x0aforged\\x1b"));
    CHECK_FALSE(holds(text, "\nforged"));
    CHECK_FALSE(holds(text, "\n2026-11-21T00:00:00.000Z forged"));
    CHECK_FALSE(holds(text, "\x1b"));
    const Answer audit = api.as_operator(Method::Get, "/v1/audit?limit=5");
    CHECK_FALSE(holds(audit.body, "\\nforged"));
    CHECK(holds(audit.body, "x0aforged"));
}

TEST_CASE("A token that came as something else is not logged", "[admin][log][invariant5]") {
    ApiFixture api;
    const std::string token = api.make_server();
    const CapturedLog log;
    REQUIRE(api.beat(token, "{\"private\":[\"10.0.0.1\",\"" + api.operator_token + "\"]}").status ==
            200);
    REQUIRE(api.as_operator(Method::Post, "/v1/licences",
                            "{\"licence\":\"b\",\"" + api.operator_token + "\":1}")
                .status == 400);
    const std::string text = log.text();
    INFO(text);
    CHECK_FALSE(holds(text, "hp_op_"));
    CHECK(holds(text, "(a token)"));
}

TEST_CASE("Whatever a line is made of, it stays one line", "[core][log][hostile]") {
    const CapturedLog log;
    log::logger("core").warn("from elsewhere: {}", "a\nb\rc\x1b[0m\x7f");
    const std::string text = log.text();
    CHECK(holds(text, "from elsewhere: a\\x0ab\\x0dc\\x1b[0m\\x7f\n"));
}

}  // namespace
}  // namespace hairpin::admin
