"""The APIs that callers speak: what they ask as one form, and what is answered as they know it. Pure translation."""
