"""Scheduling periodic tasks on one processor: environment, classical schedulers, exact optimum.

`gymnasium.make("rlsys_rtos:rlsys/Rtos-v0")` imports this package, and expects that it
registers its environment. So importing it, or any module in it, imports Gymnasium. Every `rlsys`
command imports only `rlsys_rtos_plugin`, which lies beside this package and is light.
"""

from rlsys_rtos.registration import register

register()
