// admin/certificate_counts.hpp - how many servers have a certificate, and how many an alarm.
//
// For metrics. The count reads every server's row, so it is kept for a minute, whoever asks.
//
// Threads   One.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "acme/certificate_alarm.hpp"
#include "acme/certificates.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kPhases = 4;
inline constexpr Milliseconds kCountEvery{60'000};

struct CertificateCounts {
    std::array<std::uint64_t, kPhases> phases{};            // By acme::Phase.
    std::array<std::uint64_t, acme::kAlarmKinds> alarms{};  // By acme::AlarmKind.
};

class CertificateCounter {
public:
    /// Valid until the next call. Errors: those of the store.
    [[nodiscard]] Result<const CertificateCounts*> at(store::Queries& queries, WallTime now,
                                                      MonotonicTime instant);

private:
    CertificateCounts counts_;
    std::optional<MonotonicTime> counted_at_;
};

}  // namespace hairpin::admin
