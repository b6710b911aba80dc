"""The standard set of measurements, and those too long for it: peers, many connections, memory over a million requests.

Each writes its part of perf/REPORT.md; what stands between the parts is written by hand and stays.
"""
