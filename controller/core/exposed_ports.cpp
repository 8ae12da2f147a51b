#include "core/exposed_ports.hpp"

#include "base/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace bgplb::core {

namespace {

constexpr std::size_t kMostRanges = 8;  // in a text

std::optional<Transport> transportOf(std::string_view name) {
  if (name == "tcp") return Transport::Tcp;
  if (name == "udp") return Transport::Udp;
  if (name == "sctp") return Transport::Sctp;
  return std::nullopt;
}

const char* nameOf(Transport transport) {
  switch (transport) {
    case Transport::Sctp: return "sctp";
    case Transport::Tcp: return "tcp";
    case Transport::Udp: return "udp";
  }
  return "";
}

std::optional<PortRange> parseRange(std::string_view text) {
  const auto slash = text.find('/');
  const auto transport =
      transportOf(slash == std::string_view::npos ? "tcp" : text.substr(slash + 1));
  const auto numbers = text.substr(0, slash);
  const auto hyphen = numbers.find('-');
  const auto port = [](std::string_view digits) {
    return parseWhole<std::uint16_t>(digits, std::uint16_t{1});
  };
  const auto first = port(numbers.substr(0, hyphen));
  const auto last = hyphen == std::string_view::npos ? first : port(numbers.substr(hyphen + 1));
  if (!transport || !first || !last || *first > *last) return std::nullopt;
  return PortRange{*transport, *first, *last};
}

bool adjoins(const PortRange& range, const PortRange& next) {
  return range.transport == next.transport && next.first <= range.last + 1;
}

// Of ranges in any order.
ExposedPorts merged(ExposedPorts ranges) {
  std::sort(ranges.begin(), ranges.end());
  ExposedPorts all;
  for (const auto& range : ranges) {
    if (!all.empty() && adjoins(all.back(), range)) {
      all.back().last = std::max(all.back().last, range.last);
    } else {
      all.push_back(range);
    }
  }
  return all;
}

}  // namespace

ExposedPorts parseExposedPorts(const std::vector<std::string_view>& texts) {
  ExposedPorts ranges;
  for (const auto text : texts) {
    if (const auto range = parseRange(text)) ranges.push_back(*range);
  }
  return merged(std::move(ranges));
}

ExposedPorts unionOf(ExposedPorts ports, const ExposedPorts& others) {
  ports.insert(ports.end(), others.begin(), others.end());
  return merged(std::move(ports));
}

ExposedPorts without(const ExposedPorts& ports, const ExposedPorts& others) {
  ExposedPorts rest;
  auto other = others.begin();
  for (const auto& [transport, first, last] : ports) {
    unsigned next = first;  // the first port that has not been compared
    for (; other != others.end(); ++other) {
      if (other->transport < transport) continue;
      if (other->transport != transport || other->first > last) break;
      if (other->last < next) continue;
      if (other->first > next) {
        rest.push_back({transport, static_cast<std::uint16_t>(next),
                        static_cast<std::uint16_t>(other->first - 1)});
      }
      next = other->last + 1U;
      if (other->last >= last) break;  // it may cover the next range, too
    }
    if (next <= last) rest.push_back({transport, static_cast<std::uint16_t>(next), last});
  }
  return rest;
}

std::string toText(const ExposedPorts& ports) {
  std::string text;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (i > 0) text += ", ";
    if (i == kMostRanges) return text + "...";
    const auto& [transport, first, last] = ports[i];
    text += std::to_string(first);
    if (last != first) text += fmt::format("-{}", last);
    text += fmt::format("/{}", nameOf(transport));
  }
  return text;
}

}  // namespace bgplb::core
