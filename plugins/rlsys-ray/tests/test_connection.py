"""A cluster that does not start in the time that Ray gives it."""

from __future__ import annotations

import pytest
import ray

from rlsys.errors import UserError
from rlsys_ray.connection import connected

SLOW = "The current node timed out during startup. This could happen because of much."


@pytest.fixture
def starts(monkeypatch):
    """Let Ray fail with these errors, one per start, and then succeed; returns the starts."""
    made = []

    def prepare(*errors):
        left = list(errors)

        def init(**options):
            made.append(options)
            if left:
                raise left.pop(0)

        monkeypatch.setattr(ray, "init", init)
        monkeypatch.setattr(ray, "shutdown", lambda: None)
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        return made

    return prepare


def test_a_slow_start_is_tried_again(starts):
    made = starts(Exception(SLOW), Exception(SLOW))
    with connected(1):
        assert len(made) == 3
    assert made[0] == made[1] == made[2]


def test_after_three_attempts_the_user_reads_what_to_do(starts):
    made = starts(*[Exception(SLOW)] * 9)
    said = r"did not start .* in 3 attempts: .* less busy"
    with pytest.raises(UserError, match=said) as error, connected(1):
        pass
    assert len(str(error.value).splitlines()) == 1
    assert len(made) == 3


def test_another_fault_is_not_hidden(starts):
    made = starts(KeyError("a bug"))
    with pytest.raises(KeyError, match="a bug"), connected(1):
        pass
    assert len(made) == 1
