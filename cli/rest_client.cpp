#include "cli/rest_client.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/secret_file.hpp"

namespace hairpin::cli {
namespace {

// A large zone takes its time on both sides.
constexpr Milliseconds kTimeout{300'000};
constexpr std::size_t kMaxShownCharacters = 400;
constexpr std::size_t kMaxShownErrors = 10;

std::string member(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What an answer says goes to a terminal.
std::string printable(std::string_view text) {
    std::string shown(text.substr(0, kMaxShownCharacters));
    for (char& each : shown)
        if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = ' ';
    return shown;
}

}  // namespace

Result<std::unique_ptr<RestClient>> RestClient::create(const RestOptions& options) {
    if (options.url.empty())
        return fail(Error{ErrorCode::Invalid, "the API",
                          "its address is missing: --url or HAIRPIN_URL, https://.."});
    if (options.token_file.empty())
        return fail(Error{ErrorCode::Invalid, "the API",
                          "an operator's token is missing: --token-file or HAIRPIN_TOKEN_FILE"});
    std::string token = TRY(read_secret_file(options.token_file));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r'))
        token.pop_back();
    if (token.empty() || token.find_first_of(" \t\r\n") != token.npos)
        return fail(Error{ErrorCode::Invalid, options.token_file, "it does not hold one token"});
    std::string url = options.url;
    while (url.ends_with('/'))
        url.pop_back();
    std::unique_ptr<RestClient> made(new RestClient(std::move(url), std::move(token)));
    net::ClientOptions client;
    client.user_agent = "hairpin/" HAIRPIN_VERSION;
    client.ca_file = options.ca_file;
    client.timeout = kTimeout;
    made->client_ = TRY(net::HttpClient::create(made->loop_, client));
    return made;
}

Result<net::ClientResponse> RestClient::call(std::string method, std::string_view path,
                                             net::ClientRequest rest) {
    rest.method = std::move(method);
    rest.url = url_ + std::string(path);
    rest.headers.push_back({"authorization", "Bearer " + token_});
    std::optional<Result<net::ClientResponse>> answer;
    client_->request(std::move(rest), [&](Result<net::ClientResponse> result) {
        answer = std::move(result);
        loop_.stop();
    });
    while (!answer)
        loop_.run();
    return *std::move(answer);
}

std::string problem_text(const net::ClientResponse& response) {
    std::string text = std::to_string(response.status);
    const auto problem = nlohmann::json::parse(response.body, nullptr, false);
    if (!problem.is_object()) return text + " " + printable(response.body);
    text += " " + printable(member(problem, "title"));
    const auto errors = problem.find("errors");
    const bool has_errors = errors != problem.end() && errors->is_array() && !errors->empty();
    // Of a request that is not valid the detail says nothing that the errors do not.
    const bool is_repeated = has_errors && response.status == 400;
    if (const auto detail = member(problem, "detail"); !detail.empty() && !is_repeated)
        text += ": " + printable(detail);
    if (!has_errors) return text;
    std::size_t shown = 0;
    for (const auto& each : *errors) {
        if (!each.is_object() || ++shown > kMaxShownErrors) break;
        text += "; " + printable(member(each, "pointer") + " " + member(each, "detail"));
    }
    return text;
}

std::string path_segment(std::string_view text) {
    std::string segment;
    for (const char each : text) {
        const bool is_plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                              (each >= '0' && each <= '9') || each == '-' || each == '.' ||
                              each == '_';
        if (is_plain)
            segment += each;
        else
            segment += fmt::format("%{:02X}", static_cast<unsigned char>(each));
    }
    return segment;
}

}  // namespace hairpin::cli
