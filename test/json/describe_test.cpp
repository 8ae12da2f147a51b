#include "json/describe.hpp"

#include "support/catch.hpp"

#include <cstdint>

using namespace bgplb;

namespace {

struct Inner {
  std::string name;
  std::optional<double> seconds;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (name, seconds))

struct Outer {
  bool flag = true;
  std::int64_t number = -1;
  std::uint8_t small = 7;
  Nullable<unsigned> weight;
  Inner inner;
  std::vector<Inner> list;
  std::vector<std::string> texts;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (flag, number, small, weight, inner, list, texts))

}  // namespace

TEST_CASE("describe: a struct is written with its members' names and read back") {
  Outer outer;
  outer.weight.value = 3;
  outer.inner = {"a \"quoted\"\n\x1b name", 1.5};
  outer.list = {{"x", std::nullopt}, {"", 0}};
  outer.texts = {"one", "two"};
  const std::string text = toJson(outer);
  CHECK(boost::json::parse(text) == boost::json::parse(R"({
    "flag":true,"number":-1,"small":7,"weight":3,
    "inner":{"name":"a \"quoted\"\n\u001b name","seconds":1.5},
    "list":[{"name":"x"},{"name":"","seconds":0.0}],"texts":["one","two"]})"));
  const auto read = fromJson<Outer>(text);
  REQUIRE(read);
  CHECK(toJson(*read) == text);
  CHECK(read->inner.name == outer.inner.name);
  CHECK_FALSE(read->list[0].seconds);
}

TEST_CASE("describe: a Nullable is always written, an optional only with a value") {
  CHECK(toJson(Inner{}) == R"({"name":""})");
  CHECK(toJson(Outer{}).find(R"("weight":null)") != std::string::npos);
}

TEST_CASE("describe: a missing key and null leave the default, unknown keys are ignored") {
  const auto read = fromJson<Outer>(R"({"flag":null,"number":5,"future":{"x":[1]},"weight":null})");
  REQUIRE(read);
  CHECK(read->flag);
  CHECK(read->number == 5);
  CHECK(read->small == 7);
  CHECK_FALSE(read->weight.value);
}

TEST_CASE("describe: a value of the wrong type is an error that names the key") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {R"({"flag":1})", "flag is not true or false"},
      {R"({"number":"5"})", "number is not a number in range"},
      {R"({"small":256})", "small is not a number in range"},
      {R"({"small":-1})", "small is not a number in range"},
      {R"({"weight":"x"})", "weight is not a number in range"},
      {R"({"inner":[]})", "inner is not an object"},
      {R"({"inner":{"name":{}}})", "inner.name is not a string"},
      {R"({"list":{}})", "list is not a list"},
      {R"({"list":[{},{"seconds":"x"}]})", "list[1].seconds is not a number in range"},
      {R"({"inner":{"seconds":1e999}})", "inner.seconds is not a number in range"},
      {R"({"list":[null]})", "list[0] is not an object"},
      {R"({"texts":[1]})", "texts[0] is not a string"},
      {"[]", "not a JSON object"},
  }));
  CAPTURE(text);
  const auto read = fromJson<Outer>(text);
  REQUIRE(read.has_error());
  CHECK(read.error().message == message);
}
