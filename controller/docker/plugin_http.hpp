#pragma once
// dockerd's plugin calls as HTTP (Docker's plugin API, v1.2): POST /Interface.Method.

#include "docker/plugin_api.hpp"
#include "http/message.hpp"

#include <string>
#include <string_view>

namespace bgplb::docker {

// "/NetworkDriver.Join": one path segment with a dot. No path of the operator's API has that form.
bool isPluginCall(std::string_view path);

http::Answer answerPluginCall(PluginApi& api, const http::Request& request);

// The body has both keys that dockerd reads (renderError), whatever the status.
http::Answer pluginError(unsigned status, const std::string& message);

}  // namespace bgplb::docker
