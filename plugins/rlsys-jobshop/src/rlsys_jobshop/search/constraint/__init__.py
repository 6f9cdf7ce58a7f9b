"""OR-Tools' CP-SAT on the whole problem. Other rooms come in through `rlsys_jobshop.search`.

`cp_sat` imports OR-Tools when it is called; the other modules import it at once.
"""
