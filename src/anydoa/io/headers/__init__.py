"""What sound files say of themselves, one kind a file: where samples begin, how many, in which order."""
