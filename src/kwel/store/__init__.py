"""Windows in, files that survive a power cut out; and the windows of a span of time back again."""
