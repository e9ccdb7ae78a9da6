"""The server: composes kernel, features and schema into one ASGI application."""
