"""What the tests share: built images, and one cache for all builds."""

from __future__ import annotations

from builds import images, rust_cache

__all__ = ["images", "rust_cache"]
