#include "dnsd/transfer.hpp"

#include <utility>

#include "core/assert.hpp"
#include "dnsd/transfer_message.hpp"

namespace hairpin::dnsd {

TransferQuestion::TransferQuestion(const Query& query, const Identity& identity)
    : id(query.id),
      // RFC 5936 section 2.2.1: opcode and RD as asked, AA, everything else clear.
      flags(static_cast<std::uint16_t>(kFlagResponse | kFlagAuthoritative |
                                       (query.flags & (kOpcodeMask | kFlagRecursionDesired)))),
      question(query.question.begin(), query.question.end()),
      edns(query.edns.present),
      edns_flags(query.edns.dnssec_ok ? kEdnsDnssecOk : std::uint16_t{0}),
      udp_octets(identity.udp_octets),
      padding(query.edns.padding) {}

Transfer::Transfer(TransferQuestion question, const zones::ZoneRef& zone,
                   const DifferenceRef& difference, std::size_t message_octets,
                   std::unique_ptr<MessageSigner> signer)
    : question_(std::move(question)),
      records_(zone, difference),
      message_octets_(message_octets),
      signer_(std::move(signer)) {}

std::size_t Transfer::next(std::span<std::uint8_t> out) {
    if (records_.at_end()) return 0;
    HAIRPIN_ASSERT(out.size() >= kMaxMessageOctets);
    const std::size_t reserved = signer_ ? signer_->room() : 0;
    TransferMessage message(out.first(kMaxMessageOctets - reserved), message_octets_ - reserved);
    // RFC 5936 section 2.2: later messages may repeat the question; none of ours does.
    const bool is_first = !std::exchange(began_, true);
    if (is_first) message.put_question(question_.question);
    std::size_t records = 0;
    for (; !records_.at_end(); records_.advance(), ++records)
        if (!message.put(records_.owner(), records_.record())) break;
    HAIRPIN_ASSERT(records > 0);  // zones::kMaxRRsetOctets leaves room for all the rest.
    // RFC 5936 section 2.2: an OPT "in the first response message", and it "MAY" be in the others:
    // there it is where they are padded.
    if (question_.edns && (is_first || question_.padding)) {
        message.put_opt(question_.udp_octets, question_.edns_flags);
        if (question_.padding) message.put_padding(reserved);
    }
    const std::size_t size = message.finish(question_.id, question_.flags);
    return signer_ ? signer_->sign(out.first(kMaxMessageOctets), size) : size;
}

}  // namespace hairpin::dnsd
