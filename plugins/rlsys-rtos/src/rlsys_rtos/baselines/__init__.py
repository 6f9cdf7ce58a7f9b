"""The classical schedulers that a learned one has to beat; each is a batched controller.

They know what a real scheduler knows: the tasks, and the deadline and executed ticks of every ready
job, but not the actual execution time of a job. Ties go to the task last dispatched, which saves a
context switch, and then to the lowest index. Idle is the action M, one past the last task.
"""
