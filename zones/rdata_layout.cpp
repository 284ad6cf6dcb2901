#include "zones/rdata_layout.hpp"

#include <algorithm>

namespace hairpin::zones {
namespace {

using enum Field;

// In the order of their numbers.
constexpr std::array kLayouts = {
    RdataLayout{1, "A", {Ipv4}},                                                // RFC 1035
    RdataLayout{2, "NS", {Name}},                                               // RFC 1035
    RdataLayout{3, "MD", {Name}},                                               // RFC 1035
    RdataLayout{4, "MF", {Name}},                                               // RFC 1035
    RdataLayout{5, "CNAME", {Name}},                                            // RFC 1035
    RdataLayout{6, "SOA", {Name, Name, Long, Period, Period, Period, Period}},  // RFC 1035
    RdataLayout{7, "MB", {Name}},                                               // RFC 1035
    RdataLayout{8, "MG", {Name}},                                               // RFC 1035
    RdataLayout{9, "MR", {Name}},                                               // RFC 1035
    RdataLayout{10, "NULL", {Opaque}},                                          // RFC 1035
    RdataLayout{11, "WKS", {Ipv4, Octet, Services}},                            // RFC 1035
    RdataLayout{12, "PTR", {Name}},                                             // RFC 1035
    RdataLayout{13, "HINFO", {String, String}},                                 // RFC 1035
    RdataLayout{14, "MINFO", {Name, Name}},                                     // RFC 1035
    RdataLayout{15, "MX", {Short, Name}},                                       // RFC 1035
    RdataLayout{16, "TXT", {Strings}},                                          // RFC 1035
    RdataLayout{17, "RP", {Name, Name}},                                        // RFC 1183
    RdataLayout{18, "AFSDB", {Short, Name}},                                    // RFC 1183
    RdataLayout{19, "X25", {String}},                                           // RFC 1183
    RdataLayout{20, "ISDN", {String, OptionalString}},                          // RFC 1183
    RdataLayout{21, "RT", {Short, Name}},                                       // RFC 1183
    RdataLayout{22, "NSAP", {Nsap}},                                            // RFC 1706
    RdataLayout{23, "NSAP-PTR", {Name}},                                        // RFC 1348
    RdataLayout{24,
                "SIG",  // RFC 2535
                {Type, Algorithm, Octet, Long, Time, Time, Short, Name, Base64}},
    RdataLayout{25, "KEY", {Short, Octet, Algorithm, OptionalBase64}},       // RFC 2535
    RdataLayout{26, "PX", {Short, Name, Name}},                              // RFC 2163
    RdataLayout{27, "GPOS", {String, String, String}},                       // RFC 1712
    RdataLayout{28, "AAAA", {Ipv6}},                                         // RFC 3596
    RdataLayout{29, "LOC", {Location}},                                      // RFC 1876
    RdataLayout{33, "SRV", {Short, Short, Short, Name}},                     // RFC 2782
    RdataLayout{35, "NAPTR", {Short, Short, String, String, String, Name}},  // RFC 3403
    RdataLayout{36, "KX", {Short, Name}},                                    // RFC 2230
    RdataLayout{37, "CERT", {CertType, Short, Algorithm, Base64}},           // RFC 4398
    RdataLayout{39, "DNAME", {Name}},                                        // RFC 6672
    RdataLayout{42, "APL", {Prefixes}},                                      // RFC 3123
    RdataLayout{43, "DS", {Short, Algorithm, Octet, Hex}},                   // RFC 4034
    RdataLayout{44, "SSHFP", {Octet, Octet, Hex}},                           // RFC 4255
    RdataLayout{45, "IPSECKEY", {Octet, Gateway}},                           // RFC 4025
    RdataLayout{46,
                "RRSIG",  // RFC 4034
                {Type, Algorithm, Octet, Long, Time, Time, Short, Name, Base64}},
    RdataLayout{47, "NSEC", {Name, Types}},                              // RFC 4034
    RdataLayout{48, "DNSKEY", {Short, Octet, Algorithm, Base64}},        // RFC 4034
    RdataLayout{49, "DHCID", {Base64}},                                  // RFC 4701
    RdataLayout{50, "NSEC3", {Octet, Octet, Short, Salt, Hash, Types}},  // RFC 5155
    RdataLayout{51, "NSEC3PARAM", {Octet, Octet, Short, Salt}},          // RFC 5155
    RdataLayout{52, "TLSA", {Octet, Octet, Octet, Hex}},                 // RFC 6698
    RdataLayout{53, "SMIMEA", {Octet, Octet, Octet, Hex}},               // RFC 8162
    RdataLayout{55, "HIP", {HostIdentity}},                              // RFC 8005
    RdataLayout{58, "TALINK", {Name, Name}},
    RdataLayout{59, "CDS", {Short, Algorithm, Octet, Hex}},         // RFC 7344
    RdataLayout{60, "CDNSKEY", {Short, Octet, Algorithm, Base64}},  // RFC 7344
    RdataLayout{61, "OPENPGPKEY", {Base64}},                        // RFC 7929
    RdataLayout{62, "CSYNC", {Long, Short, Types}},                 // RFC 7477
    RdataLayout{63, "ZONEMD", {Long, Octet, Octet, Hex}},           // RFC 8976
    RdataLayout{64, "SVCB", {Short, Name, Parameters}},             // RFC 9460
    RdataLayout{65, "HTTPS", {Short, Name, Parameters}},            // RFC 9460
    RdataLayout{99, "SPF", {Strings}},                              // RFC 7208
    RdataLayout{104, "NID", {Short, Node64}},                       // RFC 6742
    RdataLayout{105, "L32", {Short, Ipv4}},                         // RFC 6742
    RdataLayout{106, "L64", {Short, Node64}},                       // RFC 6742
    RdataLayout{107, "LP", {Short, Name}},                          // RFC 6742
    RdataLayout{108, "EUI48", {Eui48}},                             // RFC 7043
    RdataLayout{109, "EUI64", {Eui64}},                             // RFC 7043
    RdataLayout{249, "TKEY", {Opaque}},                             // RFC 2930
    RdataLayout{250, "TSIG", {Opaque}},                             // RFC 8945
    RdataLayout{251, "IXFR", {Opaque}},                             // RFC 1995
    RdataLayout{252, "AXFR", {Opaque}},                             // RFC 5936
    RdataLayout{253, "MAILB", {Opaque}},                            // RFC 1035
    RdataLayout{254, "MAILA", {Opaque}},                            // RFC 1035
    RdataLayout{255, "ANY", {Opaque}},                              // RFC 8482
    RdataLayout{256, "URI", {Short, Short, Target}},                // RFC 7553
    RdataLayout{257, "CAA", {Octet, Tag, Value}},                   // RFC 8659
    RdataLayout{32769, "DLV", {Short, Algorithm, Octet, Hex}},      // RFC 4431
};

constexpr bool in_order() {
    for (std::size_t row = 1; row < kLayouts.size(); ++row)
        if (kLayouts[row - 1].number >= kLayouts[row].number) return false;
    return true;
}
static_assert(in_order());

constexpr char upper(char letter) noexcept {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
}

}  // namespace

const RdataLayout* layout_of(RType type) noexcept {
    const auto* row = std::lower_bound(
        kLayouts.begin(), kLayouts.end(), to_number(type),
        [](const RdataLayout& layout, std::uint16_t number) { return layout.number < number; });
    return row != kLayouts.end() && row->number == to_number(type) ? &*row : nullptr;
}

const RdataLayout* layout_named(std::string_view mnemonic) noexcept {
    const auto* row =
        std::find_if(kLayouts.begin(), kLayouts.end(), [mnemonic](const RdataLayout& layout) {
            return layout.mnemonic.size() == mnemonic.size() &&
                   std::equal(mnemonic.begin(), mnemonic.end(), layout.mnemonic.begin(),
                              [](char given, char ours) { return upper(given) == ours; });
        });
    return row != kLayouts.end() ? &*row : nullptr;
}

}  // namespace hairpin::zones
