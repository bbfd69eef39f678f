"""Array files of other programs and our own, one suffix a file; `anydoa.io.array_file` chooses among them."""
