"""Files of instances and schedules. Others in the plugin import from here only."""

from rlsys_jobshop.formats.instances import FORMATS, Format, read_instance, write_instance
from rlsys_jobshop.formats.schedules import read_schedule, schedule_document, write_schedule

__all__ = [
    "FORMATS",
    "Format",
    "read_instance",
    "read_schedule",
    "schedule_document",
    "write_instance",
    "write_schedule",
]
