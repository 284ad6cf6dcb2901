// bench/load/questions.hpp - the questions of one measurement, ready for the wire.
//
// A file has one question a line: owner, type, expected RCODE, least number of answer records:
//
//   nur17.pl-1.example.net. A 0 1
//
// Kept in one block of octets in the file's order: what is sent is copied from here, with only the
// ID written anew.
//
// Standards RFC 1035 section 4.1; an OPT record with 1232 octets as resolvers send (RFC 6891).
// Threads   Immutable after reading.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::bench {

struct Question {
    OctetView message;          // Header, question, OPT; ID 0.
    std::size_t question_size;  // Octets of the question section.
    std::uint8_t rcode;
    std::uint16_t least_answers;
};

class Questions {
public:
    /// @param cookie  Sent in every question (RFC 7873 section 4): 8 octets as a client does that
    /// met
    ///                no server yet, or with the server's behind them; none where it is empty.
    /// Errors: Io; Invalid with the line that is not a question.
    [[nodiscard]] static Result<Questions> read(const std::string& file, OctetView cookie);

    [[nodiscard]] std::size_t size() const noexcept { return questions_.size(); }
    [[nodiscard]] const Question& operator[](std::size_t index) const noexcept {
        return questions_[index];
    }

private:
    std::vector<Octets> messages_;  // Outlives the views in questions_.
    std::vector<Question> questions_;
};

}  // namespace hairpin::bench
