#pragma once
// Parses the protocol of BIRD's control socket (nest/cli.c): bytes to replies. Pure. ControlClient
// uses the parser.
//
//   CCCC-text   one line of a reply, more follow       (CCCC: four digits, doc/reply_codes)
//    text       one more line with the previous code
//   CCCC text   the last line of the reply; the text may be empty
//   +text       not part of any reply: a notification, at any time
//
// Callers branch on the codes, never on the text, and ignore unknown codes.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::bird {

// The codes that callers use.
enum ReplyCode : int {
  kWelcome = 1,
  kReconfigured = 3,
  kReconfiguring = 4,      // protocols are still stopping
  kReconfigureQueued = 5,  // behind a reconfiguration in progress
  kShuttingDown = 6,
  kProtocolRow = 1002,     // show protocols
  kProtocolDetail = 1006,  // show protocols all
  kRouteRow = 1007,        // show route
  kRecovering = 24,        // show status, during graceful restart
  kConfigurationRefused = 8002,
  kFirstError = 8000,  // 8xxx run-time errors, 9xxx: the command is not understood
};

struct ReplyLine {
  int code = 0;
  std::string text;
  friend bool operator==(const ReplyLine&, const ReplyLine&) = default;
};

struct Reply {
  int code = 0;                  // of the last line
  std::vector<ReplyLine> lines;  // all of them, the last one included

  bool isError() const { return code >= kFirstError; }
  bool has(int wanted) const;
  const std::string& lastText() const { return lines.back().text; }  // of an error: the reason
  friend bool operator==(const Reply&, const Reply&) = default;
};

class ReplyParser {
 public:
  void feed(std::string_view bytes);
  // Takes the oldest complete reply.
  std::optional<Reply> next();
  // Takes the notifications ("+text") received so far.
  std::vector<std::string> takeNews();

 private:
  void line(std::string_view text);

  std::string partial_;  // the incomplete line
  Reply open_;           // the incomplete reply
  std::vector<Reply> done_;
  std::vector<std::string> news_;
};

}  // namespace bgplb::bird
