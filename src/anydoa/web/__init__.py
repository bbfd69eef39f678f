"""A small web page and a WebSocket: live directions, and recordings located on demand."""
