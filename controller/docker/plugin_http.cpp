#include "docker/plugin_http.hpp"

namespace bgplb::docker {

namespace {

constexpr const char* kContentType = "application/vnd.docker.plugins.v1.2+json";

}  // namespace

bool isPluginCall(std::string_view path) {
  return path.starts_with('/') && path.find('.') != std::string_view::npos &&
         path.find('/', 1) == std::string_view::npos;
}

http::Answer answerPluginCall(PluginApi& api, const http::Request& request) {
  if (request.method != "POST") {
    auto refusal = pluginError(405, "plugin calls require POST");
    refusal.allow = "POST";
    return refusal;
  }
  auto answer = api.call(request.path, request.body);
  return {answer.status, kContentType, std::move(answer.body), {}};
}

http::Answer pluginError(unsigned status, const std::string& message) {
  return {status, kContentType, renderError(message), {}};
}

}  // namespace bgplb::docker
