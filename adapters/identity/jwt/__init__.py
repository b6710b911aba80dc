"""Signed tokens: the gateway's own, which stand for API keys, and those of identity providers (OIDC).

`tokens` joins the parts. It loads joserfc, and is imported only where tokens are configured.
"""
