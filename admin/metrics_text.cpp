#include "admin/metrics_text.hpp"

#include <array>
#include <cstdio>

namespace hairpin::admin {
namespace {

void append_label_value(std::string& out, std::string_view value) {
    for (const char letter : value) {
        if (letter == '\\' || letter == '"') out += '\\';
        if (letter == '\n') {
            out += "\\n";
        } else {
            out += letter;
        }
    }
}

}  // namespace

void MetricsText::family(std::string_view name, Kind kind, std::string_view help) {
    family_ = "hairpin_" + std::string(name);
    text_ += "# HELP " + family_ + " ";
    text_ += help;
    text_ += "\n# TYPE " + family_ + (kind == Kind::Counter ? " counter\n" : " gauge\n");
}

void MetricsText::sample(std::string_view label, std::string_view label_value,
                         std::uint64_t value) {
    text_ += family_;
    if (!label.empty()) {
        text_ += '{';
        text_ += label;
        text_ += "=\"";
        append_label_value(text_, label_value);
        text_ += "\"}";
    }
    text_ += ' ';
    text_ += std::to_string(value);
    text_ += '\n';
}

void MetricsText::sample_seconds(double value) {
    std::array<char, 48> number{};
    std::snprintf(number.data(), number.size(), " %.6f\n", value);
    text_ += family_;
    text_ += number.data();
}

void MetricsText::counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, Kind::Counter, help);
    sample(value);
}

void MetricsText::gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, Kind::Gauge, help);
    sample(value);
}

}  // namespace hairpin::admin
