"""Descriptions check what a plugin author can get wrong."""

from __future__ import annotations

import dataclasses
import warnings

import pytest

from rlsys.descriptors import Requirement


def test_a_requirement_says_what_fixes_it():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        need = Requirement(name="optuna", fix="pip install optuna")
    assert need.fix == "pip install optuna"
    assert "mend" not in {field.name for field in dataclasses.fields(need)}


def test_the_old_keyword_is_accepted_with_a_warning():
    with pytest.warns(DeprecationWarning, match="`mend` is now called `fix`") as caught:
        need = Requirement(name="optuna", mend="pip install optuna")
    assert need == Requirement(name="optuna", fix="pip install optuna")
    assert caught[0].filename == __file__


def test_a_requirement_without_either_is_refused():
    with pytest.raises(ValueError, match="'optuna': give `fix`"):
        Requirement(name="optuna")
