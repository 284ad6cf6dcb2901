#include "admin/idempotency.hpp"

#include <algorithm>
#include <string>

#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMaxKeyOctets = 255;

std::string context_of(std::int64_t credential_id, std::string_view key) {
    return "idempotency:" + std::to_string(credential_id) + ":" + std::string(key);
}

std::string join(const std::vector<net::Header>& headers) {
    std::string lines;
    for (const auto& [name, value] : headers)
        lines.append(name).append(": ").append(value).append("\n");
    return lines;
}

std::vector<net::Header> split(std::string_view lines) {
    std::vector<net::Header> headers;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        if (const std::size_t colon = line.find(": "); colon != std::string_view::npos)
            headers.push_back(
                {std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return headers;
}

}  // namespace

Result<void, Problem> check_idempotency_key(std::string_view key) {
    const bool is_visible = std::all_of(key.begin(), key.end(),
                                        [](char letter) { return letter > ' ' && letter < 127; });
    if (!key.empty() && key.size() <= kMaxKeyOctets && is_visible) return {};
    return fail(invalid_field("Idempotency-Key", "must be 1 to 255 visible ASCII characters"));
}

Sha256 request_digest(const net::Request& request) {
    std::string text(net::to_string(request.method));
    text += ' ';
    text += request.target;
    text += '\n';
    text += request.body;
    return sha256(as_octets(text));
}

Result<store::IdempotencyRow, Problem> idempotency_row(const Sealer& sealer,
                                                       std::int64_t credential_id,
                                                       std::string_view key, const Sha256& digest,
                                                       const net::Response& response,
                                                       WallTime now) {
    store::IdempotencyRow row;
    row.credential_id = credential_id;
    row.key = key;
    row.request_sha256 = digest;
    row.status = response.status;
    row.headers = join(response.headers);
    row.body = sealer.seal(as_octets(response.body), context_of(credential_id, key));
    row.at = now;
    return row;
}

Result<std::optional<net::Response>, Problem> replay_for(store::Queries& queries,
                                                         const Sealer& sealer,
                                                         std::int64_t credential_id,
                                                         std::string_view key,
                                                         const Sha256& digest) {
    const auto row = TRY(queries.idempotency(credential_id, key));
    if (!row) return std::optional<net::Response>();
    if (!equal_in_constant_time(row->request_sha256, digest))
        return fail(Problem(ProblemType::IdempotencyKeyReused,
                            "this Idempotency-Key was used with another request: take a new one"));
    const Octets body = TRY(sealer.open(row->body, context_of(credential_id, key)));
    net::Response response{row->status, split(row->headers), std::string(as_text(body))};
    response.headers.push_back({"idempotency-replayed", "true"});
    return std::optional<net::Response>(std::move(response));
}

}  // namespace hairpin::admin
