"""Array files of other programs and our own, one format a file; `anydoa.io.array_file` chooses among them."""
