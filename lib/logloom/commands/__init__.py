"""The commands of `logloom`, a module each, so that one is imported only when it is called."""
