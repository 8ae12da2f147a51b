#include "settings/schema.hpp"

#include "settings/readers.hpp"

#include <array>

namespace bgplb::settings {

namespace {

constexpr std::string_view kTakesDelay = "seconds from 0 to 3600, such as 1 or 0.5";
constexpr std::string_view kTakesFlag = "true or false";
constexpr std::chrono::seconds kLongestOrphanTime{86400};

constexpr std::array kSettings{
    Setting{
        .name = "ROUTER_ID",
        .key = "router_id",
        .read = readRouterId,
        .takes = "an IPv4 address, such as 192.168.8.40",
        .help =
            "BGP identifier, source of the sessions to IPv4 peers and IPv4 next hop: an address of "
            "this host, unless it has IPv6 only; the plugin waits for an address that the host "
            "does not have yet",
        .effect = Effect::RestartsAllSessions,
        .required = true,
    },
    Setting{
        .name = "ROUTER_ID6",
        .key = "router_id6",
        .read = readRouterId6,
        .without = "the lowest global IPv6 address of the interface towards the peer",
        .takes = "an IPv6 address of this host that others can reach",
        .help = "IPv6 next hop, and source of the sessions to IPv6 peers",
        .effect = Effect::RestartsPeerSession,
    },
    Setting{
        .name = "LOCAL_AS",
        .key = "local_as",
        .read = [](const std::string& text, Settings& to) { return readAs(text, to.localAs); },
        .standard = "64512",
        .takes = "an AS number from 1 to 4294967294, but not 23456 or 65535",
        .help = "AS number of this host",
        .effect = Effect::RestartsAllSessions,
    },
    Setting{
        .name = "PEER_ADDRESS",
        .key = "peer.address",
        .read = readPeerAddresses,
        .takes = "the address of the router, IPv4 or IPv6, or several separated by commas",
        .help =
            "address of the router, or of several separated by commas; an address of this host: "
            "a routing daemon there",
        .effect = Effect::RestartsPeerSession,
        .required = true,
    },
    Setting{
        .name = "PEER_AS",
        .key = "peer.as",
        .read =
            [](const std::string& text, Settings& to) {
              return readForPeers(text, to, [](const std::string& entry, core::Peer& peer) {
                return readAs(entry, peer.as);
              });
            },
        .takes = "an AS number from 1 to 4294967294, but not 23456 or 65535; one for all peers, or "
                 "one for each address of PEER_ADDRESS, separated by commas",
        .help = "AS number of the router; for several peers one for all, or one for each",
        .effect = Effect::RestartsPeerSession,
        .required = true,
    },
    Setting{
        .name = "PEER_PASSWORD",
        .key = "peer.password",
        .read = readPasswords,
        .without = "no password",
        .takes = "up to 80 bytes without quotation marks (\") and control characters; for several "
                 "peers one for all, or one for each, separated by commas, none of them empty, and "
                 "- for a peer without a password",
        .help = "TCP MD5 password (RFC 2385); for several peers one for all, or one for each; "
                "everyone who may run docker plugin inspect can read it",
        .effect = Effect::RestartsPeerSession,
        .secret = true,
    },
    Setting{
        .name = "ROUTER_PORT",
        .key = "router_port",
        .read = readRouterPort,
        .standard = "-1",
        .takes = "a port from 1 to 65535, or -1",
        .help =
            "TCP port on which BIRD listens at the source address of each session; -1: BIRD only "
            "connects to its peers, and port 179 is left to other programs",
        .effect = Effect::RestartsAllSessions,
    },
    Setting{
        .name = "HOLD_TIME",
        .key = "hold_time",
        .read =
            [](const std::string& text, Settings& to) {
              return readSeconds(text, core::kLeastHoldTime, core::kLargestHoldTime, to.holdTime);
            },
        .standard = "9",
        .takes = "seconds from 3 to 65535",
        .help = "BGP hold time in seconds: how soon a router notices that this host is down",
        .effect = Effect::RestartsAllSessions,
    },
    Setting{
        .name = "GRACEFUL_RESTART",
        .key = "graceful_restart",
        .read = [](const std::string& text,
                   Settings& to) { return readFlag(text, to.gracefulRestart); },
        .standard = "true",
        .takes = kTakesFlag,
        .help = "routers keep the routes while BIRD or the plugin restarts (RFC 4724)",
        .effect = Effect::RestartsAllSessions,
    },
    Setting{
        .name = "GR_TIME",
        .key = "graceful_restart_time",
        .read =
            [](const std::string& text, Settings& to) {
              return readSeconds(text, std::chrono::seconds(1), core::kLargestRestartTime,
                                 to.gracefulRestartTime);
            },
        .standard = "120",
        .takes = "seconds from 1 to 4095",
        .help = "seconds for which routers keep the routes during a graceful restart",
        .effect = Effect::RestartsAllSessions,
    },
    Setting{
        .name = "STOP_MODE",
        .key = "stop_mode",
        .read = readStopMode,
        .standard = "graceful-restart",
        .takes = "graceful-restart or withdraw",
        .help = "a stop of the plugin: graceful-restart, routers keep the routes for GR_TIME; "
                "withdraw, all routes are withdrawn at once",
    },
    Setting{
        .name = "ORPHAN_TIME",
        .key = "orphan_time",
        .read =
            [](const std::string& text, Settings& to) {
              return readSeconds(text, std::chrono::seconds(0), kLongestOrphanTime, to.orphanTime);
            },
        .standard = "300",
        .takes = "seconds from 0 to 86400; 0: never",
        .help = "seconds without a working controller, after which all routes are withdrawn",
    },
    Setting{
        .name = "RISE_TIME",
        .key = "rise_time",
        .read = [](const std::string& text,
                   Settings& to) { return readDelay(text, to.flapPolicy.riseTime); },
        .standard = "0",
        .takes = kTakesDelay,
        .help = "seconds for which a container must have been healthy before its VIP is announced",
    },
    Setting{
        .name = "HOLD_DOWN",
        .key = "hold_down",
        .read = [](const std::string& text,
                   Settings& to) { return readDelay(text, to.flapPolicy.holdDown); },
        .standard = "10",
        .takes = kTakesDelay,
        .help = "seconds for which a container stays withdrawn after its third failure; each "
                "further failure doubles the time, up to eightfold; 0: never",
    },
    Setting{
        .name = "SIGUSR2_HANDLER",
        .key = "sigusr2_handler",
        .read = [](const std::string& text,
                   Settings& to) { return readFlag(text, to.sigusr2Handler); },
        .standard = "false",
        .takes = kTakesFlag,
        .help = "SIGUSR2 to a container (docker stop with --stop-signal SIGUSR2) drains it",
    },
    Setting{
        .name = "SIGUSR2_ACTION",
        .key = "sigusr2_action",
        .read = readSigusr2Action,
        .standard = "stop",
        .takes = "stop, or anything else",
        .help =
            "stop: the container gets its stop signal, or SIGTERM if that is SIGUSR2, DRAIN_DELAY "
            "after the withdrawal; anything else: it keeps running",
    },
    Setting{
        .name = "DRAIN_GRACE",
        .key = "drain_grace",
        .read = [](const std::string& text,
                   Settings& to) { return readDelay(text, to.drainGrace); },
        .standard = "1",
        .takes = kTakesDelay,
        .help = "seconds for which the host still delivers to a VIP after its withdrawal",
    },
    Setting{
        .name = "DRAIN_DELAY",
        .key = "drain_delay",
        .read = [](const std::string& text,
                   Settings& to) { return readDelay(text, to.drainDelay); },
        .standard = "5",
        .takes = kTakesDelay,
        .help = "seconds from the withdrawal of a drained container to the signal that ends it",
    },
    Setting{
        .name = "ALLOWED_PREFIXES",
        .key = "allowed_prefixes",
        .read = readAllowedPrefixes,
        .without = "no limit",
        .takes =
            "IPv4 and IPv6 prefixes separated by commas, such as 10.0.0.0/24,2001:db8:0:1::/64",
        .help = "prefixes that every VIP and every gateway subnet must lie inside; all others are "
                "refused and filtered from the routes to the routers",
    },
    Setting{
        .name = "MULTIPATH_HASH",
        .key = "multipath_hash",
        .read = readMultipathHash,
        .standard = "ports",
        .takes = "ports or keep",
        .help = "ports: new connections are spread over containers by addresses and ports; keep: "
                "fib_multipath_hash_policy of the host stays as it is, and with 0 all connections "
                "of one client go to one container",
    },
    Setting{
        .name = "VIP_MSS",
        .key = "vip_mss",
        .read = readVipMss,
        .without = "no limit",
        .takes = "a number of bytes from 536 to 65495, such as 1220",
        .help = "largest TCP segment (MSS) in connections to VIPs, for clients behind links with a "
                "small MTU; a network may have its own (bgplb.mss)",
    },
    Setting{
        .name = "INSTANCE",
        .key = "instance",
        .read = readInstance,
        .standard = "1",
        .takes = "a number from 1 to 8",
        .help = "number of this plugin among several on one host, different for each; change it "
                "only while the plugin has no networks",
        .effect = Effect::RestartsAllSessions,
    },
    Setting{
        .name = "GLOBAL_SCOPE",
        .key = "global_scope",
        .read = [](const std::string& text,
                   Settings& to) { return readFlag(text, to.globalScope); },
        .standard = "false",
        .takes = kTakesFlag,
        .help = "networks have global scope, for Swarm",
        .effect = Effect::NeedsPluginRestart,
    },
    Setting{
        .name = "LOG_LEVEL",
        .key = "log_level",
        .read = readLogLevel,
        .standard = "info",
        .takes = "debug, info, warning or error",
        .help = "messages below this level are not logged",
    },
};

}  // namespace

std::string_view effectText(Effect effect) {
  switch (effect) {
    case Effect::Live: return "no session restarts";
    case Effect::RestartsPeerSession: return "restarts the session of that peer";
    case Effect::RestartsAllSessions: return "restarts all sessions";
    case Effect::NeedsPluginRestart:
      return "no session restarts; Docker reads it when the plugin is enabled";
  }
  return {};
}

std::span<const Setting> schema() { return kSettings; }

}  // namespace bgplb::settings
