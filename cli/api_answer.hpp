// cli/api_answer.hpp - one call to the API, and its answer as words for a person.
//
// What an answer says comes from elsewhere: a word is put on one line, without control characters,
// before a terminal sees it.
//
// Threads   One.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rest_client.hpp"

namespace hairpin::cli {

/// A JSON value of an answer.
class JsonAnswer {
public:
    struct Value;
    explicit JsonAnswer(std::shared_ptr<const Value> value) noexcept : value_(std::move(value)) {}
    /// Nullopt: it is not one JSON object.
    [[nodiscard]] static std::optional<JsonAnswer> parse(std::string_view text);

    /// A member on one line; "-" where there is none, or null.
    [[nodiscard]] std::string word(const char* name) const;
    [[nodiscard]] bool has(const char* name) const { return word(name) != "-"; }
    /// A member that is an object; an empty one where it is none.
    [[nodiscard]] JsonAnswer member(const char* name) const;
    /// The objects of a member that is a list; none where it is none.
    [[nodiscard]] std::vector<JsonAnswer> items(const char* name) const;
    /// As JSON, its members in their order. `indent` -1: on one line.
    [[nodiscard]] std::string text(int indent = -1) const;

private:
    std::shared_ptr<const Value> value_;
};

/// Says the sentence on standard error. @return kFailed (cli/zone_import.hpp).
int say_failed(std::string_view text);

/// One call; its answer, or empty after the failure was said. An answer without content is "".
[[nodiscard]] std::optional<std::string> call_api(const RestOptions& api, const char* method,
                                                  const std::string& path,
                                                  const std::string& body = {});
/// The same of an answer that is a JSON object.
[[nodiscard]] std::optional<JsonAnswer> ask_api(const RestOptions& api, const char* method,
                                                const std::string& path,
                                                const std::string& body = {});

}  // namespace hairpin::cli
