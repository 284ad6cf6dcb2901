// core/json_writer.hpp - JSON out, written straight into one string.
//
//   JsonWriter json;
//   json.begin_object().member("label", "nur1").key("names").begin_array();
//   ...
//
// The caller keeps begin and end in pairs: asserted by take(). Octets that are not UTF-8 become
// U+FFFD, so that what we write is always JSON.
//
// Standards RFC 8259.
// Threads   A value.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"

namespace hairpin {

class JsonWriter {
public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name);

    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }
    template <std::integral Number>
    requires(!std::same_as<Number, bool>) JsonWriter& value(Number number) {
        return raw(std::to_string(number));
    }
    /// With one decimal: seconds.
    JsonWriter& tenths(double number);
    /// RFC 3339.
    JsonWriter& value(WallTime time) { return value(to_rfc3339(time)); }
    JsonWriter& null() { return raw("null"); }
    /// What is JSON already, as it is.
    JsonWriter& json(std::string_view text) { return raw(text); }

    template <typename T>
    JsonWriter& value(const std::optional<T>& maybe) {
        return maybe ? value(*maybe) : null();
    }
    template <typename T>
    JsonWriter& member(std::string_view name, const T& of) {
        return key(name).value(of);
    }
    /// An array of texts.
    JsonWriter& member(std::string_view name, const std::vector<std::string>& texts);

    [[nodiscard]] std::string take();

private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    JsonWriter& raw(std::string_view token);
    void separate();

    std::string text_;
    std::size_t depth_ = 0;
    bool needs_comma_ = false;
};

}  // namespace hairpin
