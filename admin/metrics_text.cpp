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
    constexpr std::array<const char*, 3> kKinds = {" counter\n", " gauge\n", " histogram\n"};
    text_ += "\n# TYPE " + family_ + kKinds[static_cast<std::size_t>(kind)];
}

void MetricsText::sample(std::initializer_list<Label> labels, std::uint64_t value) {
    text_ += family_;
    char before = '{';
    for (const Label& each : labels) {
        text_ += before;
        text_ += each.name;
        text_ += "=\"";
        append_label_value(text_, each.value);
        text_ += '"';
        before = ',';
    }
    if (labels.size() != 0) text_ += '}';
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

void MetricsText::histogram(std::string_view label, std::string_view label_value,
                            const std::vector<Bucket>& buckets, std::string_view sum) {
    std::string labels(label);
    labels += "=\"";
    append_label_value(labels, label_value);
    labels += '"';
    std::uint64_t count = 0;
    for (const Bucket& each : buckets) {
        count += each.count;
        text_ += family_ + "_bucket{" + labels + ",le=\"" + each.bound + "\"} " +
                 std::to_string(count) + "\n";
    }
    text_ += family_ + "_sum{" + labels + "} ";
    text_ += sum;
    text_ += "\n" + family_ + "_count{" + labels + "} " + std::to_string(count) + "\n";
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
