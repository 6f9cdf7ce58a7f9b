"""The learners: ordinary trainings of rlsys whose steps come from the server's front."""
