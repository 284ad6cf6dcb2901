// daemon/wire_answers.hpp - what the name server and the check-in desk would answer, by the very
// functions that they answer with: admin/wire_doors.hpp for the API.
//
// Threads   Any: of published values, and of what does not change.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/wire_doors.hpp"
#include "core/clock.hpp"
#include "core/published.hpp"
#include "daemon/checkin_feed.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/transfer_policy.hpp"
#include "zones/zone.hpp"

namespace hairpin::daemon {

/// All of it outlives who asks; `feed` null: nobody checks in.
struct WireSources {
    Published<zones::ZoneTable>& zones;
    dnsd::PublishedKeys& keys;
    dnsd::PublishedTransferPolicy& transfers;
    const CheckinFeed* feed;
    const Clock& clock;
};

class WireAnswers final : public admin::WireDoors {
public:
    explicit WireAnswers(const WireSources& sources) noexcept : from_(sources) {}

    [[nodiscard]] std::string key_refusal(const zones::Name& key) const override;
    [[nodiscard]] std::string update_answer(const zones::Name& apex,
                                            const admin::DoorRefusal* refusal) const override;
    [[nodiscard]] Transfer transfer(const zones::Name& apex, const zones::Name& key,
                                    const IpAddress& from) const override;
    [[nodiscard]] std::optional<CheckIn> check_in(
        const store::ServerRow& server, const store::LicenceRow& licence,
        const std::vector<store::CredentialRow>& credentials, const std::string& machine,
        const IpAddress& from) const override;

private:
    WireSources from_;
};

}  // namespace hairpin::daemon
