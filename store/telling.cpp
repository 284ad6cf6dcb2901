#include "store/telling.hpp"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "store/acme_rows.hpp"
#include "store/rows.hpp"
#include "zones/presentation.hpp"

namespace hairpin::store {
namespace {

Event event_about(EventKind kind, std::string licence, std::string subject) {
    Event event{kind, std::move(licence), std::move(subject), {}};
    event.data.begin_object();
    return event;
}

Result<void> end_and_tell(Writer& writer, Event event, const MoreMembers& more) {
    if (more) more(event.data);
    event.data.end_object();
    return writer.tell(std::move(event));
}

std::vector<std::string> addresses_in(const zones::RRsetRef& rrset) {
    std::vector<std::string> texts;
    if (!rrset) return texts;
    for (const OctetView rdata : rrset->rdatas())
        if (const auto address = IpAddress::from_octets(rdata)) texts.push_back(address->text());
    return texts;
}

/// The label of the server whose twin name that is.
std::string server_label_of(const zones::Name& owner, zones::TwinRole role,
                            const zones::AddressRules& rules) {
    std::string label(as_text(owner.lower().first_label()));
    if (role == zones::TwinRole::Internal) label.erase(0, rules.internal_prefix.size());
    return label;
}

/// @param licence  Whose zone it is; empty: nobody's any more.
Result<void> tell_of_addresses(Writer& writer, const ChangedZone& zone, const std::string& licence,
                               const zones::AddressRules& rules) {
    for (const zones::RRsetDifference& each : zone.edited.difference.rrsets) {
        const bool is_address = each.type == zones::RType::A || each.type == zones::RType::AAAA;
        const auto role = is_address ? rules.role_of(each.owner, zone.change.apex) : std::nullopt;
        if (!role) continue;
        const std::string label = server_label_of(each.owner, *role, rules);
        // Names outlive their servers by a step of the same commit.
        if (!TRY(writer.read().server(licence, label))) continue;
        Event event = event_about(EventKind::ServerAddressChanged, licence,
                                  std::string(licence).append("/").append(label));
        event.data.member("server", label);
        event.data.member("name", each.owner.lower().text_without_dot());
        event.data.member("role", *role == zones::TwinRole::Public ? "public" : "internal");
        event.data.member("record", zones::type_text(each.type));
        event.data.member("old", addresses_in(each.before));
        event.data.member("new", addresses_in(each.after));
        TRY(end_and_tell(writer, std::move(event), {}));
    }
    return {};
}

std::optional<EventKind> kind_of_state(ServerState before, ServerState now) {
    if (before == now) return std::nullopt;
    if (now == ServerState::Frozen) return EventKind::ServerFrozen;
    if (now == ServerState::Suspended) return EventKind::ServerSuspended;
    return before == ServerState::Frozen ? EventKind::ServerThawed : EventKind::ServerResumed;
}

}  // namespace

Result<void> tell_of_licence(Writer& writer, EventKind kind, const LicenceRow& row,
                             const MoreMembers& more) {
    Event event = event_about(kind, row.name, row.name);
    event.data.member("zone", row.zone_apex.text_without_dot());
    event.data.member("plan", row.plan);
    event.data.member("expires", row.expires_at);
    return end_and_tell(writer, std::move(event), more);
}

Result<void> tell_of_state(Writer& writer, const LicenceRow& before, LicenceState now) {
    if (before.state == now) return {};
    return tell_of_licence(
        writer,
        now == LicenceState::Suspended ? EventKind::LicenceSuspended : EventKind::LicenceResumed,
        before);
}

Result<void> tell_of_server(Writer& writer, EventKind kind, const ServerRow& row,
                            const MoreMembers& more) {
    Event event = event_about(kind, row.licence, row.licence + "/" + row.label);
    event.data.member("server", row.label);
    return end_and_tell(writer, std::move(event), more);
}

Result<void> tell_of_state(Writer& writer, const ServerRow& before, ServerState now) {
    const auto kind = kind_of_state(before.state, now);
    if (!kind) return {};
    return tell_of_server(writer, *kind, before);
}

Result<void> tell_of_credential(Writer& writer, EventKind kind, const CredentialRow& row,
                                const MoreMembers& more) {
    std::optional<ServerRow> server;
    if (row.server_id) server = TRY(writer.read().server(*row.server_id));
    Event event = event_about(kind, server ? server->licence : row.licence,
                              "credential/" + std::to_string(row.id));
    event.data.member("credential", row.id);
    event.data.member("kind", to_string(row.kind));
    event.data.member("label", row.label);
    event.data.member("server", server ? std::optional(server->label) : std::nullopt);
    event.data.member("key", row.tsig_name.empty() ? std::nullopt : std::optional(row.tsig_name));
    event.data.member("expires", row.expires_at);
    return end_and_tell(writer, std::move(event), more);
}

Result<void> tell_of_credentials(Writer& writer, EventKind kind, std::int64_t server_id,
                                 std::int64_t except_id, const MoreMembers& more) {
    for (const CredentialRow& each : TRY(writer.read().credentials_of_server(server_id))) {
        const bool is_over =
            each.revoked_at || (each.expires_at && *each.expires_at <= writer.now());
        if (each.id == except_id || is_over) continue;
        TRY(tell_of_credential(writer, kind, each, more));
    }
    return {};
}

Result<void> tell_of_certificate(Writer& writer, EventKind kind, std::int64_t server_id,
                                 const MoreMembers& more) {
    std::optional<ServerRow> server;
    if (server_id != kOurselves) server = TRY(writer.read().server(server_id));
    Event event = server ? event_about(kind, server->licence, server->licence + "/" + server->label)
                         : event_about(kind, "", subject_text(server_id));
    event.data.member("server", server ? std::optional(server->label) : std::nullopt);
    return end_and_tell(writer, std::move(event), more);
}

Result<void> tell_of_zone(Writer& writer, const ChangedZone& zone,
                          const zones::AddressRules& rules) {
    const zones::ZoneAction action = zone.change.action;
    const bool is_made = action == zones::ZoneAction::Create;
    const bool is_dropped = action == zones::ZoneAction::Drop;
    const bool is_licences = zone.kind == zones::ZoneKind::Licence;
    if (!is_licences && !is_made && !is_dropped) return {};
    std::string licence;
    if (is_licences) {
        if (const auto row = TRY(writer.read().licence_of_zone(zone.change.apex)))
            licence = row->name;
    }
    if (is_made || is_dropped) {
        const std::string apex = zone.change.apex.lower().text_without_dot();
        Event event =
            event_about(is_made ? EventKind::ZoneCreated : EventKind::ZoneDropped, licence, apex);
        event.data.member("zone", apex);
        event.data.member("kind", to_string(zone.kind));
        TRY(end_and_tell(writer, std::move(event), {}));
    }
    if (!is_licences || is_dropped || licence.empty()) return {};
    return tell_of_addresses(writer, zone, licence, rules);
}

}  // namespace hairpin::store
