"""Mobile edge computing: flat and hierarchical multi-agent offloading, baselines, reference.

`gymnasium.make("rlsys_mec:rlsys/Mec-v0")` imports this package, and expects that it
registers its environment. So importing it, or any module in it, imports Gymnasium. Every `rlsys`
command imports only `rlsys_mec_plugin`, which lies beside this package and is light.
"""

from rlsys_mec.registration import register

register()
