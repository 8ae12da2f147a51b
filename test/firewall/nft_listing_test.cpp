#include "firewall/nft_listing.hpp"

#include "support/catch.hpp"

#include <fmt/format.h>

using namespace bgplb;
using firewall::foreignFilters;
using firewall::obstacle;
using firewall::TableName;

namespace {

const std::set<Family> kBoth{Family::V4, Family::V6};
const TableName kFirewalld{"inet", "firewalld"};

// As nft 1.1 lists the table of firewalld 2.3, with its zone docker. `zone`: more rules.
std::string firewalld(const std::string& zone, const std::string& path) {
  return "table inet firewalld { # progname firewalld\n"
         "\tflags owner\n"
         "\tchain filter_PREROUTING {\n"
         "\t\ttype filter hook prerouting priority filter + 10; policy accept;\n"
         "\t\ticmpv6 type { nd-router-advert, nd-neighbor-solicit } accept\n"
         "\t\tmeta nfproto ipv6 fib saddr . mark . " +
         path +
         " missing drop\n"
         "\t}\n"
         "\tchain filter_FORWARD {\n"
         "\t\ttype filter hook forward priority filter + 10; policy accept;\n"
         "\t\tct state { established, related } accept\n"
         "\t\tjump filter_FORWARD_POLICIES\n"
         "\t\treject with icmpx admin-prohibited\n"
         "\t}\n"
         "\tchain filter_FORWARD_POLICIES {\n"
         "\t\tiifname \"bgplb_gwbridge\" oifname \"bgplb_gwbridge\" accept\n" +
         zone +
         "\t}\n"
         "}\n";
}

std::string forward(const std::string& policy, const std::string& rules) {
  return fmt::format(
      "table inet mine {{\n\tchain forward {{\n\t\ttype filter hook forward priority filter; "
      "policy "
      "{};\n{}\t}}\n}}\n",
      policy, rules);
}

std::string ofMine(const std::string& listing) {
  return obstacle({"inet", "mine"}, listing, kBoth);
}

}  // namespace

TEST_CASE("NftListing.FirewalldWithoutTheVipBridgesInAZone") {
  const std::string zone = "\t\toifname \"bgplb-*\" jump filter_FWD_docker\n";
  CHECK(obstacle(kFirewalld, firewalld("", "oif"), kBoth) ==
        "nft table inet firewalld stops forwarded packets that none of its rules accepts, and no "
        "rule is for bgplb-*: firewall-cmd --permanent --zone=docker --add-interface=bgplb-+");
  CHECK(obstacle(kFirewalld, firewalld(zone, "iif oif"), kBoth) ==
        "nft table inet firewalld has a strict reverse path filter, which drops replies from VIPs: "
        "set IPv6_rpfilter=loose in firewalld.conf");
  CHECK(obstacle(kFirewalld, firewalld(zone, "oif"), kBoth).empty());
}

TEST_CASE("NftListing.AStrictReversePathFilterMatters_IfThereAreVipsOfItsFamily") {
  const std::string strict = firewalld("\t\toifname \"bgplb-*\" accept\n", "iif oif");
  CHECK(obstacle(kFirewalld, strict, {Family::V4}).empty());
  CHECK_FALSE(obstacle(kFirewalld, strict, {Family::V6}).empty());
}

TEST_CASE("NftListing.ChainsThatStopWhatNoRuleAccepts") {
  CHECK_FALSE(ofMine(forward("drop", "\t\tip daddr 10.1.0.0/16 accept\n")).empty());
  for (const char* last : {"drop", "reject", "reject with icmpx host-unreachable", "counter drop",
                           "counter packets 3 bytes 180 drop", "counter packets 3 bytes 180 reject",
                           "log prefix \"end \" drop"}) {
    CAPTURE(last);
    CHECK_FALSE(ofMine(forward("accept", fmt::format("\t\t{}\n", last))).empty());
  }
}

TEST_CASE("NftListing.ChainsThatLetVipsPass") {
  CHECK(ofMine(forward("accept", "")).empty());
  CHECK(ofMine(forward("accept", "\t\tip saddr 192.0.2.1 drop\n\t\tct state invalid drop\n"))
            .empty());
  CHECK(ofMine(forward("drop", "\t\toifname \"bgplb-*\" accept\n")).empty());
  CHECK(ofMine(forward("drop", "\t\toifname { \"docker0\", \"bgplb-*\" } accept\n")).empty());
  CHECK(ofMine(forward("drop", "\t\toifname \"bgplb*\" accept\n")).empty());
  // A chain of another hook.
  CHECK(ofMine("table inet mine {\n\tchain input {\n\t\ttype filter hook input priority 0; policy "
               "drop;\n\t\tdrop\n\t}\n}\n")
            .empty());
}

TEST_CASE("NftListing.ARuleForPacketsFromVipBridgesIsNoneForPacketsToThem") {
  CHECK_FALSE(ofMine(forward("drop", "\t\tiifname \"bgplb-*\" accept\n")).empty());
}

TEST_CASE("NftListing.TablesOfIptablesAndOursAreLeftOut") {
  const auto table = [](const char* name, const char* hook) {
    return fmt::format(
        "table {} {{\n\tchain a {{\n\t}}\n\tchain b {{\n\t\ttype filter hook {} priority filter; "
        "policy accept;\n\t}}\n}}\n",
        name, hook);
  };
  CHECK(foreignFilters(table("ip filter", "forward") + table("ip6 filter", "forward") +
                       table("ip raw", "prerouting") + table("inet bgplb", "prerouting") +
                       table("inet bgplb_loops", "forward") + table("inet bgplb2", "prerouting") +
                       table("inet bgplb8_mss", "forward") + table("bridge x", "forward") +
                       table("inet in", "input") + table("inet filter", "forward") +
                       table("ip mine", "prerouting")) ==
        std::vector<TableName>{{"inet", "filter"}, {"ip", "mine"}});
}
