"""What an exporter must do: the conformance class and one network of every kind."""
