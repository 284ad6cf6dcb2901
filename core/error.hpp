// core/error.hpp - why something failed, in words that reach a person.
//
// An Error says what kind of failure it was (for code that decides), which thing it was about, and
// the cause. It is not used on the answer path, where a small enum class per folder does.
//
// Threads   A value type.

#pragma once

#include <string>
#include <string_view>

namespace hairpin {

/// What a caller can do about a failure. The HTTP status of an API answer follows from it.
enum class ErrorCode {
    Invalid,      // The input is malformed or breaks a rule; the same input will fail again.
    NotFound,     // The thing named does not exist.
    Conflict,     // It exists already, or a precondition (ETag, prerequisite) does not hold.
    Denied,       // The credential does not permit this.
    Limit,        // A bound on size, count or rate was reached.
    Unavailable,  // Our own fault for now (disk full, database lost, shutting down): try later.
    Protocol,     // A peer (CA, client, secondary) broke its protocol or refused.
    Io,           // A system call failed.
    Corrupt,      // Stored octets are not what was written (bad seal, bad checksum, newer schema).
};

/// The stable lower-case word of a code, for logs and problem documents: "invalid", "not-found", ..
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

struct [[nodiscard]] Error {
    ErrorCode code = ErrorCode::Invalid;
    std::string subject;  // What it was about: a path, a name, an option. Never a secret.
    std::string cause;    // A sentence without a full stop, for a person. Never a secret.

    /// "subject: cause".
    [[nodiscard]] std::string text() const;

    friend bool operator==(const Error&, const Error&) = default;
};

/// An Error of `ErrorCode::Io` with the words of `errno`'s value `error_number`.
[[nodiscard]] Error system_error(std::string subject, int error_number);

}  // namespace hairpin
