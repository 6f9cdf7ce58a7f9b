// What gRPC 1.51 says with OpenSSL, and later versions with BoringSSL.
#include "explaining.h"

#include <gtest/gtest.h>

namespace rlsys::core {
namespace {

const std::string kClosed = "last error: UNAVAILABLE: ipv4:127.0.0.1:50051: Socket closed";

void ExpectReason(const std::string& message, const std::optional<Tls>& tls,
                  const std::string& reason) {
  const std::string text = Explain(message, tls);
  EXPECT_EQ(text.find(message), 0U);
  EXPECT_NE(text.find(reason), std::string::npos) << text;
}

TEST(Explaining, SaysWhatMayBeWrongWithTls) {
  const Tls system, one{"ca", "", ""}, mutual{"ca", "cert", "key"};
  ExpectReason(kClosed, std::nullopt, "(if the server has TLS, set `tls`)");
  ExpectReason(kClosed, one, "set `tls.cert` and `tls.key`)");
  ExpectReason(kClosed, mutual, "(the server may not trust `tls.cert`)");
  for (const char* message : {"SSL routines::certificate verify failed",
                              "OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unable to get"}) {
    ExpectReason(message, one, "(no authority in `tls.ca` has signed the server's certificate");
    ExpectReason(message, system, "(no authority that this system trusts has signed");
  }
  for (const char* message :
       {"SSL routines::wrong version number", "OPENSSL_internal:WRONG_VERSION_NUMBER"}) {
    ExpectReason(message, one, "leave out `tls`");
  }
  for (const char* message : {"empty address list", "Failed to create security handshaker."}) {
    ExpectReason(message, mutual, "a file of `tls` is damaged");
  }
}

TEST(Explaining, AddsNothingToWhatIsClear) {
  for (const std::string message :
       {"last error: UNKNOWN: Failed to connect to remote host: Connection refused",
        "Peer name localhost is not in peer certificate", "the server is stopping", ""}) {
    EXPECT_EQ(Explain(message, std::nullopt), message);
    EXPECT_EQ(Explain(message, Tls{"ca", "cert", "key"}), message);
  }
  EXPECT_EQ(Explain("empty address list: ", std::nullopt), "empty address list: ");
}

}  // namespace
}  // namespace rlsys::core
