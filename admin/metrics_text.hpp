// admin/metrics_text.hpp - numbers in Prometheus' text format, and where they come from.
//
// admin/ does not know dnsd/ or the daemon: they hand their numbers in as a MetricsSource.
//
// Standards Prometheus text exposition format 0.0.4.
// Threads   MetricsText is a value. A MetricsSource may be asked from any thread.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hairpin::admin {

class MetricsText {
public:
    enum class Kind : std::uint8_t { Counter, Gauge };
    /// Starts a family; its samples follow. `name` without the prefix "hairpin_".
    void family(std::string_view name, Kind kind, std::string_view help);
    /// A sample of the family begun last.
    void sample(std::uint64_t value) { sample({}, {}, value); }
    void sample(std::string_view label, std::string_view label_value, std::uint64_t value);
    void sample_seconds(double value);
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
