#include "explaining.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "text.h"

namespace rlsys::core {
namespace {

// OpenSSL writes "certificate verify failed", BoringSSL "CERTIFICATE_VERIFY_FAILED".
std::string Plain(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  });
  return text;
}

std::string Reason(const std::string& message, const std::optional<Tls>& tls) {
  const std::string said = Plain(message);
  const auto says = [&said](std::initializer_list<const char*> texts) {
    return std::any_of(texts.begin(), texts.end(),
                       [&said](const char* text) { return said.find(text) != std::string::npos; });
  };
  const bool ended = says({"socket closed", "connection reset", "broken pipe", "alert"});
  if (!tls) return ended ? "if the server has TLS, set `tls`" : "";
  if (says({"certificate verify failed"})) {
    return tls->ca.empty() ? "no authority that this system trusts has signed the server's "
                             "certificate, or it is out of date; `tls.ca` can name another one"
                           : "no authority in `tls.ca` has signed the server's certificate, or it "
                             "is out of date";
  }
  if (says({"wrong version number"})) {
    return "the server has no TLS; leave out `tls`";
  }
  // Texts of gRPC 1.51 and of later versions.
  if (says({"empty address list", "security handshaker"})) {
    return "a file of `tls` is damaged, or `tls.key` has a password or is not the key of "
           "`tls.cert`";
  }
  if (!ended) return "";
  return tls->cert.empty() ? "if the server asks for a certificate, set `tls.cert` and `tls.key`"
                           : "the server may not trust `tls.cert`";
}

}  // namespace

std::string Explain(const std::string& message, const std::optional<Tls>& tls) {
  const std::string reason = Reason(message, tls);
  if (reason.empty()) return message;
  return Cat(message.substr(0, message.find_last_not_of(": ") + 1), " (", reason, ")");
}

}  // namespace rlsys::core
