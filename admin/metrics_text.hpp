// admin/metrics_text.hpp - numbers in Prometheus' text format, and where they come from.
//
// admin/ does not know dnsd/ or the daemon: they hand their numbers in as a MetricsSource.
//
// Standards Prometheus text exposition format 0.0.4.
// Threads   MetricsText is a value. A MetricsSource may be asked from any thread.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace hairpin::admin {

class MetricsText {
public:
    enum class Kind : std::uint8_t { Counter, Gauge, Histogram };
    /// Starts a family; its samples follow. `name` without the prefix "hairpin_".
    void family(std::string_view name, Kind kind, std::string_view help);
    struct Label {
        std::string_view name;
        std::string_view value;
    };
    /// A sample of the family begun last.
    void sample(std::uint64_t value) { sample(std::initializer_list<Label>(), value); }
    void sample(std::string_view label, std::string_view label_value, std::uint64_t value) {
        sample({{label, label_value}}, value);
    }
    void sample(std::initializer_list<Label> labels, std::uint64_t value);
    void sample_seconds(double value);
    /// One histogram of the family begun last. `buckets` are ascending: upper bound, as text, and
    /// the values in that bucket alone; the last one's bound is "+Inf". `sum` is of all values, as
    /// text.
    struct Bucket {
        std::string bound;
        std::uint64_t count = 0;
    };
    void histogram(std::string_view label, std::string_view label_value,
                   const std::vector<Bucket>& buckets, std::string_view sum);
    /// A family of one sample.
    void counter(std::string_view name, std::string_view help, std::uint64_t value);
    void gauge(std::string_view name, std::string_view help, std::uint64_t value);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    std::string family_;
};

class MetricsSource {
public:
    virtual ~MetricsSource() = default;
    virtual void collect(MetricsText& metrics) const = 0;
};

}  // namespace hairpin::admin
