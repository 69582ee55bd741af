"""What a log line is: the bytes of an object in, tables of events, rejects and counts out."""
