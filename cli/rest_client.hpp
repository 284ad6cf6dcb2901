// cli/rest_client.hpp - a command's calls to Hairpin's API, one after the other.
//
// Blocking over net/http_client.hpp. It knows who calls (URL, token, CA) and how a refusal reads
// (RFC 9457); what is called is the command's.
//
// Standards RFC 9457; RFC 6750 section 2.1 (the token).
// Threads   One.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"

namespace hairpin::cli {

struct RestOptions {
    std::string url;         // "https://manager.example.net": everything in front of /v1.
    std::string token_file;  // Holds an operator's token and nothing else.
    std::string ca_file;     // PEM; empty: the system's.
};

class RestClient {
public:
    /// Errors: Invalid no URL or no token; those of reading the token's file.
    [[nodiscard]] static Result<std::unique_ptr<RestClient>> create(const RestOptions& options);

    /// @param path  From "/v1" on, escaped.
    /// Errors: those of net::HttpClient. Every HTTP status is an answer.
    [[nodiscard]] Result<net::ClientResponse> call(std::string method, std::string_view path,
                                                   net::ClientRequest rest = {});

private:
    RestClient(std::string url, std::string token) noexcept
        : url_(std::move(url)), token_(std::move(token)) {}
    std::string url_;
    std::string token_;
    net::Loop loop_;
    std::unique_ptr<net::HttpClient> client_;  // Goes before the loop.
};

/// What a refusal says, for a person: "409 It conflicts with what is there: ..".
[[nodiscard]] std::string problem_text(const net::ClientResponse& response);

/// One segment of a path (RFC 3986 section 3.3).
[[nodiscard]] std::string path_segment(std::string_view text);

}  // namespace hairpin::cli
