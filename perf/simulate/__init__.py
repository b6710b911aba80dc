"""An upstream that is fast enough not to be what is measured, and as slow and as faulty as it is told to be."""
