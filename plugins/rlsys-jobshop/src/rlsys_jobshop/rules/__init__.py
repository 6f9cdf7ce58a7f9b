"""Classical dispatching rules: the baselines of the environment and the commands' ``--rule``."""

from rlsys_jobshop.rules.rule import RULES, Rule, dispatch, rule_named

__all__ = ["RULES", "Rule", "dispatch", "rule_named"]
