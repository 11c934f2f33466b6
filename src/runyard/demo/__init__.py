"""A workspace full of made-up work, for looking around, for screenshots and for tests: `runyard demo data`.

plan.py says what there is to be (pure data), experiments/ plan one experiment each, writing.py sends it through the API.
The same seed plans the same; only times follow the clock.
"""
