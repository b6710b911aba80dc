"""How the simulated upstream says the same words in each API. Sources stand with the providers that speak it."""
