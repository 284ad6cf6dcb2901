// admin/json_value.hpp - JSON in, strictly: what a stranger sends as a small tree of values.
//
// Stricter than RFC 8259 where that leaves room: an object with two members of one name is refused
// (section 4), depth and size are bounded, nothing may follow the value. The parser behind it is
// nlohmann's, in one source file. Heartbeats have a faster reader (heartbeat_json.hpp).
//
// Standards RFC 8259; RFC 6901 for the pointers in errors.
// Threads   Values and pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace hairpin::admin {

struct JsonValue;
struct JsonMember;
using JsonArray = std::vector<JsonValue>;
using JsonObject = std::vector<JsonMember>;  // In the order received.

struct JsonValue {
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, JsonArray, JsonObject> is;

    [[nodiscard]] bool is_null() const noexcept {
        return std::holds_alternative<std::nullptr_t>(is);
    }
};

// Not a std::pair: clang cannot have one whose second half holds a vector of the pair itself.
struct JsonMember {
    std::string name;
    JsonValue value;
};

struct JsonLimits {
    std::size_t octets = 64 * 1024;
    std::size_t depth = 8;
    std::size_t values = 20'000;
};

/// Errors: MalformedJson, with the place; TooLarge.
[[nodiscard]] Result<JsonValue, Problem> parse_json(std::string_view text,
                                                    const JsonLimits& limits = {});

/// As compact JSON, with the members in their order.
[[nodiscard]] std::string json_text(const JsonValue& value);

/// Reads the members of one object and collects what is wrong with them, so that a caller is told
/// everything at once. Each getter names its member as known; finish() refuses all others.
class ObjectReader {
public:
    /// `value` and `errors` outlive this. `pointer`: where the object stands, "" for the body.
    ObjectReader(const JsonValue& value, std::string pointer, std::vector<FieldError>& errors);

    /// Absent members give nullopt, and so does one of the wrong type, which is also an error.
    [[nodiscard]] std::optional<std::string> text(std::string_view name,
                                                  std::size_t most_octets = 255);
    [[nodiscard]] std::optional<bool> truth(std::string_view name);
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name, std::int64_t least,
                                                     std::int64_t most);
    [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view name,
                                                                std::size_t most);
    /// RFC 3339. Outer nullopt: absent (or wrong); inner: JSON null.
    [[nodiscard]] std::optional<std::optional<WallTime>> time_or_null(std::string_view name);
    [[nodiscard]] const JsonValue* any(std::string_view name);

    /// Says that a member is wrong.
    void refuse(std::string_view name, std::string detail);
    /// Says so where the member is absent.
    void require(std::string_view name);
    /// Refuses members that no getter asked for.
    void finish();

private:
    [[nodiscard]] const JsonValue* find(std::string_view name);

    static const JsonObject kNothing;
    const JsonObject* members_;
    std::string pointer_;
    std::vector<FieldError>& errors_;
    std::vector<std::string_view> known_;
};

/// The problem that names all of them; only where there are some.
[[nodiscard]] Problem to_problem(std::vector<FieldError> errors);

}  // namespace hairpin::admin
