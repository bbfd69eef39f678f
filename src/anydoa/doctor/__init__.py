"""What is wrong with an array and its channels, heard in a recording."""
