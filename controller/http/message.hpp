#pragma once
// HTTP/1.1 messages as values, for servers and clients on unix sockets.

#include <map>
#include <string>

namespace bgplb::http {

struct Request {
  std::string method;  // "GET"
  std::string path;    // without the query
  std::string query;   // after "?", still encoded; empty if there is none
  std::string body;
};

struct Answer {
  unsigned status = 200;
  std::string contentType;
  std::string body;
  std::string allow;  // the Allow header of a 405 (RFC 9110, section 15.5.6); empty: none
};

// What a client receives.
struct Response {
  unsigned status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

}  // namespace bgplb::http
