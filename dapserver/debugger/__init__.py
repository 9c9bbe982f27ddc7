"""Traced processes and their threads: what is wanted of them and what they are.

Knows neither DAP nor asyncio: `Tracer.wake` takes in what the kernel has to say and returns what
happened, as the values of `debugger.events`.
"""
