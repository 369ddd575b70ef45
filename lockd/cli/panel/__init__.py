"""The full-screen panel of a simulated lock: a D-Bus client like any other."""
