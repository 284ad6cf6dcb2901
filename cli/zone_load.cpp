#include "cli/zone_load.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "zones/zone_file.hpp"

namespace hairpin::cli {
namespace {

using net::ClientRequest;
using net::ClientResponse;

// Where to find the zone, and what it was like when it was found or made.
struct Place {
    std::string path;
    std::string etag;
    bool was_there = false;
};

Error refused(const zones::Name& apex, const ClientResponse& response) {
    return {ErrorCode::Protocol, apex.text(), "Hairpin answers " + problem_text(response)};
}

std::string etag_of(const ClientResponse& response) {
    return std::string(response.header("etag").value_or(""));
}

Result<Place> find_or_make(RestClient& api, const zones::Name& apex, Existing existing) {
    Place place{"/v1/zones/" + path_segment(apex.text()), {}, false};
    const ClientResponse found = TRY(api.call("GET", place.path));
    if (found.status == 200) {
        if (existing == Existing::Keep)
            return fail(Error{ErrorCode::Conflict, apex.text(),
                              "the zone is there already; nothing was changed (--replace puts the "
                              "content of the source in place of all that it holds)"});
        place.etag = etag_of(found);
        place.was_there = true;
        return place;
    }
    if (found.status != 404) return fail(refused(apex, found));
    ClientRequest make;
    make.headers.push_back({"content-type", "application/json"});
    make.body = nlohmann::json{{"zone", apex.text()}}.dump();
    const ClientResponse made = TRY(api.call("POST", "/v1/zones", std::move(make)));
    if (made.status != 201) return fail(refused(apex, made));
    place.etag = etag_of(made);
    return place;
}

Result<ClientResponse> put_content(RestClient& api, const zones::Zone& zone, const Place& place) {
    ClientRequest put;
    put.headers.push_back({"content-type", "text/dns; charset=utf-8"});  // RFC 4027.
    if (!place.etag.empty()) put.headers.push_back({"if-match", place.etag});
    put.body = zones::format_zone_file(zone);
    ClientResponse response = TRY(api.call("PUT", place.path + "/zonefile", std::move(put)));
    if (response.status != 200) return fail(refused(zone.apex(), response));
    return response;
}

// Only as it was made: somebody may have written to it since.
std::string take_away(RestClient& api, const Place& place) {
    ClientRequest drop;
    if (!place.etag.empty()) drop.headers.push_back({"if-match", place.etag});
    const auto gone = api.call("DELETE", place.path, std::move(drop));
    return gone && gone->status == 204 ? "; the new zone was taken away again"
                                       : "; the new zone is left, with SOA and NS only";
}

}  // namespace

Result<LoadedZone> load_zone(RestClient& api, const zones::Zone& zone, Existing existing) {
    const Place place = TRY(find_or_make(api, zone.apex(), existing));
    auto done = put_content(api, zone, place);
    if (!done) {
        Error error = std::move(done).error();
        if (!place.was_there) error.cause += take_away(api, place);
        return fail(std::move(error));
    }
    LoadedZone loaded;
    loaded.was_there = place.was_there;
    const auto said = nlohmann::json::parse(done->body, nullptr, false);
    if (said.is_object() && said.contains("serial") && said["serial"].is_number_unsigned())
        loaded.serial = said["serial"].get<std::uint32_t>();
    if (said.is_object() && said.contains("changed") && said["changed"].is_boolean())
        loaded.changed = said["changed"].get<bool>();
    return loaded;
}

}  // namespace hairpin::cli
