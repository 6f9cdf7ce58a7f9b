"""One file a built-in command, named for it; each is imported when it is used."""
