#pragma once
// Networks and containers as values, and their JSON in the format of Docker 26.1 (recorded in
// test/contract/engine/26.1), reduced to the fields that the controller reads.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bgplb::test {

inline constexpr const char* kDriver = "bgplb";

struct NetworkValue {
  std::string id;
  std::string name;
  std::string driver = kDriver;
  std::vector<std::string> subnets;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> options;
};

struct Attachment {
  std::string network;  // id
  std::string endpoint;
  std::string mac;
};

struct ContainerValue {
  std::string id;
  std::string name;
  std::string health;  // "starting", "healthy", "unhealthy"; empty: no health check
  bool running = false;
  std::string startedAt = "2026-11-22T20:00:00Z";
  std::map<std::string, Attachment> networks;  // by network name
  std::vector<std::string> exposed;            // ports, such as "80/tcp"
  std::string networkMode = "default";         // HostConfig: "container:ID"
};

// An element of GET /networks and of GET /containers/json. GET /networks/ID returns the same
// object.
std::string listed(const NetworkValue& network);
std::string listed(const ContainerValue& container);
// GET /containers/ID/json
std::string inspected(const ContainerValue& container);

struct EventValue {
  std::string type;    // "container", "network"
  std::string action;  // "start", "health_status: healthy", ...
  std::string id;
  std::map<std::string, std::string> attributes;
};

// One line of GET /events, without the newline. `time`: ns since 1970.
std::string eventLine(const EventValue& event, std::int64_t time);

}  // namespace bgplb::test
