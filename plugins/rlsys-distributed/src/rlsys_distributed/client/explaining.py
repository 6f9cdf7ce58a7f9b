"""Why an encrypted connection fails, in terms of the configuration: gRPC says only which step."""

from __future__ import annotations

from rlsys_distributed.client.config import Tls


def explain(message: str, tls: Tls | None) -> str:
    """Return what gRPC says about a connection that cannot be made, with what may be wrong."""
    reason = _reason(message.lower().replace("_", " "), tls)
    return f"{message.rstrip(': ')} ({reason})" if reason else message


def _reason(said: str, tls: Tls | None) -> str:
    ended = any(text in said for text in ("socket closed", "connection reset", "broken pipe"))
    if tls is None:
        return "if the server has TLS, set `tls`" if ended else ""
    if "certificate verify failed" in said:
        whose = "that this system trusts" if tls.ca is None else "in `tls.ca`"
        return f"no authority {whose} has signed the server's certificate, or it is out of date" + (
            "; `tls.ca` can name another one" if tls.ca is None else ""
        )
    if "wrong version number" in said:
        return "the server has no TLS; leave out `tls`"
    if "empty address list" in said or "security handshaker" in said:
        return (
            "a file of `tls` is damaged, or `tls.key` has a password or is not the key of "
            "`tls.cert`"
        )
    if not ended and "alert" not in said:
        return ""
    if tls.cert is None:
        return "if the server asks for a certificate, set `tls.cert` and `tls.key`"
    return "the server may not trust `tls.cert`"
