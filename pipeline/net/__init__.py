"""Shared servers and clients: HTTP, gRPC, TLS, authentication, compression."""
