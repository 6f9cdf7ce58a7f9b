"""One file per built-in command, with the command's name; imported only when it is used."""
