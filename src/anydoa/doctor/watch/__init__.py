"""What is wrong with a sound before anybody asks where it comes from; a line each, said once."""
