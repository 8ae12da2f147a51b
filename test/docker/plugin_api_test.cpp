#include "docker/plugin_calls.hpp"

#include "json/read.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("PluginApi.LifecycleOfANetwork") {
  Plugin plugin;
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32", "2001:db8:0:1::101/128").status == 200);
  CHECK(plugin.kernel.observe(core::bridgeName(kWeb1)).bridge);
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32", "2001:db8:0:1::101/128").status == 200);

  const auto endpoint = plugin.createEndpoint(kEp1, "10.0.0.101/32");
  CHECK(endpoint.status == 200);
  CHECK(endpoint.body == R"({"Interface":{}})");  // a reply must not repeat fields of the request
  const auto joined = plugin.endpointCall("Join", kEp1);
  CHECK(joined.status == 200);
  CHECK(joined.body.find(core::vethContainerName(kEp1)) != std::string::npos);
  CHECK(joined.body.find("Gateway") == std::string::npos);
  CHECK(plugin.kernel.hasVeth(core::vethHostName(kEp1)));

  for (int i = 0; i < 2; ++i) {
    CHECK(plugin.endpointCall("Leave", kEp1).status == 200);
    CHECK(plugin.endpointCall("DeleteEndpoint", kEp1).status == 200);
  }
  CHECK_FALSE(plugin.kernel.hasVeth(core::vethHostName(kEp1)));
  for (int i = 0; i < 2; ++i) {
    CHECK(plugin.endpointCall("DeleteNetwork", kEp1).status == 200);
  }
  CHECK(plugin.kernel.networks.empty());
}

TEST_CASE("PluginApi.CreateEndpointReconstructsAnUnknownNetwork") {
  Plugin plugin;  // dockerd replays no CreateNetwork after a restart
  CHECK(plugin.createEndpoint(kEp1, "10.0.0.101/32").status == 200);
  CHECK(plugin.endpointCall("Join", kEp1).status == 200);
  CHECK(plugin.kernel.observe(core::bridgeName(kWeb1)).veths.size() == 1);
  CHECK(plugin.reconciler.facts().networks.at(kWeb1).vip4 == net("10.0.0.101/32"));
}

TEST_CASE("PluginApi.RefusesInvalidAndConflictingVips") {
  Plugin plugin;
  plugin.reconciler.setHostNeeds(
      {.addresses = {ip("192.168.8.40")}, .connected = {net("192.168.8.0/24")}});
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.0/24").status == 400);
  CHECK(plugin.createNetwork(kWeb1, "192.168.8.40/32").status == 409);
  CHECK(plugin.createNetwork(kWeb1, "192.168.8.50/32").status == 200);  // with a warning
  const auto taken = plugin.createNetwork(kWeb2, "192.168.8.50/32");
  CHECK(taken.status == 409);
  CHECK(taken.body.find(R"("Err":"network )") != std::string::npos);
  CHECK(taken.body.find(R"("Error":"network )") != std::string::npos);
  CHECK(taken.body.find("already has VIP 192.168.8.50") != std::string::npos);
  CHECK(plugin.reconciler.facts().networks.size() == 1);
  CHECK(plugin.createEndpoint(kEp1, "10.9.9.9/32").status == 400);
}

// dockerd requests the pool before it creates the network. Swarm's leader requests the pool and
// does not create the network.
TEST_CASE("PluginApi.RefusesAnAddressThatTheHostNeeds_InEveryCallWithAVip") {
  Plugin plugin;
  plugin.reconciler.setHostNeeds({.peers = {ip("192.168.8.137"), ip("2001:db8:8::137")},
                                  .nextHops = {{ip("192.168.8.1"), ip("192.168.8.137")}}});
  core::NetworkReport bridge{.id = kWeb2, .name = "lan", .driver = "bridge"};
  bridge.subnets = {net("172.23.0.0/24")};
  listNetwork(plugin.reconciler.facts(), bridge, false);
  const auto row = GENERATE(table<std::string, std::string>({
      {"192.168.8.137/32", "VIP 192.168.8.137 is the address of a BGP peer"},
      {"192.168.8.1/32", "VIP 192.168.8.1 is the next hop of this host"},
      {"172.23.0.25/32", "VIP 172.23.0.25 lies inside the subnet 172.23.0.0/24"},
  }));
  const auto& pool = std::get<0>(row);
  const auto& words = std::get<1>(row);
  const auto check = [&](const docker::PluginAnswer& answer) {
    CAPTURE(pool, answer.body);
    CHECK(answer.status == 409);
    CHECK(answer.body.find(words) != std::string::npos);
  };
  check(plugin.call("/IpamDriver.RequestPool",
                    fmt::format(R"({{"AddressSpace":"bgplb","Pool":"{}","SubPool":"",)"
                                R"("Options":null,"V6":false}})",
                                pool)));
  check(plugin.createNetwork(kWeb1, pool));
  check(plugin.call("/NetworkDriver.AllocateNetwork",
                    fmt::format(R"({{"NetworkID":"{}","Options":{{}},"IPv4Data":[{{"Pool":"{}"}}],)"
                                R"("IPv6Data":[]}})",
                                kWeb1.value, pool)));
  CHECK(plugin.reconciler.facts().networks.empty());
  const auto v6 = plugin.call("/IpamDriver.RequestPool",
                              R"({"AddressSpace":"bgplb","Pool":"","SubPool":"",)"
                              R"("Options":{"v6subnet":"2001:db8:8::137/128"},"V6":true})");
  CHECK(v6.status == 409);
  // The placeholder IPv4 pool is not a VIP.
  CHECK(plugin
            .call("/IpamDriver.RequestPool",
                  R"({"AddressSpace":"bgplb","Pool":"","SubPool":"","Options":null,"V6":false})")
            .status == 200);
}

// The bodies are those of dockerd 26.1.
TEST_CASE("PluginApi.RefusesOptionsThatContradictAVip") {
  Plugin plugin;
  const auto row = GENERATE(table<std::string, std::string, std::string>({
      // without --ipam-driver: Docker's own one gives the only address to the gateway
      {"", R"({"AddressSpace":"LocalDefault","Gateway":"10.0.0.150/32","Pool":"10.0.0.150/32"})",
       "create the network with --ipam-driver, too"},
      {"", R"({"AddressSpace":"LocalDefault","Gateway":"172.18.0.1/16","Pool":"172.18.0.0/16"})",
       "create the network with --ipam-driver, too"},
      {R"("com.docker.network.internal":true,)",
       R"({"AddressSpace":"bgplb","Gateway":"10.0.0.150/32","Pool":"10.0.0.150/32"})",
       "--internal is not possible"},
      {"",
       R"({"AddressSpace":"bgplb","AuxAddresses":{"x":"10.0.0.150/32"},"Gateway":"10.0.0.150/32",)"
       R"("Pool":"10.0.0.150/32"})",
       "--aux-address is not possible"},
  }));
  const auto& [option, pool, words] = row;
  const auto refused = plugin.call(
      "/NetworkDriver.CreateNetwork",
      fmt::format(R"({{"NetworkID":"{}","Options":{{"com.docker.network.enable_ipv6":false,{})"
                  R"("com.docker.network.generic":{{}}}},"IPv4Data":[{}],"IPv6Data":[]}})",
                  kWeb1.value, option, pool));
  CAPTURE(refused.body);
  CHECK(refused.status == 400);
  CHECK(refused.body.find(words) != std::string::npos);
  CHECK(plugin.reconciler.facts().networks.empty());
}

// --gateway: dockerd requests the address of our IPAM driver. Swarm's leader does so at each start.
TEST_CASE("PluginApi.TheOnlyGatewayIsTheVip") {
  Plugin plugin;
  const auto request = [&plugin](const char* address) {
    return plugin.call("/IpamDriver.RequestAddress",
                       fmt::format(R"({{"PoolID":"bgplb/10.0.0.150/32","Address":"{}","Options":)"
                                   R"({{"RequestAddressType":"com.docker.network.gateway"}}}})",
                                   address));
  };
  CHECK(request("10.0.0.150").status == 200);
  const auto refused = request("10.0.0.1");
  CHECK(refused.status == 400);
  CHECK(refused.body.find("10.0.0.1 is not the VIP of this network, which is 10.0.0.150") !=
        std::string::npos);
}

TEST_CASE("PluginApi.RefusesVipsOutsideOfAllowedPrefixes") {
  Plugin plugin;
  plugin.reconciler.setPolicy({.allowedPrefixes = {net("10.0.0.0/24")}});
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 200);
  const auto refused = plugin.createNetwork(kWeb2, "10.0.1.101/32");
  CHECK(refused.status == 400);
  CHECK(refused.body.find("VIP 10.0.1.101 lies outside of ALLOWED_PREFIXES (10.0.0.0/24)") !=
        std::string::npos);
  CHECK(plugin.createNetwork(kWeb2, "0.0.0.0/32", "2001:db8::1/128").status == 400);
}

TEST_CASE("PluginApi.WeightIsAnOptionOfTheNetwork") {
  Plugin plugin;
  const auto refused = plugin.createNetwork(kWeb1, "10.0.0.101/32", "", R"("bgplb.weight":"0")");
  CHECK(refused.status == 400);
  CHECK(refused.body.find("-o bgplb.weight=0: a whole number from 1 to 1000000") !=
        std::string::npos);
  const auto unknown = plugin.createNetwork(kWeb1, "10.0.0.101/32", "", R"("bgplb.wieght":"2")");
  CHECK(unknown.status == 400);
  CHECK(unknown.body.find("-o bgplb.wieght is unknown; did you mean bgplb.weight?") !=
        std::string::npos);
  CHECK(plugin.reconciler.facts().networks.empty());

  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32", "", R"("bgplb.weight":"2")").status == 200);
  CHECK(plugin.reconciler.facts().networks.at(kWeb1).options.weight == 2U);
}

TEST_CASE("PluginApi.RefusesAnMtuBelow1280_WithAnIpv6Vip") {
  Plugin plugin;
  const char* const mtu = R"("com.docker.network.driver.mtu":"1000")";
  const auto refused = plugin.createNetwork(kWeb1, "10.0.0.101/32", "2001:db8:0:1::101/128", mtu);
  CHECK(refused.status == 400);
  CHECK(refused.body.find("a network with an IPv6 VIP needs at least 1280 bytes") !=
        std::string::npos);
  CHECK(plugin.reconciler.facts().networks.empty());
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32", "", mtu).status == 200);
  CHECK(plugin.kernel.observe(core::bridgeName(kWeb1)).mtu == 1000);
}

TEST_CASE("PluginApi.RefusesAnIpv6Vip_OnAKernelWithoutIpv6") {
  Plugin plugin;
  plugin.kernel.ipv6 = false;
  for (const char* pool4 : {"10.0.0.101/32", "0.0.0.0/32"}) {
    const auto refused = plugin.createNetwork(kWeb1, pool4, "2001:db8:0:1::101/128");
    CHECK(refused.status == 400);
    CHECK(refused.body.find("VIP 2001:db8:0:1::101 cannot be served: IPv6 is off in the kernel of "
                            "this host") != std::string::npos);
  }
  CHECK(plugin.reconciler.facts().networks.empty());
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 200);
}

TEST_CASE("PluginApi.RefusesVipsThatAreNotUsableUnicast") {
  Plugin plugin;  // our IPAM driver refuses them too, but the network may use another one
  for (const char* pool :
       {"127.0.0.1/32", "224.0.0.5/32", "169.254.1.1/32", "255.255.255.255/32"}) {
    CAPTURE(pool);
    CHECK(plugin.createNetwork(kWeb1, pool).status == 400);
    CHECK(plugin.createEndpoint(kEp1, pool).status == 200);  // of an unknown network
    CHECK(plugin.reconciler.facts().networks.at(kWeb1).vips().empty());
    plugin.endpointCall("DeleteNetwork", kEp1);
  }
  for (const char* pool6 : {"ff02::1/128", "::ffff:10.0.0.101/128", "100::1/128"}) {
    CAPTURE(pool6);
    CHECK(plugin.createNetwork(kWeb1, "0.0.0.0/32", pool6).status == 400);
  }
}

TEST_CASE("PluginApi.ANetworkWithoutAnyVipIsRefused") {
  Plugin plugin;  // the IPAM driver cannot check it: dockerd requests one family at a time
  for (const char* pool : {"", "0.0.0.0/32"}) {
    const auto refused = plugin.createNetwork(kWeb1, pool);
    CHECK(refused.status == 400);
    CHECK(refused.body.find("no VIP was given") != std::string::npos);
  }
  CHECK(plugin.createNetwork(kWeb1, "0.0.0.0/32", "2001:db8:0:1::101/128").status == 200);
  CHECK(plugin.reconciler.facts().networks.at(kWeb1).vips().size() == 1);
}

TEST_CASE("PluginApi.RefusesTheMacAddressOfAnotherBackend") {
  Plugin plugin;
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 200);
  CHECK(plugin.createEndpoint(kEp1, "10.0.0.101/32").status == 200);
  const auto refused = plugin.createEndpoint(kEp2, "10.0.0.101/32");
  CHECK(refused.status == 409);
  CHECK(refused.body.find("MAC address 02:42:0a:00:00:65 is in use on this VIP network by endpoint "
                          "e1e1e1e1e1e1") != std::string::npos);
  CHECK_FALSE(plugin.reconciler.facts().endpoints.contains(kEp2));
  CHECK(plugin.createEndpoint(kEp1, "10.0.0.101/32").status == 200);  // repeated by dockerd

  CHECK(plugin.endpointCall("Join", kEp1).status == 200);
  CHECK(plugin.createEndpoint(kEp2, "10.0.0.101/32").status == 409);
  // A restarted container may get its new endpoint before dockerd has deleted the former one.
  CHECK(plugin.endpointCall("Leave", kEp1).status == 200);
  CHECK(plugin.createEndpoint(kEp2, "10.0.0.101/32").status == 200);
}

// dockerd was killed together with the container, so neither Leave nor DeleteEndpoint was called.
TEST_CASE("PluginApi.AcceptsTheMacAddressOfALostBackend") {
  Plugin plugin;
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 200);
  CHECK(plugin.createEndpoint(kEp1, "10.0.0.101/32").status == 200);
  CHECK(plugin.endpointCall("Join", kEp1).status == 200);
  plugin.kernel.existing.erase(core::vethHostName(kEp1));
  CHECK(plugin.createEndpoint(kEp2, "10.0.0.101/32").status == 200);
}

TEST_CASE("PluginApi.RefusesAnAddressOfTheWrongFamily") {
  Plugin plugin;
  CHECK(plugin.createNetwork(kWeb1, "0.0.0.0/32", "2001:db8:0:1::101/128").status == 200);
  CHECK(plugin.createEndpoint(kEp1, "2001:db8:0:1::102/128").status == 400);
  CHECK(plugin.reconciler.facts().networks.at(kWeb1).vip6 == net("2001:db8:0:1::101/128"));
}

TEST_CASE("PluginApi.KernelFailureLeavesNoNetwork") {
  Plugin plugin;
  plugin.kernel.failures = 1;
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 500);
  CHECK(plugin.reconciler.facts().networks.empty());
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 200);
}

TEST_CASE("PluginApi.MalformedRequestsAreRefusedAndChangeNothing") {
  Plugin plugin;
  const std::string path =
      GENERATE("CreateNetwork", "DeleteNetwork", "AllocateNetwork", "CreateEndpoint",
               "DeleteEndpoint", "Join", "Leave", "EndpointOperInfo", "FreeNetwork", "DiscoverNew");
  const std::string body = GENERATE("", " ", "null", "[]", "{", R"({"NetworkID":)", R"("text")",
                                    "\xff\xfe", "{}{", R"({"NetworkID":7,"EndpointID":"x"})");
  CAPTURE(path, body);
  const bool needsIds =
      path != "FreeNetwork" && path != "DiscoverNew" && path != "EndpointOperInfo";
  const auto answer = plugin.call("/NetworkDriver." + path, body);
  const bool isObject = body.starts_with("{}") || body.starts_with(R"({"NetworkID":7)");
  if (needsIds || !isObject) CHECK(answer.status == 400);
  CHECK(plugin.reconciler.facts().networks.empty());
  CHECK(plugin.kernel.log.empty());
}

TEST_CASE("PluginApi.AnswersAreJson_EvenIfTheyQuoteInvalidUtf8") {
  Plugin plugin;
  const std::string half = std::string(63, 'x') + "\u00e4";  // cut in the middle of a character
  const auto cut = plugin.call("/IpamDriver.RequestAddress", R"({"PoolID":")" + half + R"("})");
  CHECK(cut.status == 400);
  CHECK(parseObject(cut.body));
  CHECK(parseObject(plugin.call("/\xc4river.Join", "{}").body));
}

// The docker CLI prints the error text as it is.
TEST_CASE("PluginApi.ErrorTextsContainNoControlCharacters") {
  Plugin plugin;
  const auto refused = plugin.call("/IpamDriver.RequestPool",
                                   R"({"Pool":"x\u001b]52;c;AAAA\u0007\u007f\u009b\u202e"})");
  CHECK(refused.status == 400);
  const auto object = parseObject(refused.body);
  REQUIRE(object);
  const auto text = textOr(*object, "Err");
  CHECK(text.find("x\\x1b]52;c;AAAA\\x07\\x7f\\u009b\\u202e") != std::string::npos);
  for (const char c : text) CHECK((c >= 0x20 && c < 0x7f));
}

TEST_CASE("PluginApi.IpamAnswers") {
  Plugin plugin;
  const auto pool =
      plugin.call("/IpamDriver.RequestPool",
                  R"({"AddressSpace":"bgplb","Pool":"10.0.0.101/32","Options":null})");
  CHECK(pool.status == 200);
  CHECK(pool.body.find(R"("com.docker.network.gateway":"10.0.0.101\/32")") == std::string::npos);
  CHECK(pool.body.find("10.0.0.101") != std::string::npos);
  CHECK(plugin.call("/IpamDriver.RequestPool", R"({"Pool":"10.0.0.0/24"})").status == 400);
  CHECK(plugin.call("/IpamDriver.RequestPool", "").status == 400);
  const auto address =
      plugin.call("/IpamDriver.RequestAddress",
                  R"({"PoolID":"bgplb/10.0.0.101/32","Address":"","Options":null})");
  CHECK(address.status == 200);
  CHECK(address.body.find(R"("Address":"10.0.0.101/32")") != std::string::npos);
  // Swarm sends an empty PoolID.
  CHECK(plugin.call("/IpamDriver.ReleaseAddress", R"({"PoolID":"","Address":""})").status == 200);
  CHECK(plugin.call("/IpamDriver.Nonsense", "{}").status == 404);
}

TEST_CASE("PluginApi.RefusesANetwork_WhileAnotherPluginsNetworkHasABridgeOfThisInstance") {
  Plugin plugin;
  core::NetworkReport other{.id = kWeb2, .name = "web2", .driver = "old:latest"};
  listNetwork(plugin.reconciler.facts(), other, false);
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 200);  // another instance's bridge
  plugin.kernel.networks[core::bridgeName(kWeb2)].bridge = true;
  const NetworkId next("ffff000000000000");
  const auto refused = plugin.createNetwork(next, "10.0.0.103/32");
  CHECK(refused.status == 409);
  CHECK(refused.body.find("INSTANCE is not this plugin's alone") != std::string::npos);
  CHECK(!plugin.reconciler.facts().networks.contains(next));
}

TEST_CASE("PluginApi.RefusesTheVipOfAnotherPluginsNetwork") {
  Plugin plugin;
  core::NetworkReport other{.id = kWeb2, .name = "web2", .driver = "old:latest"};
  other.subnets = {net("10.0.0.101/32")};
  listNetwork(plugin.reconciler.facts(), other, false);
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 409);
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.102/32").status == 200);
}
