// Checks the files that are generated from the settings schema.
//
// UPDATE_DOCUMENTS=1 build/test/test/test_unit "Documents.*" generates them again. Review the
// difference before you commit it.
#include "io/file.hpp"
#include "settings/schema.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdlib>

using namespace bgplb;
using settings::Setting;

namespace {

std::string shownDefault(const Setting& setting) {
  if (setting.required) return "required";
  return std::string(setting.standard.empty() ? setting.without : setting.standard);
}

// The plugin's manifest (Docker's plugin config, version 0.0.2). The values are null, so that an
// unset setting is absent from the environment.
std::string manifestEnvironment() {
  std::string text;
  for (const auto& setting : settings::schema()) {
    const auto description =
        setting.required ? fmt::format("required: {}", setting.help)
                         : fmt::format("{}. Default: {}", setting.help, shownDefault(setting));
    text += fmt::format(
        "{}    {{\n      \"name\": {},\n      \"description\": {},\n      \"value\": null,\n"
        "      \"settable\": [\"value\"]\n    }}",
        text.empty() ? "" : ",\n", boost::json::serialize(boost::json::string(setting.name)),
        boost::json::serialize(boost::json::string(description)));
  }
  return text + "\n";
}

std::string meanings() {
  std::string text = "| name | default | meaning |\n|---|---|---|\n";
  for (const auto& setting : settings::schema()) {
    text += fmt::format("| {} | {} | {} |\n", setting.name, shownDefault(setting), setting.help);
  }
  return text;
}

std::string values() {
  std::string text = "| name | values | a change |\n|---|---|---|\n";
  for (const auto& setting : settings::schema()) {
    text += fmt::format("| {} | {} | {} |\n", setting.name, setting.takes,
                        settings::effectText(setting.effect));
  }
  return text;
}

// Checks that `file` contains `generated` between the two texts.
void check(const std::string& file, const std::string& begin, const std::string& end,
           const std::string& generated) {
  const std::string path = PROJECT_SOURCE_DIR "/" + file;
  const auto text = io::readFile(path).value();
  const auto from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const auto to = text.find(end, from);
  REQUIRE(to != std::string::npos);
  const auto expected = text.substr(0, from) + begin + generated + text.substr(to);
  if (std::getenv("UPDATE_DOCUMENTS") != nullptr) {
    REQUIRE(io::replaceFile(path, expected, 0644).has_value());
    return;
  }
  INFO(file << " differs from the schema; update it with UPDATE_DOCUMENTS=1 "
               "build/test/test/test_unit \"Documents.*\"");
  CHECK(text == expected);
}

}  // namespace

TEST_CASE("Documents.ThePluginManifestContainsEverySetting") {
  check("plugin-rootfs/config.json", "  \"env\": [\n", "  ]\n", manifestEnvironment());
  CHECK_NOTHROW(
      boost::json::parse(io::readFile(PROJECT_SOURCE_DIR "/plugin-rootfs/config.json").value()));
}

TEST_CASE("Documents.TheConfigurationPageExplainsEverySetting") {
  check("docs/configuration.md", "<!-- settings: begin (generated) -->\n",
        "<!-- settings: end -->\n", meanings());
}

TEST_CASE("Documents.TheConfigurationPageListsTheValuesOfEverySetting") {
  check("docs/configuration.md", "<!-- values: begin (generated) -->\n", "<!-- values: end -->\n",
        values());
}
