#include "store/renewal_rows.hpp"

namespace hairpin::store {
namespace {

constexpr std::string_view kRenewalColumns =
    "SELECT certificate_id, cert_id, directory, account, window_start, window_end, "
    "explanation_url, check_at, failures FROM certificate_renewals ";

Result<std::optional<RenewalRow>> read_renewal(Statement statement) {
    if (!TRY(statement.step())) return std::optional<RenewalRow>();
    RenewalRow row;
    row.certificate_id = statement.integer(0);
    row.cert_id = statement.string(1);
    row.directory = statement.string(2);
    row.account = statement.string(3);
    row.window_start = statement.optional_time(4);
    row.window_end = statement.optional_time(5);
    row.explanation_url = statement.string(6);
    row.check_at = statement.optional_time(7);
    row.failures = statement.integer(8);
    return std::optional(std::move(row));
}

}  // namespace

Result<std::optional<RenewalRow>> RenewalQueries::of_certificate(std::int64_t certificate_id) {
    Statement statement =
        TRY(database_.statement(std::string(kRenewalColumns) + "WHERE certificate_id = ?1"));
    statement.bind(certificate_id);
    return read_renewal(std::move(statement));
}

Result<std::optional<RenewalRow>> RenewalQueries::with_cert_id(std::string_view cert_id) {
    Statement statement = TRY(database_.statement(
        std::string(kRenewalColumns) + "WHERE cert_id = ?1 ORDER BY certificate_id DESC LIMIT 1"));
    statement.bind(cert_id);
    return read_renewal(std::move(statement));
}

Result<bool> RenewalQueries::has_issued(const Subject& subject, std::string_view directory) {
    Statement statement = TRY(
        database_.statement("SELECT EXISTS (SELECT 1 FROM certificates JOIN certificate_renewals "
                            "ON certificate_id = certificates.id "
                            "WHERE server_id = ?1 AND name_alone = ?2 AND directory = ?3)"));
    statement.bind(subject.server_id, subject.name_alone, directory);
    TRY(statement.step());
    return statement.integer(0) != 0;
}

Result<void> put_renewal(Writer& writer, const RenewalRow& row) {
    Statement put = TRY(writer.database().statement(
        "INSERT OR REPLACE INTO certificate_renewals (certificate_id, cert_id, directory, account, "
        "window_start, window_end, explanation_url, check_at, failures) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    return put
        .bind(row.certificate_id, row.cert_id, row.directory, row.account, row.window_start,
              row.window_end, row.explanation_url, row.check_at, row.failures)
        .run();
}

Result<void> set_renew_at(Writer& writer, std::int64_t certificate_id, WallTime at) {
    Statement update =
        TRY(writer.database().statement("UPDATE certificates SET renew_at = ?2 WHERE id = ?1"));
    TRY(update.bind(certificate_id, at).run());
    if (writer.database().changed_rows() == 0)
        return fail(
            Error{ErrorCode::NotFound, "certificate " + std::to_string(certificate_id), "is gone"});
    return {};
}

}  // namespace hairpin::store
