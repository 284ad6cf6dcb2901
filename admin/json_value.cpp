#include "admin/json_value.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/nearest_name.hpp"

namespace hairpin::admin {
namespace {

/// Builds the tree while nlohmann's parser walks the text; false from any callback stops it.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit TreeBuilder(const JsonLimits& limits) : limits_(limits) {}

    bool null() override { return put({nullptr}); }
    bool boolean(bool truth) override { return put({truth}); }
    bool number_integer(number_integer_t number) override { return put({number}); }
    bool number_unsigned(number_unsigned_t number) override {
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return put({static_cast<double>(number)});
        return put({static_cast<std::int64_t>(number)});
    }
    bool number_float(number_float_t number, const string_t&) override { return put({number}); }
    bool string(string_t& text) override { return put({std::move(text)}); }
    bool binary(binary_t&) override { return refuse("binary values are not JSON"); }
    bool start_object(std::size_t) override { return open({JsonObject()}); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open({JsonArray()}); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        auto& members = std::get<JsonObject>(open_.back().is);
        const auto same = [&](const auto& member) { return member.name == name; };
        if (std::any_of(members.begin(), members.end(), same))
            return refuse("the member \"" + name.substr(0, 64) + "\" is there twice");
        members.push_back({std::move(name), JsonValue{nullptr}});
        return true;
    }

    bool parse_error(std::size_t position, const std::string& last_token,
                     const nlohmann::json::exception&) override {
        return refuse("not JSON at octet " + std::to_string(position) +
                      (last_token.empty() ? "" : ", near \"" + last_token.substr(0, 40) + "\""));
    }

    [[nodiscard]] JsonValue& root() { return root_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    bool refuse(std::string why) {
        if (trouble_.empty()) trouble_ = std::move(why);
        return false;
    }
    bool put(JsonValue value) {
        if (++values_ > limits_.values) return refuse("more values than are read");
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (auto* array = std::get_if<JsonArray>(&open_.back().is)) {
            array->push_back(std::move(value));
        } else {
            std::get<JsonObject>(open_.back().is).back().value = std::move(value);
        }
        return true;
    }
    bool open(JsonValue value) {
        if (open_.size() >= limits_.depth)
            return refuse("nested deeper than " + std::to_string(limits_.depth) + " levels");
        open_.push_back(std::move(value));
        return true;
    }
    bool close() {
        JsonValue done = std::move(open_.back());
        open_.pop_back();
        return put(std::move(done));
    }

    const JsonLimits& limits_;
    JsonValue root_{nullptr};
    std::vector<JsonValue> open_;
    std::size_t values_ = 0;
    std::string trouble_;
};

/// RFC 6901 section 3: "~" and "/" are escaped.
std::string pointer_to(std::string_view parent, std::string_view name) {
    std::string pointer(parent);
    pointer += '/';
    for (const char letter : name.substr(0, 64)) {
        if (letter == '~') {
            pointer += "~0";
        } else if (letter == '/') {
            pointer += "~1";
        } else {
            pointer += letter;
        }
    }
    return pointer;
}

nlohmann::ordered_json to_nlohmann(const JsonValue& value) {
    nlohmann::ordered_json made;
    if (const auto* array = std::get_if<JsonArray>(&value.is)) {
        made = nlohmann::ordered_json::array();
        for (const JsonValue& each : *array)
            made.push_back(to_nlohmann(each));
        return made;
    }
    if (const auto* object = std::get_if<JsonObject>(&value.is)) {
        made = nlohmann::ordered_json::object();
        for (const JsonMember& each : *object)
            made[each.name] = to_nlohmann(each.value);
        return made;
    }
    std::visit(
        [&](const auto& scalar) {
            if constexpr (std::is_constructible_v<nlohmann::ordered_json, decltype(scalar)>)
                made = scalar;
        },
        value.is);
    return made;
}

}  // namespace

Result<JsonValue, Problem> parse_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.octets)
        return fail(Problem(ProblemType::TooLarge,
                            "the body has more than " + std::to_string(limits.octets) + " octets"));
    TreeBuilder builder(limits);
    if (!nlohmann::json::sax_parse(text, &builder)) {
        const std::string& trouble = builder.trouble();
        return fail(Problem(ProblemType::MalformedJson, trouble.empty() ? "not JSON" : trouble));
    }
    return std::move(builder.root());
}

const JsonObject ObjectReader::kNothing;

std::string json_text(const JsonValue& value) {
    return to_nlohmann(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

ObjectReader::ObjectReader(const JsonValue& value, std::string pointer,
                           std::vector<FieldError>& errors)
    : members_(std::get_if<JsonObject>(&value.is)), pointer_(std::move(pointer)), errors_(errors) {
    if (members_ != nullptr) return;
    members_ = &kNothing;
    errors_.push_back({pointer_, "must be a JSON object"});
}

const JsonValue* ObjectReader::find(std::string_view name) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.push_back(name);
    for (const auto& [key, value] : *members_)
        if (key == name) return &value;
    return nullptr;
}

std::optional<std::string> ObjectReader::text(std::string_view name, std::size_t most_octets) {
    const JsonValue* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto* text = std::get_if<std::string>(&value->is);
    if (text == nullptr) return refuse(name, "must be a string"), std::nullopt;
    if (text->size() > most_octets) {
        refuse(name, "must have at most " + std::to_string(most_octets) + " octets");
        return std::nullopt;
    }
    return *text;
}

std::optional<bool> ObjectReader::truth(std::string_view name) {
    const JsonValue* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto* truth = std::get_if<bool>(&value->is);
    if (truth == nullptr) return refuse(name, "must be true or false"), std::nullopt;
    return *truth;
}

std::optional<std::int64_t> ObjectReader::number(std::string_view name, std::int64_t least,
                                                 std::int64_t most) {
    const JsonValue* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto* number = std::get_if<std::int64_t>(&value->is);
    if (number == nullptr || *number < least || *number > most) {
        refuse(name, "must be a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most));
        return std::nullopt;
    }
    return *number;
}

std::optional<std::vector<std::string>> ObjectReader::texts(std::string_view name,
                                                            std::size_t most) {
    const JsonValue* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto* array = std::get_if<JsonArray>(&value->is);
    if (array == nullptr || array->size() > most) {
        refuse(name, "must be a list of at most " + std::to_string(most) + " strings");
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < array->size(); ++at) {
        const auto* text = std::get_if<std::string>(&(*array)[at].is);
        if (text == nullptr) {
            errors_.push_back(
                {pointer_to(pointer_, name) + "/" + std::to_string(at), "must be a string"});
            return std::nullopt;
        }
        texts.push_back(*text);
    }
    return texts;
}

std::optional<std::optional<WallTime>> ObjectReader::time_or_null(std::string_view name) {
    const JsonValue* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_null()) return std::optional<WallTime>();
    const auto* text = std::get_if<std::string>(&value->is);
    const auto time = text == nullptr ? std::nullopt : from_rfc3339(*text);
    if (!time) {
        refuse(name, "must be null or a time such as \"2027-01-31T00:00:00Z\" (RFC 3339)");
        return std::nullopt;
    }
    return time;
}

const JsonValue* ObjectReader::any(std::string_view name) {
    return find(name);
}

void ObjectReader::refuse(std::string_view name, std::string detail) {
    errors_.push_back({pointer_to(pointer_, name), std::move(detail)});
}

void ObjectReader::require(std::string_view name) {
    if (find(name) == nullptr) refuse(name, "is missing");
}

void ObjectReader::finish() {
    for (const auto& [name, value] : *members_) {
        if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
        const std::string_view nearest = nearest_name(name, known_);
        refuse(name, nearest.empty()
                         ? "is not known here"
                         : "is not known here; did you mean \"" + std::string(nearest) + "\"?");
    }
}

Problem to_problem(std::vector<FieldError> errors) {
    Problem problem(ProblemType::InvalidRequest, "");
    for (const FieldError& error : errors) {
        if (!problem.detail.empty()) problem.detail += "; ";
        problem.detail += (error.pointer.empty() ? "the body" : error.pointer) + " " + error.detail;
    }
    problem.errors = std::move(errors);
    return problem;
}

}  // namespace hairpin::admin
