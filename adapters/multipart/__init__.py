"""Forms with files: ``multipart/form-data`` (RFC 7578), read and written, and where the files are kept meanwhile."""
