"""The one internal form in which the dialects of callers and the APIs of providers meet.

A dialect reads a caller's request into a `Chat`, and writes an `Answer`, or the events of a stream, as its caller knows
them. A provider writes a `Chat` as its API wants it, and reads its answers and streams into the same. So each of them
is written once, and not once for each of the others. Where both sides speak the same language none of this is used:
bytes pass through.

Nothing here knows a wire. All of it is values; what is in them is in the caller's words, checked by its schema only.
"""
