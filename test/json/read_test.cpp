#include "json/read.hpp"

#include "support/catch.hpp"

using namespace bgplb;

TEST_CASE("json: parseObject accepts exactly one object") {
  CHECK(parseObject("{}"));
  CHECK(parseObject(" {\"a\":1}\n")->contains("a"));
  for (const char* text : {"", "[]", "null", "1", "{", "{\"a\":", "{'a':1}", "\"{}\"", "{}{}",
                           "{}x", "{\"a\":\"\xff\"}"}) {
    CAPTURE(text);
    const auto object = parseObject(text);
    REQUIRE(object.has_error());
    CHECK(object.error().kind == ErrorKind::Invalid);
  }
  const std::string deep(40, '[');
  CHECK(parseObject("{\"a\":" + deep + std::string(40, ']') + "}").has_error());
}

TEST_CASE("json: a missing key and null read as the empty value, another type is an error") {
  const auto object = parseObject(R"({"null":null,"text":"x","flag":true,"number":1,
                                      "texts":{"a":"b","c":1},"list":[1]})");
  REQUIRE(object);
  for (const char* key : {"missing", "null"}) {
    CHECK(textAt(*object, key).value().empty());
    CHECK_FALSE(flagAt(*object, key).value());
    CHECK(textsAt(*object, key).value().empty());
    CHECK(objectAt(*object, key) == nullptr);
    CHECK(arrayAt(*object, key) == nullptr);
    CHECK(valueAt(*object, key, boost::json::kind::string) == nullptr);
  }
  CHECK(textAt(*object, "text").value() == "x");
  CHECK(textAt(*object, "number").error().message == "number is not a string");
  CHECK(flagAt(*object, "flag").value());
  CHECK(flagAt(*object, "text").error().message == "text is not true or false");
  CHECK(textsAt(*object, "texts").value() == std::map<std::string, std::string>{{"a", "b"}});
  CHECK(textsAt(*object, "list").error().message == "list is not an object");
  CHECK(objectAt(*object, "texts") != nullptr);
  CHECK(objectAt(*object, "list") == nullptr);
  CHECK(arrayAt(*object, "list")->size() == 1);
  CHECK(valueAt(*object, "number", boost::json::kind::int64) != nullptr);
  CHECK(valueAt(*object, "number", boost::json::kind::string) == nullptr);
  CHECK(textOr(*object, "number", "fallback") == "fallback");
  CHECK(textOr(*object, "text", "fallback") == "x");
  CHECK_FALSE(flagOr(*object, "number", false));
}
