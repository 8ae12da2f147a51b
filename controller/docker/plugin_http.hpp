#pragma once
// The HTTP form of dockerd's plugin calls (Docker's plugin API v1.2): POST /Interface.Method.
// Called by App for each request on the plugin's socket. Owns nothing.

#include "docker/plugin_api.hpp"
#include "http/message.hpp"

#include <string>
#include <string_view>

namespace bgplb::docker {

// "/NetworkDriver.Join": one path segment with a dot. No path of the operator's API has that form.
bool isPluginCall(std::string_view path);

http::Answer answerPluginCall(PluginApi& api, const http::Request& request);

// For every status, the body has both keys that dockerd reads (renderError).
http::Answer pluginError(unsigned status, const std::string& message);

}  // namespace bgplb::docker
