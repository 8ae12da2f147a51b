#pragma once
// The transport ports that a container declares: Config.ExposedPorts of GET /containers/{id}/json,
// which has EXPOSE of the image, --expose and -p. Ranges, because an image may declare thousands.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::core {

enum class Transport { Sctp, Tcp, Udp };

struct PortRange {
  Transport transport = Transport::Tcp;
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

// Sorted; ranges of one transport neither overlap nor adjoin.
using ExposedPorts = std::vector<PortRange>;

// `texts` in Docker's notation: "80/tcp", "8000-8010/udp", "80" (TCP). Other texts are ignored.
ExposedPorts parseExposedPorts(const std::vector<std::string_view>& texts);

// The ports of both.
ExposedPorts unionOf(ExposedPorts ports, const ExposedPorts& others);

// The ports of `ports` that are not in `others`.
ExposedPorts without(const ExposedPorts& ports, const ExposedPorts& others);

// "80/tcp, 53/udp", at most eight ranges.
std::string toText(const ExposedPorts& ports);

}  // namespace bgplb::core
